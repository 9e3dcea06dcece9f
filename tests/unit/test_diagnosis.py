"""Why a grant that is written does not work, in the order of how sure it is."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.deny_assignments import DenyAssignment
from shared.diagnosis import Diagnosis, diagnose
from shared.locks import Lock
from shared.model import CONTROL_PLANE, KUBELET, Assignment, Denial
from shared.permissions import Permissions, RoleDefinition
from shared.roles import NETWORK_CONTRIBUTOR
from tests.unit.nouns import NET, NOW, PRINCIPAL, SUBNET, grant, progress

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ = "Microsoft.Network/virtualNetworks/subnets/read"
FOUND = Assignment("id", PRINCIPAL, NETWORK_CONTRIBUTOR, SUBNET)
FULL = RoleDefinition("guid", "full", custom=True, permissions=(Permissions((JOIN, READ)),))
PART = RoleDefinition("guid", "part", custom=True, permissions=(Permissions((READ,)),))
DENY = DenyAssignment("deny-id", "locked", NET.partition("/providers/")[0], (PRINCIPAL,), (),
                      (Permissions((JOIN,)),))  # fmt: skip

LOCKED = Lock("locked-id", "closed", "ReadOnly")


def denial(action: str = JOIN, scope: str = SUBNET, identity: str = CONTROL_PLANE) -> Denial:
    return Denial(identity, action, scope, "a probe", NOW)


def said(
    *,
    rule: str = "nodeSubnets",
    found: Assignment = FOUND,
    definition: RoleDefinition | None = FULL,
    denied: tuple[DenyAssignment, ...] = (),
    denials: tuple[Denial, ...] = (),
    locks: tuple[Lock, ...] = (),
    **changes: Any,
) -> Diagnosis:
    known = progress(grant=grant(rule=rule), **changes)
    return diagnose(known, found, definition, denied, denials, locks)


def test_a_deny_assignment_is_named_with_what_it_takes() -> None:
    reason, message = said(denied=(DENY,))
    assert reason == "DenyAssignment"
    assert "'locked' (deny-id)" in message and JOIN in message


def test_a_deny_assignment_counts_for_more_than_the_role() -> None:
    assert said(denied=(DENY,), definition=PART).reason == "DenyAssignment"


def test_a_deny_assignment_elsewhere_does_not_count() -> None:
    assert said(denied=(replace(DENY, scope=f"{SUBNET}x"),)).reason == ""


def test_a_role_that_lacks_what_the_rule_is_for_is_named_with_the_action() -> None:
    reason, message = said(definition=PART)
    assert (reason, message) == (
        "RoleLacksAction", f"the role Network Contributor does not allow {JOIN}",
    )  # fmt: skip


def test_a_declared_grant_is_for_what_its_role_gives() -> None:
    assert said(rule="", definition=PART).reason == ""
    assert said(rule="", definition=PART, denied=(DENY,)).reason == ""
    assert said(rule="", definition=FULL, denied=(DENY,)).reason == "DenyAssignment"


@pytest.mark.parametrize("definition", [FULL, None])
def test_nothing_found_is_said_too(definition: RoleDefinition | None) -> None:
    reason, message = said(definition=definition)
    assert reason == ""
    assert "nothing was found" in message and "group" in message


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"message": "ScopeLocked: the scope is locked"}, "a lock on the scope"),
        (
            {"locks": (Lock("lock-id", "keep", "CanNotDelete"), LOCKED)},
            f"the read-only lock 'closed' (locked-id) holds back {JOIN}",
        ),
        ({"found": replace(FOUND, condition="x eq y")}, "under a condition"),
        (
            {"rule": "", "definition": PART, "denials": (denial(),)},
            f"Network Contributor does not allow {JOIN}",
        ),
        (
            {"denials": (denial(scope=SUBNET.rpartition("/subnets/")[0]),)},
            f"it is denied at {SUBNET.rpartition('/subnets/')[0]}, and assigned at {SUBNET}",
        ),
    ],
)
def test_what_may_be_behind_it_is_said(changes: dict[str, Any], text: str) -> None:
    reason, message = said(**changes)
    assert reason == ""
    assert text in message


@pytest.mark.parametrize(
    "other",
    [denial(identity=KUBELET), denial(scope=f"{NET}/publicIPAddresses/a"), denial(scope="/x")],
)
def test_denials_of_others_and_elsewhere_are_not_its_own(other: Denial) -> None:
    assert "nothing was found" in said(rule="", definition=PART, denials=(other,)).message
