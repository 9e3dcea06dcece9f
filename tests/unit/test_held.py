"""What others granted counts: at wider scopes, by stronger roles, and what policy refuses us."""

from datetime import datetime
from typing import Any

import pytest

from shared.decide import widest
from shared.model import Assignment, Progress
from shared.policy import Looks, Propagation
from shared.progress import due, follow, late, look, to_read, to_write
from shared.roles import BUILT_IN_ROLES, CONTRIBUTOR, NETWORK_CONTRIBUTOR, READER
from shared.wanted import assignment_name, remedy
from tests.unit.nouns import (
    KUBELET_PRINCIPAL,
    NOW,
    PRINCIPAL,
    SUB,
    SUBNET,
    at,
    grant,
    progress,
)

READ = Propagation()
LOOKS = Looks()
NETWORK = SUBNET.rpartition("/subnets/")[0]
GROUP = SUBNET.partition("/providers/")[0]
ROOT = "/providers/Microsoft.Management/managementGroups/root"
CONDITION = "@Resource[Microsoft.Network/virtualNetworks:name] StringEquals 'v'"
STRONGER = frozenset({(CONTRIBUTOR, NETWORK_CONTRIBUTOR)})


def held(scope: str = SUBNET, role: str = NETWORK_CONTRIBUTOR, **changes: Any) -> Assignment:
    return Assignment(**{"id": "/other", "principal_id": PRINCIPAL, "role": role, "scope": scope,
                         **changes})  # fmt: skip


def looks(seen: Progress, *there: Assignment, count: int = 3, after: int = 0) -> Progress:
    """So many looks that find these, a minute apart; a role of Contributor is the stronger."""
    for minute in range(after + 1, after + count + 1):
        seen = look(seen, there, READ, at(minutes=minute), STRONGER)
    return seen


def refused(why: str = "ScopeNotAllowed", **changes: Any) -> Progress:
    return progress(grant=grant(refused=why, **changes))


# --- inherited and stronger ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "held_as"),
    [
        (held(), ""),
        (held(SUBNET.upper()), ""),
        (held(NETWORK), f"Network Contributor at {NETWORK}"),
        (held(GROUP.lower()), f"Network Contributor at {GROUP.lower()}"),
        (held(f"/subscriptions/{SUB}"), f"Network Contributor at /subscriptions/{SUB}"),
        (held(ROOT), f"Network Contributor at {ROOT}"),
        (held("/"), "Network Contributor at /"),
        (held(role=CONTRIBUTOR), f"Contributor at {SUBNET}"),
        (held(GROUP, CONTRIBUTOR), f"Contributor at {GROUP}"),
    ],
)
def test_a_wider_scope_or_a_stronger_role_is_as_good_and_said(
    found: Assignment, held_as: str
) -> None:
    seen = looks(progress(), found)
    assert (seen.state, seen.evidence, seen.held_as) == ("effective", "Readable", held_as)
    assert (seen.assignment_id, seen.made_by_us) == ("/other", False)
    assert not to_write(seen, at(minutes=4))


@pytest.mark.parametrize(
    "found",
    [
        held(role=READER),
        held(GROUP, READER),
        held(role=CONTRIBUTOR, principal_id=KUBELET_PRINCIPAL),
        held(SUBNET.replace("net-main", "other"), CONTRIBUTOR),
        held(f"{SUBNET}/x"),
        held(f"{NETWORK}/subnets"[:-1]),
        held(NETWORK.replace("/v", "/v2")),
    ],
)
def test_what_gives_less_does_not_count(found: Assignment) -> None:
    seen = looks(progress(), found)
    assert (seen.state, seen.held_as, seen.assignment_id) == ("pending", "", "")
    assert to_write(seen, at(minutes=4))


def test_a_role_is_stronger_only_if_it_is_known_to_be() -> None:
    assert look(progress(), (held(role=CONTRIBUTOR),), READ, NOW).state == "pending"


def test_a_weaker_role_is_no_substitute_for_the_stronger_one() -> None:
    wants_contributor = progress(grant=grant(role=CONTRIBUTOR, refused="RoleNeverAllowed"))
    assert looks(wants_contributor, held()).state == "pending"


@pytest.mark.parametrize("reverse", [False, True])
def test_the_grants_own_role_at_the_nearest_scope_is_named(reverse: bool) -> None:
    there = [held(GROUP, id="group"), held(NETWORK, id="net"), held(role=CONTRIBUTOR, id="strong")]
    if reverse:
        there.reverse()
    assert looks(progress(), *there).assignment_id == "net"
    assert looks(progress(), *there, held(id="own")).assignment_id == "own"


def test_what_was_held_by_inheritance_is_written_once_that_is_taken_away() -> None:
    seen = looks(progress(), held(GROUP))
    for minute in (10, 11, 12):
        seen = look(seen, (), READ, at(minutes=minute))
    assert (seen.state, seen.held_as, seen.reason) == ("pending", "", "AssignmentMissing")
    assert to_write(seen, at(minutes=13))


def test_our_own_assignment_takes_the_place_of_an_inherited_one() -> None:
    ours = f"{SUBNET}/providers/Microsoft.Authorization/roleAssignments/{assignment_name(grant())}"
    seen = look(looks(progress(), held(GROUP)), (held(GROUP), held(id=ours)), READ, at(minutes=9))
    assert (seen.held_as, seen.assignment_id, seen.made_by_us) == ("", ours, True)


# --- under a condition --------------------------------------------------------------------------


@pytest.mark.parametrize("found", [held(GROUP), held(role=CONTRIBUTOR), held("/")])
def test_what_is_held_under_a_condition_elsewhere_does_not_count(found: Assignment) -> None:
    conditional = Assignment(found.id, PRINCIPAL, found.role, found.scope, None, CONDITION)
    assert looks(progress(), conditional).state == "pending"
    assert looks(progress(), conditional, held(GROUP)).held_as == f"Network Contributor at {GROUP}"


def test_a_condition_on_the_very_grant_is_said_since_no_other_can_be_made() -> None:
    seen = looks(progress(), held(SUBNET.upper(), condition=CONDITION))
    assert (seen.state, seen.held_as) == ("effective", "Network Contributor under a condition")


# --- refused ------------------------------------------------------------------------------------


def test_a_refused_grant_says_what_an_administrator_can_do() -> None:
    seen = looks(refused())
    assert (seen.state, seen.refused, seen.reason) == (
        "pending", "ScopeNotAllowed", "ScopeNotAllowed")  # fmt: skip
    assert seen.message == remedy(seen.grant) != ""
    assert not to_write(seen, at(minutes=4))


@pytest.mark.parametrize("found", [held(), held(GROUP), held(role=CONTRIBUTOR)])
def test_a_refused_grant_that_somebody_else_made_is_as_good_as_ours(found: Assignment) -> None:
    seen = looks(looks(refused()), found, after=3)
    assert (seen.refused, seen.state, seen.evidence) == ("", "effective", "Readable")
    assert seen.grant.refused == "ScopeNotAllowed"
    assert (seen.message, seen.made_by_us) == ("", False)


def test_a_refused_grant_is_believed_at_the_first_look_that_shows_it() -> None:
    seen = looks(looks(refused()), held(), count=1, after=3)
    assert (seen.refused, seen.state, seen.reason) == ("", "written", "Written")


def test_a_refused_grant_that_is_removed_again_is_refused_again() -> None:
    seen = looks(refused(), held())
    for minute, still in ((10, ""), (11, ""), (12, "ScopeNotAllowed")):
        seen = look(seen, (), READ, at(minutes=minute))
        assert seen.refused == still
    assert (seen.state, seen.reason) == ("pending", "ScopeNotAllowed")
    assert seen.message == remedy(seen.grant)
    assert not to_write(seen, at(minutes=13))


def test_a_grant_of_ours_that_policy_refuses_from_now_on_is_kept_while_it_is_there() -> None:
    ours = looks(progress(), held())
    (now_refused,), _ = follow((grant(refused="RoleNotAllowed"),), (ours,), NOW)
    assert now_refused.refused == ""
    assert look(now_refused, (held(),), READ, at(minutes=9)).state == "effective"


@pytest.mark.parametrize(
    ("seen", "moment", "read"),
    [
        (refused(), NOW, True),
        (looks(refused(), count=1), at(seconds=60 + 9), False),
        (looks(refused(), count=1), at(seconds=60 + 10), True),
        (refused("RoleNeverAllowed"), NOW, True),
        (refused("InvalidScope"), NOW, False),
        (refused(principal_id=""), NOW, False),
    ],
)
def test_which_refused_grants_are_looked_for(seen: Progress, moment: datetime, read: bool) -> None:
    assert to_read(seen, READ, moment) is read


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (looks(refused()), at(hours=1)),
        (looks(refused("RoleNeverAllowed")), at(hours=1)),
        (looks(refused("InvalidScope")), None),
        (looks(refused(principal_id="")), None),
    ],
)
def test_when_a_refused_grant_is_looked_for_again(
    seen: Progress, expected: datetime | None
) -> None:
    assert due(seen, LOOKS, NOW) == expected


def test_a_refused_grant_that_was_made_is_followed_to_its_deadline() -> None:
    assert due(looks(refused(), held(created_at=NOW)), LOOKS, at(minutes=5)) == at(minutes=60)


@pytest.mark.parametrize("why", ["ScopeNotAllowed", "InvalidScope"])
def test_a_refused_grant_is_never_late(why: str) -> None:
    assert not late(looks(refused(why)), at(hours=9))


def test_a_refused_grant_of_an_identity_that_is_not_there_yet_is_refused_first() -> None:
    seen = looks(refused(principal_id=""))
    assert (seen.reason, seen.message) == ("ScopeNotAllowed", "")
    assert looks(progress(grant=grant(principal_id=""))).reason == "AwaitingIdentity"


# --- the widest first ---------------------------------------------------------------------------


def missing(*scopes: str, **changes: Any) -> tuple[Progress, ...]:
    return tuple(progress(grant=grant(scope=scope, **changes)) for scope in scopes)


def scopes(found: tuple[Progress, ...]) -> list[str]:
    return [each.grant.scope for each in found]


def test_a_role_on_a_network_is_written_before_that_on_its_subnets() -> None:
    other = SUBNET.replace("/v/", "/v2/")
    assert scopes(widest(missing(SUBNET, NETWORK, other, f"{NETWORK}/subnets/b"))) == [
        NETWORK,
        other,
    ]
    assert scopes(widest(missing(NETWORK, SUBNET, GROUP))) == [GROUP]
    assert scopes(widest(missing(SUBNET, f"{SUBNET}2"))) == [SUBNET, f"{SUBNET}2"]
    assert widest(()) == ()


def test_another_role_or_principal_gives_nothing() -> None:
    roles = BUILT_IN_ROLES["Reader"]
    assert len(widest((*missing(NETWORK, role=roles), *missing(SUBNET)))) == 2
    assert len(widest((*missing(NETWORK, principal_id=KUBELET_PRINCIPAL), *missing(SUBNET)))) == 2


def test_a_grant_does_not_stand_in_its_own_way() -> None:
    """One principal may be two identities of a cluster."""
    twice = (*missing(SUBNET), *missing(SUBNET.upper(), identity="kubelet"))
    assert len(widest(twice)) == 2
