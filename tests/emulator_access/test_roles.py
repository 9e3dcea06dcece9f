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
