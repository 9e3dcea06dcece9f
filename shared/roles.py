"""Azure's roles by the name people know them by, and those that are never granted."""

from shared.resource_id import InvalidId, guid

# Built-in roles by name. GUIDs: learn.microsoft.com/azure/role-based-access-control/built-in-roles.
BUILT_IN_ROLES = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "Container Registry Repository Reader": "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    "DNS Zone Contributor": "befefa01-2a29-4197-83a8-272ff33ce314",
    "Disk Encryption Set Operator for Managed Disks": "136d308c-0937-4a49-9bd7-edfb42adbffc",
    "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
    "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Storage Account Contributor": "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage File Data SMB Share Contributor": "0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb",
    "Virtual Machine Contributor": "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
}
NETWORK_CONTRIBUTOR = BUILT_IN_ROLES["Network Contributor"]
ACR_PULL = BUILT_IN_ROLES["AcrPull"]

# Roles that can write role assignments or do everything: never grantable, whatever a policy says.
_NEVER = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
}


class NotGrantable(ValueError):
    """The text is no role that a policy may name; the message says why."""


def role_guid(name: str) -> str:
    """The GUID of a role given by built-in name or by GUID. Raises `NotGrantable`."""
    if name in BUILT_IN_ROLES:
        return BUILT_IN_ROLES[name]
    try:
        found = _NEVER.get(name) or guid(name, "role")
    except InvalidId:
        names = ", ".join(BUILT_IN_ROLES)
        raise NotGrantable(f"role {name!r}: neither a GUID nor one of {names}") from None
    for known, never in _NEVER.items():
        if found == never:
            raise NotGrantable(f"role {known!r}: can grant itself more; never grantable")
    return found


def role_name(role: str) -> str:
    """The name people know a role by; the GUID itself when it is not one of ours."""
    return next((name for name, known in BUILT_IN_ROLES.items() if known == role), role)
