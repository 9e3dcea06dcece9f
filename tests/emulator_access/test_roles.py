"""What roles allow, and which built-in roles there are."""

import uuid

import pytest

from infra.emulator import scopes
from infra.emulator.roles import Permission, RoleDefinition, built_in_roles

ROLES = {role.role_name: role for role in built_in_roles()}
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"


@pytest.mark.parametrize(
    ("role", "action", "granted"),
    [
        ("Owner", ASSIGN, True),
        ("Contributor", ASSIGN, False),
        ("Contributor", JOIN, True),
        ("Reader", "Microsoft.Network/virtualNetworks/read", True),
        ("Reader", JOIN, False),
        ("Network Contributor", JOIN, True),
        ("Network Contributor", JOIN.upper(), True),
        ("Network Contributor", "Microsoft.Compute/disks/write", False),
        ("Role Based Access Control Administrator", ASSIGN, True),
        (
            "Role Based Access Control Administrator",
            "Microsoft.ContainerService/managedClusters/write",
            False,
        ),
        ("AcrPull", PULL, True),
        (
            "Managed Identity Operator",
            "Microsoft.ManagedIdentity/userAssignedIdentities/a/assign/action",
            True,
        ),
    ],
)
def test_a_built_in_role_grants_what_azure_says(role: str, action: str, granted: bool) -> None:
    assert ROLES[role].grants(action) is granted


def test_actions_give_no_data_actions_and_the_reverse() -> None:
    secret = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
    assert not ROLES["Owner"].grants(secret, data_action=True)
    assert ROLES["Key Vault Secrets User"].grants(secret, data_action=True)
    assert not ROLES["Key Vault Secrets User"].grants(secret)


def test_not_actions_take_away_only_within_their_own_block() -> None:
    since = ROLES["Owner"].created_on
    blocks = (Permission(("*",), not_actions=("a/write",)), Permission(("a/write",)))
    role = RoleDefinition("g", "n", "CustomRole", "", blocks, ("/",), since, since)
    assert not Permission(("*",), not_actions=("a/write",)).covers("a/write")
    assert role.grants("a/write")


@pytest.mark.parametrize(
    ("role", "guid"),
    [
        ("Network Contributor", "4d97b98b-1d4f-4787-a291-c67834d212e7"),
        ("Managed Identity Operator", "f1a07417-d97a-45cb-824c-7a7467783830"),
        ("Managed Identity Contributor", "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59"),
        ("AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d"),
        ("Container Registry Repository Reader", "b93aa761-3e63-49ed-ac28-beffa264f7ac"),
        ("Container Registry Repository Catalog Lister", "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7"),
        ("Private DNS Zone Contributor", "b12aa53e-6015-4669-85d0-8515ebb3ae7f"),
        ("DNS Zone Contributor", "befefa01-2a29-4197-83a8-272ff33ce314"),
        ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
        ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
        ("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6"),
        ("Key Vault Certificate User", "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba"),
        ("Key Vault Crypto User", "12338af0-0e69-4776-bea7-57ae8d297424"),
        ("Key Vault Contributor", "f25e0fa2-a7c8-4377-a976-54943a77a395"),
        ("Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6"),
        ("Virtual Machine Contributor", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
        ("Storage Account Contributor", "17d1049b-9a84-46fb-8f53-869881c3d3ab"),
        ("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
        ("Storage File Data SMB MI Admin", "a235d3ee-5935-4cfb-8cc5-a3303ad5995e"),
        ("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb"),
        ("Azure Kubernetes Service RBAC Cluster Admin", "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"),
        ("Role Based Access Control Administrator", "f58310d9-a9f6-439a-9e8d-f62e7b41a168"),
        ("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
        ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
        ("Azure Container Storage Operator", "08d4c71a-cc63-4ce4-a9c8-5dd251b4d619"),
    ],
)
def test_every_role_a_cluster_may_need_has_azures_guid_and_allows_something(
    role: str, guid: str
) -> None:
    (block,) = ROLES[role].permissions
    assert ROLES[role].guid == guid
    assert block.actions or block.data_actions


def test_built_in_roles_have_distinct_guids_and_names() -> None:
    assert len({str(uuid.UUID(role.guid)) for role in ROLES.values()}) == len(built_in_roles())


@pytest.mark.parametrize(
    ("outer", "inner", "inside"),
    [
        ("/", "/subscriptions/s", True),
        (
            "/subscriptions/s/resourceGroups/a",
            "/SUBSCRIPTIONS/S/resourcegroups/A/providers/x",
            True,
        ),
        ("/subscriptions/s/resourceGroups/a", "/subscriptions/s/resourceGroups/ab", False),
        ("/subscriptions/s/resourceGroups/a", "/subscriptions/s", False),
    ],
)
def test_scopes_contain_each_other_by_whole_segments(outer: str, inner: str, inside: bool) -> None:
    assert scopes.contains(outer, inner) is inside
