"""One list for all when many are asked for, never older than what it is to tell apart."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.assignment_lists import AssignmentLists
from shared.model import Assignment
from tests.unit.nouns import NOW, OTHER_SUB, SUB, SUBNET

ALL = ""


@dataclass
class Azure:
    """An ARM that lists what it holds, and a clock moved by hand."""

    now: datetime = NOW
    held: list[Assignment] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def assignments(self, subscription_id: str, principal_id: str = ALL) -> tuple[Assignment, ...]:
        self.asked.append((subscription_id, principal_id))
        return tuple(a for a in self.held if principal_id in (ALL, a.principal_id))

    def give(self, principal: str) -> Assignment:
        self.held.append(Assignment(f"{SUBNET}/a/{len(self.held)}", principal, "role", SUBNET))
        return self.held[-1]


@pytest.fixture
def azure() -> Azure:
    return Azure()


@pytest.fixture
def lists(azure: Azure) -> AssignmentLists:
    arm: Any = azure
    return AssignmentLists(arm, lambda: azure.now)


def crowd(lists: AssignmentLists, size: int = 20) -> None:
    for number in range(size):
        lists.of(f"p{number}", SUB, None)


def test_one_principal_is_asked_for_by_itself(azure: Azure, lists: AssignmentLists) -> None:
    mine = azure.give("p1")
    azure.give("p2")
    assert lists.of("p1", SUB, None) == (mine,)
    assert azure.asked == [(SUB, "p1")]


def test_a_crowd_shares_one_list_and_each_gets_its_own(
    azure: Azure, lists: AssignmentLists
) -> None:
    mine, _ = azure.give("p19"), azure.give("p2")
    crowd(lists, 19)
    assert lists.of("p19", SUB, None) == (mine,)
    assert lists.of("nobody", SUB, None) == ()
    assert azure.asked.count((SUB, ALL)) == 1
    assert len(azure.asked) == 9


def test_crowds_of_different_subscriptions_share_nothing(
    azure: Azure, lists: AssignmentLists
) -> None:
    crowd(lists)
    lists.of("p1", OTHER_SUB, None)
    assert azure.asked[-1] == (OTHER_SUB, "p1")


@pytest.mark.parametrize(("seconds", "lists_read"), [(0, 2), (-1, 1)])
def test_a_look_at_what_was_seen_since_takes_a_new_list(
    azure: Azure, lists: AssignmentLists, seconds: int, lists_read: int
) -> None:
    crowd(lists)
    after = azure.now + timedelta(seconds=seconds)
    azure.now += timedelta(seconds=5)
    mine = azure.give("p1")
    assert lists.of("p1", SUB, after) == ((mine,) if lists_read == 2 else ())
    assert azure.asked.count((SUB, ALL)) == lists_read


def test_a_list_serves_for_half_a_minute(azure: Azure, lists: AssignmentLists) -> None:
    crowd(lists)
    azure.now += timedelta(seconds=29)
    crowd(lists)
    assert azure.asked.count((SUB, ALL)) == 1
    azure.now += timedelta(seconds=1)
    lists.of("p1", SUB, None)
    assert azure.asked.count((SUB, ALL)) == 2


def test_when_the_crowd_is_gone_each_is_asked_for_by_itself_again(
    azure: Azure, lists: AssignmentLists
) -> None:
    crowd(lists)
    azure.now += timedelta(seconds=31)
    lists.of("p1", SUB, None)
    assert azure.asked[-1] == (SUB, "p1")
