"""Roles that must never be granted are told, and why; checked against brute force."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.permissions import Permissions, danger
from shared.roles import BUILT_IN_ROLES, DATA_ACTIONS
from tests.unit.role_definitions import BUILT_IN, allowed, matches, role


@pytest.mark.parametrize(
    "action",
    [
        "*",
        "*/write",
        "*/action",
        "*/delete",
        "Microsoft.*/write",
        "Microsoft.Authorization/*",
        "microsoft.authorization/ROLEASSIGNMENTS/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "Microsoft.Authorization/roleDefinitions/*",
        "Microsoft.Authorization/policyAssignments/write",
        "Microsoft.Authorization/elevateAccess/Action",
        "Microsoft.Authorization/*/assignments/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*",
    ],
)
def test_a_role_that_can_grant_itself_more_is_dangerous_and_the_action_is_named(
    action: str,
) -> None:
    assert repr(action) in danger(role(Permissions(("A/read", action))), ())


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("*/write", "reaches namespaces by a wildcard"),
        ("Microsoft.*/x/write", "reaches namespaces by a wildcard"),
        ("Microsoft.Authorization/locks/write", "can change who may do what"),
        ("Microsoft.ManagedIdentity/*", "can federate identities"),
    ],
)
def test_a_danger_is_told_in_a_sentence(action: str, why: str) -> None:
    assert danger(role(Permissions((action,))), ()) == f"action {action!r} {why}"


@pytest.mark.parametrize(
    "action",
    [
        "*/read",
        "Microsoft.Authorization/*/read",
        "Microsoft.Network/*",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        "Microsoft.Resources/deployments/*",
    ],
)
def test_what_grants_nothing_is_not_dangerous(action: str) -> None:
    assert danger(role(Permissions((action,))), ()) == ""


def test_no_exception_makes_everything_harmless() -> None:
    assert danger(BUILT_IN["Contributor"], ())
    spared = Permissions(("Microsoft.Authorization/*",), ("Microsoft.Authorization/*/write",))
    assert danger(role(spared), ())


def test_federation_may_be_taken_away() -> None:
    identities = "Microsoft.ManagedIdentity/userAssignedIdentities/"
    spared = Permissions((f"{identities}*",), (f"{identities}federatedIdentityCredentials/*",))
    assert danger(role(spared), ()) == ""


def test_data_actions_must_be_declared() -> None:
    reads = role(Permissions(data_actions=("Microsoft.KeyVault/vaults/secrets/getSecret/action",)))
    assert "getSecret" in danger(reads, ())
    assert danger(reads, ("microsoft.keyvault/vaults/secrets/*",)) == ""
    assert "'*'" in danger(role(Permissions(data_actions=("*",))), ("Microsoft.KeyVault/*",))


@pytest.mark.parametrize("name", ["Owner", "Contributor", "User Access Administrator"])
def test_the_roles_that_are_never_granted_are_dangerous(name: str) -> None:
    assert danger(BUILT_IN[name], ("*",))


@pytest.mark.parametrize("name", sorted(BUILT_IN_ROLES))
def test_the_roles_that_are_granted_are_not_dangerous(name: str) -> None:
    definition = BUILT_IN[name]
    assert danger(definition, DATA_ACTIONS.get(definition.role, ())) == ""


def test_a_contributor_of_identities_can_federate_them() -> None:
    definition = BUILT_IN["Managed Identity Contributor"]
    assert "federatedIdentityCredentials/write" in danger(definition, ())


DANGEROUS = [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleAssignments/delete",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/policyAssignments/write",
    "Microsoft.Authorization/elevateAccess/action",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
]


@st.composite
def blurred(draw: st.DrawFn, actions: list[str]) -> str:
    """An action with stretches of it replaced by wildcards, or left alone."""
    text = draw(st.sampled_from(actions))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, len(text)))
        text = f"{text[:start]}*{text[end:]}"
    return draw(st.sampled_from([text, text.upper()]))


BLURRED = st.lists(blurred(DANGEROUS), max_size=2).map(tuple)


@given(st.lists(st.builds(Permissions, BLURRED, BLURRED), max_size=2))
def test_no_dangerous_action_is_missed(blocks: list[Permissions]) -> None:
    definition = role(*blocks)
    if any(allowed(definition, action) for action in DANGEROUS):
        assert danger(definition, ())


SECRETS = [f"Microsoft.KeyVault/vaults/{x}/action" for x in ("secrets/get", "secrets/set", "keys")]
PATTERNS = st.lists(blurred(SECRETS), max_size=2).map(tuple)


@given(PATTERNS, PATTERNS, PATTERNS)
def test_no_undeclared_data_action_is_missed(
    given_away: tuple[str, ...], taken: tuple[str, ...], declared: tuple[str, ...]
) -> None:
    definition = role(Permissions((), (), given_away, taken))
    as_actions = role(Permissions(given_away, taken))
    undeclared = [a for a in SECRETS if not any(matches(p, a) for p in declared)]
    if any(allowed(as_actions, action) for action in undeclared):
        assert danger(definition, declared)
