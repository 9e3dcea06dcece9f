"""One list of deny assignments for a subscription, believed for a while; never against a grant."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.deny_assignments import EVERYONE, DenyAssignment
from shared.deny_lists import DenyLists
from shared.errors import Transient
from shared.model import Assignment
from shared.obstacles import Obstacles
from shared.permissions import Permissions, RoleDefinition
from shared.roles import NETWORK_CONTRIBUTOR
from tests.unit.nouns import NOW, OTHER_SUB, PRINCIPAL, SUB, SUBNET, progress

DENIED = (DenyAssignment("id", "name", SUBNET, (EVERYONE,), (), (Permissions(("*",)),)),)
FOUND = Assignment("id", PRINCIPAL, NETWORK_CONTRIBUTOR, SUBNET)


@dataclass
class Azure:
    """An ARM that lists what denies, and a clock moved by hand."""

    now: datetime = NOW
    denied: tuple[DenyAssignment, ...] = ()
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    def deny_assignments(self, subscription_id: str) -> tuple[DenyAssignment, ...]:
        self.asked.append(subscription_id)
        if self.broken:
            raise Transient("NoAnswer")
        return self.denied


class AllIsAllowed:
    """Definitions of roles that allow everything."""

    def get(self, role: str, subscription_id: str) -> RoleDefinition:
        return RoleDefinition(role, "all", False, (Permissions(("*",)),))


@pytest.fixture
def azure() -> Azure:
    return Azure()


@pytest.fixture
def lists(azure: Azure) -> DenyLists:
    arm: Any = azure
    return DenyLists(arm, lambda: azure.now)


def test_a_list_serves_for_ten_minutes(azure: Azure, lists: DenyLists) -> None:
    assert lists.of(SUB) == ()
    azure.denied = DENIED
    azure.now += timedelta(minutes=9, seconds=59)
    assert lists.of(SUB) == ()
    azure.now += timedelta(seconds=1)
    assert lists.of(SUB) == azure.denied
    assert azure.asked == [SUB, SUB]


@pytest.mark.parametrize(("seconds", "asked"), [(-1, 1), (0, 1), (1, 2)])
def test_a_list_from_before_does_not_serve(
    azure: Azure, lists: DenyLists, seconds: int, asked: int
) -> None:
    lists.of(SUB)
    azure.now += timedelta(seconds=5)
    lists.of(SUB, since=NOW + timedelta(seconds=seconds))
    assert len(azure.asked) == asked


def test_each_subscription_has_its_own_list(azure: Azure, lists: DenyLists) -> None:
    lists.of(SUB)
    lists.of(OTHER_SUB)
    assert azure.asked == [SUB, OTHER_SUB]


def test_a_list_that_could_not_be_read_is_not_believed(azure: Azure, lists: DenyLists) -> None:
    azure.broken = True
    with pytest.raises(Transient):
        lists.of(SUB)
    azure.broken = False
    assert lists.of(SUB) == ()


@pytest.mark.parametrize(
    ("before", "after", "reason", "asked"),
    [((), (), "", 1), (DENIED, (), "", 2), (DENIED, DENIED, "DenyAssignment", 2)],
)
def test_what_is_believed_to_stand_in_the_way_is_read_again(
    azure: Azure,
    lists: DenyLists,
    before: tuple[DenyAssignment, ...],
    after: tuple[DenyAssignment, ...],
    reason: str,
    asked: int,
) -> None:
    azure.denied = before
    lists.of(SUB)
    azure.denied, azure.now = after, NOW + timedelta(minutes=1)
    arm: Any = azure
    definitions: Any = AllIsAllowed()
    found = Obstacles(arm, lists, definitions, (), azure.now).of(progress(), FOUND)
    assert (found.reason, len(azure.asked)) == (reason, asked)
