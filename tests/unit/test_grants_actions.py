"""What each inferred grant is for: the actions any role in its place has to allow."""

import pytest

from shared.grants import RULES, Rule, needed
from shared.permissions import Permissions
from shared.roles import BUILT_IN_ROLES, DATA_ACTIONS, NEVER_GRANTABLE
from tests.unit.nouns import grant

JOINS_SUBNET = ("virtualNetworks/subnets/join/action", "virtualNetworks/subnets/read")
NETWORK_ACTIONS = {
    "nodeSubnets": JOINS_SUBNET,
    "podSubnets": JOINS_SUBNET,
    "apiServerSubnet": JOINS_SUBNET,
    "hostedSystemSubnets": JOINS_SUBNET,
    "gatewaySubnets": JOINS_SUBNET,
    "virtualNodeSubnet": JOINS_SUBNET,
    "routeTables": ("routeTables/routes/read", "routeTables/routes/write"),
    "networkSecurityGroups": ("networkSecurityGroups/read", "networkSecurityGroups/write"),
    "outboundIPs": ("publicIPAddresses/join/action", "publicIPAddresses/read"),
    "outboundIPPrefixes": ("publicIPPrefixes/join/action",),
    "nodePublicIPPrefixes": ("publicIPPrefixes/join/action",),
    "gateways": ("applicationGateways/read", "applicationGateways/write"),
}
ACTIONS = {
    **{
        rule: tuple(f"Microsoft.Network/{action}" for action in actions)
        for rule, actions in NETWORK_ACTIONS.items()
    },
    "diskEncryptionSet": ("Microsoft.Compute/diskEncryptionSets/read",),
    "kubeletIdentity": ("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",),
    "gatewayGroups": ("Microsoft.Resources/subscriptions/resourceGroups/read",),
}
ON_DATA = {
    "keyVaultKeys": (
        "Microsoft.KeyVault/vaults/keys/encrypt/action",
        "Microsoft.KeyVault/vaults/keys/decrypt/action",
    ),
    "legacyMonitoring": ("Microsoft.Insights/Metrics/Write",),
}


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_a_grant_is_for_these_actions(rule: Rule) -> None:
    expected = Permissions(ACTIONS.get(rule.name, ()), (), ON_DATA.get(rule.name, ()))
    assert needed(grant(rule=rule.name)) == expected


def test_of_a_grant_that_no_rule_has_found_no_action_is_known() -> None:
    assert needed(grant(rule="")) == Permissions()


def test_the_tables_name_no_rule_that_there_is_not() -> None:
    assert {*ACTIONS, *ON_DATA} <= {rule.name for rule in RULES}


def test_the_usual_role_is_known_and_its_data_actions_cover_what_is_needed() -> None:
    known = {*BUILT_IN_ROLES.values(), *NEVER_GRANTABLE.values()}
    for rule in RULES:
        assert rule.role in known
        assert set(rule.actions.data_actions) <= set(DATA_ACTIONS.get(rule.role, ()))
