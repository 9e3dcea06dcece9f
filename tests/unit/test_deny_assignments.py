"""What a deny assignment takes from whom, and where."""

import pytest

from shared.deny_assignments import EVERYONE, DenyAssignment, all_of
from shared.permissions import Permissions, RoleDefinition
from shared.resource_id import parse_scope
from tests.unit.nouns import KUBELET_PRINCIPAL, NET, PRINCIPAL, SUB, SUBNET

GROUP = NET.partition("/providers/")[0]
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ = "Microsoft.Network/virtualNetworks/subnets/read"


def deny(
    *principals: str,
    scope: str = GROUP,
    excluded: tuple[str, ...] = (),
    this_scope_only: bool = False,
    permissions: Permissions | None = None,
) -> DenyAssignment:
    blocks = (permissions or Permissions(("*",)),)
    return DenyAssignment("id", "name", scope, principals, excluded, blocks, this_scope_only)


@pytest.mark.parametrize(
    ("denial", "concerned"),
    [
        (deny(PRINCIPAL), True),
        (deny(EVERYONE), True),
        (deny(KUBELET_PRINCIPAL), False),
        (deny(EVERYONE, excluded=(PRINCIPAL,)), False),
        (deny(EVERYONE, excluded=(KUBELET_PRINCIPAL,)), True),
        (deny(PRINCIPAL, scope="/"), True),
        (deny(PRINCIPAL, scope=f"/subscriptions/{SUB}"), True),
        (deny(PRINCIPAL, scope=SUBNET.upper()), True),
        (deny(PRINCIPAL, scope=f"{GROUP}x"), False),
        (deny(PRINCIPAL, scope=f"{SUBNET}/below/it"), False),
        (deny(PRINCIPAL, this_scope_only=True), False),
        (deny(PRINCIPAL, scope=SUBNET.upper(), this_scope_only=True), True),
    ],
)
def test_it_concerns_who_is_named_at_its_scope_and_mostly_below(
    denial: DenyAssignment, concerned: bool
) -> None:
    assert denial.concerns(PRINCIPAL, parse_scope(SUBNET)) is concerned


@pytest.mark.parametrize(
    ("permissions", "taken"),
    [
        (Permissions(("*",)), READ),
        (Permissions((JOIN,)), JOIN),
        (Permissions((JOIN.lower(),)), JOIN),
        (Permissions(("*/action",)), JOIN),
        (Permissions(("*",), ("*/read",)), JOIN),
        (Permissions(("*",), ("Microsoft.Network/*",)), ""),
        (Permissions(("*/write", "*/delete")), ""),
        (Permissions(data_actions=("*",)), ""),
        (Permissions(), ""),
    ],
)
def test_the_first_action_it_takes_is_named(permissions: Permissions, taken: str) -> None:
    assert deny(permissions=permissions).takes(Permissions((READ, JOIN))) == taken


def test_data_actions_are_taken_as_such() -> None:
    needed = Permissions(data_actions=("A.B/c/read",))
    assert deny(permissions=Permissions(("*",))).takes(needed) == ""
    assert deny(permissions=Permissions(data_actions=("*",))).takes(needed) == "A.B/c/read"


def test_a_role_of_which_no_part_is_known_to_be_needed_is_needed_as_a_whole() -> None:
    blocks = (Permissions((READ,), data_actions=("A.B/c",)), Permissions((JOIN,)))
    definition = RoleDefinition("guid", "name", custom=True, permissions=blocks)
    assert all_of(definition) == Permissions((READ, JOIN), data_actions=("A.B/c",))
    assert deny(permissions=Permissions((JOIN,))).takes(all_of(definition)) == JOIN
    assert deny(permissions=Permissions(("*/write",))).takes(all_of(definition)) == ""
