"""Roles compared by what they allow, and the dangerous ones told; checked against brute force."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.emulator.roles import built_in_roles
from shared.grants import RULES, Rule
from shared.permissions import (
    Permissions,
    RoleDefinition,
    at_least,
    covers,
    danger,
    lacking,
    overlap,
)
from shared.roles import BUILT_IN_ROLES, DATA_ACTIONS

BUILT_IN = {
    each.role_name: RoleDefinition(
        each.guid,
        each.role_name,
        custom=False,
        permissions=tuple(
            Permissions(p.actions, p.not_actions, p.data_actions, p.not_data_actions)
            for p in each.permissions
        ),
    )
    for each in built_in_roles()
}


def role(*blocks: Permissions, name: str = "a role") -> RoleDefinition:
    return RoleDefinition("a0a0a0a0-0000-4000-8000-000000000001", name, True, blocks)


def matches(pattern: str, action: str) -> bool:
    """Written another way than the product's: by regular expression."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE))


def allowed(definition: RoleDefinition, action: str) -> bool:
    return any(
        any(matches(given, action) for given in block.actions)
        and not any(matches(taken, action) for taken in block.not_actions)
        for block in definition.permissions
    )


# --- one role compared with another --------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "needed"),
    [
        ("Owner", "Contributor"),
        ("Owner", "User Access Administrator"),
        ("Contributor", "Network Contributor"),
        ("Contributor", "Private DNS Zone Contributor"),
        ("Contributor", "Reader"),
        ("Network Contributor", "Network Contributor"),
        ("AcrPush", "AcrPull"),
        ("Reader", "AcrPull"),  # its one action is a read
    ],
)
def test_the_stronger_role_is_at_least_the_weaker(held: str, needed: str) -> None:
    assert at_least(BUILT_IN[held], BUILT_IN[needed])


@pytest.mark.parametrize(
    ("held", "needed"),
    [
        ("Contributor", "Owner"),
        ("Network Contributor", "Contributor"),
        ("Reader", "Network Contributor"),
        ("Reader", "AcrPush"),
        ("AcrPull", "AcrPush"),
    ],
)
def test_the_weaker_role_is_not_at_least_the_stronger(held: str, needed: str) -> None:
    assert not at_least(BUILT_IN[held], BUILT_IN[needed])


def test_all_of_the_control_plane_holds_none_of_the_data_plane() -> None:
    needed = role(Permissions(data_actions=("Microsoft.Storage/x/read",)))
    assert not at_least(BUILT_IN["Owner"], needed)
    assert at_least(role(Permissions(data_actions=("*",))), needed)


def test_what_one_block_takes_away_another_still_gives() -> None:
    needed = role(Permissions(("A/x/read", "A/x/write")))
    reads = Permissions(("A/*",), not_actions=("A/*/write",))
    assert not at_least(role(reads), needed)
    assert at_least(role(reads, Permissions(("*/write",))), needed)


def test_what_the_needed_role_does_not_want_need_not_be_held() -> None:
    needed = role(Permissions(("A/*",), not_actions=("A/*/delete",)))
    assert at_least(role(Permissions(("*",), not_actions=("A/x/delete",))), needed)
    assert not at_least(role(Permissions(("*",), not_actions=("A/x/*",))), needed)


def test_every_built_in_role_is_at_least_itself() -> None:
    assert [name for name, each in BUILT_IN.items() if not at_least(each, each)] == []


# Few letters, so that patterns meet; `c` is in no pattern but may be in an action.
TEXTS = st.text("ab*", max_size=4)
LISTS = st.lists(TEXTS, max_size=2).map(tuple)
ROLES = st.lists(st.builds(Permissions, LISTS, LISTS), max_size=2).map(lambda b: role(*b))
ACTIONS = ["".join(word) for n in range(6) for word in itertools.product("abc", repeat=n)]


@given(ROLES, ROLES)
def test_at_least_means_that_no_action_is_missing(
    held: RoleDefinition, needed: RoleDefinition
) -> None:
    if at_least(held, needed):
        missing = [a for a in ACTIONS if allowed(needed, a) and not allowed(held, a)]
        assert missing == []


@given(ROLES)
def test_a_role_is_at_least_itself(definition: RoleDefinition) -> None:
    assert at_least(definition, definition)


@given(TEXTS, TEXTS)
def test_a_pattern_covers_another_exactly_when_no_action_tells_them_apart(
    wide: str, narrow: str
) -> None:
    missed = [a for a in ACTIONS if matches(narrow, a) and not matches(wide, a)]
    assert covers(wide, narrow) == (missed == [])


@given(TEXTS, TEXTS)
def test_patterns_overlap_exactly_when_some_action_matches_both(one: str, other: str) -> None:
    # Long enough for the text between two wildcards of each.
    both = [a for a in ACTIONS if matches(one, a) and matches(other, a)]
    assert overlap(one, other) == overlap(other, one)
    assert overlap(one, other) or not both
    if overlap(one, other) and len(one.replace("*", "") + other.replace("*", "")) <= 5:
        assert both


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("ab*ba", "aba", False),
        ("a*c*c", "a/c", False),
        ("a*a*c", "abc", False),
        ("a*b*b*c", "aabc", False),
        ("a*b*b*c", "abxbc", True),
        ("a*b*b*c", "abbc", True),
    ],
)
def test_every_part_of_a_pattern_needs_a_place_of_its_own(
    wide: str, narrow: str, expected: bool
) -> None:
    assert covers(wide, narrow) is expected


def test_only_the_outermost_parts_of_two_patterns_with_wildcards_can_differ() -> None:
    assert overlap("a*b*c", "ax*c") and overlap("ax*c", "a*b*c")
    assert overlap("a*b*c", "a*xc") and overlap("a*xc", "a*b*c")
    assert not overlap("a*b*c", "b*c") and not overlap("a*b*c", "a*b")


def test_case_does_not_matter() -> None:
    assert covers("MICROSOFT.network/*", "Microsoft.Network/virtualNetworks/READ")
    assert overlap("MICROSOFT.network/*", "*/READ")


def test_many_wildcards_are_no_burden() -> None:
    wide, narrow = "*a" * 500 + "b", "a" * 20_000
    assert not covers(wide, narrow)


# --- digest --------------------------------------------------------------------------------------


def test_a_digest_is_of_what_the_role_may_do_however_it_is_written() -> None:
    one = role(Permissions(("A/read", "B/read"), data_actions=("C",)), Permissions(("D",)))
    other = role(Permissions(("d",)), Permissions(("b/READ", "a/read"), (), ("c",)), name="other")
    assert one.digest == other.digest
    assert re.fullmatch("[0-9a-f]{64}", one.digest)


@pytest.mark.parametrize(
    "changed",
    [
        Permissions(("A/read",)),
        Permissions(("A/read", "A/write"), ("A/write",)),
        Permissions(("A/read",), (), ("A/write",)),
        Permissions(("A/read",), (), (), ("A/write",)),
        Permissions((), ("A/read", "A/write")),
        Permissions(("A/readA/write",)),
    ],
)
def test_a_role_that_may_do_something_else_has_another_digest(changed: Permissions) -> None:
    assert role(changed).digest != role(Permissions(("A/read", "A/write"))).digest


# --- danger --------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_usual_role_of_a_rule_allows_what_the_rule_is_for(rule: Rule) -> None:
    usual = next(role for role in BUILT_IN.values() if role.role == rule.role)
    assert lacking(usual, rule.actions) == ""


@pytest.mark.parametrize(
    ("block", "lacks"),
    [
        (Permissions(("A.B/c/read", "A.B/c/join/action")), ""),
        (Permissions(("a.b/C/*",)), ""),
        (Permissions(("*",)), ""),
        (Permissions(("A.B/c/read",)), "A.B/c/join/action"),
        (Permissions(("*",), ("A.B/c/join/*",)), "A.B/c/join/action"),
        (Permissions(("*/read",)), "A.B/c/join/action"),
        (Permissions(data_actions=("*",)), "A.B/c/read"),
        (Permissions(("A.B/c/read", "A.B/c/*/join/action")), ""),
        (Permissions(), "A.B/c/read"),
    ],
)
def test_the_first_action_that_a_role_lacks_is_named(block: Permissions, lacks: str) -> None:
    assert lacking(role(block), Permissions(("A.B/c/read", "A.B/c/join/action"))) == lacks


def test_what_one_block_takes_away_another_may_still_give() -> None:
    taken = Permissions(("*",), ("A.B/c/read",))
    assert lacking(role(taken), Permissions(("A.B/c/read",))) == "A.B/c/read"
    assert lacking(role(taken, Permissions(("A.B/c/read",))), Permissions(("A.B/c/read",))) == ""


def test_an_action_is_no_data_action() -> None:
    needed = Permissions(data_actions=("A.B/c/read",))
    assert lacking(role(Permissions(("*",))), needed) == "A.B/c/read"
    assert lacking(role(Permissions(data_actions=("A.B/*",))), needed) == ""
