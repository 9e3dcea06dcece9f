"""Roles compared by what they allow; checked against brute force."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.grants import RULES, Rule
from shared.permissions import (
    Permissions,
    RoleDefinition,
    at_least,
    covers,
    lacking,
    overlap,
)
from tests.unit.role_definitions import BUILT_IN, allowed, matches, role

# --- one role compared with another ---------------------------------------------------------------


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


# --- what a role lacks ----------------------------------------------------------------------------


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


# --- digest ---------------------------------------------------------------------------------------


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
