"""Azure's roles by the name people know them by, and those that are never granted.

GUIDs and data actions: learn.microsoft.com/azure/role-based-access-control/built-in-roles.
"""

from shared.resource_id import InvalidId, guid

# Those that cluster identities are given. Azure Kubernetes Service RBAC Cluster Admin is left out
# on purpose: no identity of a cluster needs to rule a cluster from outside.
BUILT_IN_ROLES = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "Azure Container Storage Operator": "08d4c71a-cc63-4ce4-a9c8-5dd251b4d619",
    "Container Registry Repository Catalog Lister": "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7",
    "Container Registry Repository Reader": "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    "DNS Zone Contributor": "befefa01-2a29-4197-83a8-272ff33ce314",
    "Disk Encryption Set Operator for Managed Disks": "136d308c-0937-4a49-9bd7-edfb42adbffc",
    "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
    "Key Vault Contributor": "f25e0fa2-a7c8-4377-a976-54943a77a395",
    "Key Vault Crypto Service Encryption User": "e147488a-f6f5-4113-8e2d-b22465e65bf6",
    "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Storage Account Contributor": "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage File Data SMB MI Admin": "a235d3ee-5935-4cfb-8cc5-a3303ad5995e",
    "Storage File Data SMB Share Contributor": "0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb",
    "Virtual Machine Contributor": "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
}

# Roles that can write role assignments or do everything: never grantable, whatever a policy says.
NEVER_GRANTABLE = {
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
}

ACR_PULL = BUILT_IN_ROLES["AcrPull"]
CONTRIBUTOR = NEVER_GRANTABLE["Contributor"]
DNS_ZONE_CONTRIBUTOR = BUILT_IN_ROLES["DNS Zone Contributor"]
KEY_VAULT_CONTRIBUTOR = BUILT_IN_ROLES["Key Vault Contributor"]
KEY_VAULT_CRYPTO_USER = BUILT_IN_ROLES["Key Vault Crypto User"]
MANAGED_IDENTITY_OPERATOR = BUILT_IN_ROLES["Managed Identity Operator"]
MONITORING_METRICS_PUBLISHER = BUILT_IN_ROLES["Monitoring Metrics Publisher"]
NETWORK_CONTRIBUTOR = BUILT_IN_ROLES["Network Contributor"]
PRIVATE_DNS_ZONE_CONTRIBUTOR = BUILT_IN_ROLES["Private DNS Zone Contributor"]
READER = BUILT_IN_ROLES["Reader"]
REPOSITORY_READER = BUILT_IN_ROLES["Container Registry Repository Reader"]

_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_FILE_SERVICES = "Microsoft.Storage/storageAccounts/fileServices"
_FILES = f"{_FILE_SERVICES}/fileshares/files"
_REPOSITORIES = "Microsoft.ContainerRegistry/registries/repositories"
_VAULTS = "Microsoft.KeyVault/vaults"

_DATA_ACTIONS_BY_NAME: dict[str, tuple[str, ...]] = {
    "Container Registry Repository Catalog Lister": (
        "Microsoft.ContainerRegistry/registries/catalog/read",
    ),
    "Container Registry Repository Reader": (
        f"{_REPOSITORIES}/content/read",
        f"{_REPOSITORIES}/metadata/read",
    ),
    "Key Vault Certificate User": (
        f"{_VAULTS}/certificates/read",
        f"{_VAULTS}/keys/read",
        f"{_VAULTS}/secrets/getSecret/action",
        f"{_VAULTS}/secrets/readMetadata/action",
    ),
    "Key Vault Crypto Service Encryption User": (
        f"{_VAULTS}/keys/read",
        f"{_VAULTS}/keys/unwrap/action",
        f"{_VAULTS}/keys/wrap/action",
    ),
    "Key Vault Crypto User": (
        f"{_VAULTS}/keys/backup/action",
        f"{_VAULTS}/keys/decrypt/action",
        f"{_VAULTS}/keys/encrypt/action",
        f"{_VAULTS}/keys/read",
        f"{_VAULTS}/keys/sign/action",
        f"{_VAULTS}/keys/unwrap/action",
        f"{_VAULTS}/keys/update/action",
        f"{_VAULTS}/keys/verify/action",
        f"{_VAULTS}/keys/wrap/action",
    ),
    "Key Vault Secrets User": (
        f"{_VAULTS}/secrets/getSecret/action",
        f"{_VAULTS}/secrets/readMetadata/action",
    ),
    "Monitoring Metrics Publisher": (
        "Microsoft.Insights/Metrics/Write",
        "Microsoft.Insights/Telemetry/Write",
    ),
    "Storage Blob Data Contributor": (
        f"{_BLOBS}/add/action",
        f"{_BLOBS}/delete",
        f"{_BLOBS}/move/action",
        f"{_BLOBS}/read",
        f"{_BLOBS}/write",
    ),
    "Storage File Data SMB MI Admin": (
        f"{_FILES}/delete",
        f"{_FILES}/modifypermissions/action",
        f"{_FILES}/read",
        f"{_FILES}/write",
        f"{_FILE_SERVICES}/readFileBackupSemantics/action",
        f"{_FILE_SERVICES}/takeOwnership/action",
        f"{_FILE_SERVICES}/writeFileBackupSemantics/action",
    ),
    "Storage File Data SMB Share Contributor": (
        f"{_FILES}/delete",
        f"{_FILES}/read",
        f"{_FILES}/write",
    ),
}

# By GUID: the data actions that built-in roles are known to have. One with others is not granted.
DATA_ACTIONS = {BUILT_IN_ROLES[name]: actions for name, actions in _DATA_ACTIONS_BY_NAME.items()}

_NAMES = {role: name for name, role in (BUILT_IN_ROLES | NEVER_GRANTABLE).items()}


class NotGrantable(ValueError):
    """The text is no role that a policy may name; the message says why."""


def role_guid(name: str) -> str:
    """The GUID of a role given by built-in name or by GUID. Raises `NotGrantable`."""
    if name in BUILT_IN_ROLES:
        return BUILT_IN_ROLES[name]
    try:
        found = NEVER_GRANTABLE.get(name) or guid(name, "role")
    except InvalidId:
        raise NotGrantable(f"role {name!r} is neither a GUID nor a known built-in role") from None
    if found in NEVER_GRANTABLE.values():
        raise NotGrantable(f"role {_NAMES[found]!r} can grant itself more; it is never grantable")
    return found


def role_name(role: str) -> str:
    """The name people know a role (GUID) by; the GUID itself when it is not one of ours."""
    return _NAMES.get(role, role)
