"""A role assignment that a cluster needs is removed: it is made again in seconds, or reported."""

import pytest

from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import assign, grant_of, message, principal_of, remove, run_line, whole
from tests.flow.town import POLICY, Town

REPORTS = POLICY.read_bytes() + b"\ndrift: report\n"
A_MINUTE = 1


@pytest.fixture
def town(found_town: Found) -> Town:
    """A town with a settled cluster, which only an event or the timer can wake."""
    return settled(found_town())


def settled(town: Town) -> Town:
    town.make_cluster()
    town.run_until(lambda: town.ready() and town.record().settled)
    return town


@pytest.mark.parametrize("role", [NETWORK_CONTRIBUTOR, ACR_PULL])
def test_what_was_removed_is_there_again_at_the_event(town: Town, role: str) -> None:
    remove(town, role)
    assert not whole(town)
    town.run_until(lambda: whole(town), minutes=A_MINUTE, timer=False)
    assert not town.ready()  # it has to spread anew
    town.run_until(town.ready)


def test_a_list_read_for_others_before_the_removal_does_not_hide_it(town: Town) -> None:
    """In a busy process, clusters share a list of all assignments for half a minute."""
    lists, principal = town.app.reconciler.observer.lists, principal_of(town, "kubelet")
    subscription = town.id_of().subscription_id
    town.run(A_MINUTE, timer=False)
    for _ in range(9):
        assert lists.of(principal, subscription, None)
    remove(town, NETWORK_CONTRIBUTOR)
    town.run_until(lambda: whole(town), minutes=A_MINUTE, timer=False)


def test_the_event_may_come_twice_and_late(town: Town) -> None:
    remove(town, NETWORK_CONTRIBUTOR)
    told = town.azure.event_grid.take()
    for event in (*told, *told):
        town.deliver_event(event)
    town.run_until(lambda: whole(town), minutes=A_MINUTE, timer=False)
    town.run_until(town.ready)
    for event in told:
        town.deliver_event(event)
    town.run(5)
    assert town.ready() and town.calls("PUT", "roleAssignments", 201) == 3


def test_without_the_event_the_timer_finds_it(town: Town) -> None:
    remove(town, NETWORK_CONTRIBUTOR)
    town.run_until(lambda: whole(town), minutes=26 * 60, events=False)


def test_our_own_writes_and_other_peoples_removals_wake_nobody(town: Town) -> None:
    assign(town, principal_of(town, "kubelet"), NETWORK_CONTRIBUTOR, town.subnet)
    other = next(
        each for each in town.azure.role_assignments.all()
        if each.principal_id == principal_of(town, "kubelet") and each.scope == town.subnet
    )  # fmt: skip
    turn = town.record().turn_at
    town.arm("DELETE", other.id, version="2022-04-01")
    town.run(5, timer=False)
    assert town.record().turn_at == turn


def test_where_policy_says_report_the_removal_is_reported_and_nothing_is_written(
    found_town: Found,
) -> None:
    town = settled(found_town(REPORTS))
    remove(town, NETWORK_CONTRIBUTOR)
    town.run(3 * 60)
    assert not whole(town)
    assert town.status("RolesAssigned") == ("False", "AssignmentRemoved")
    assert not town.ready()
    run_line(town, message(town, "RolesAssigned").partition("can run: ")[2])
    town.run_until(town.ready)
    assert grant_of(town, NETWORK_CONTRIBUTOR, town.subnet).made_by_us is False


def test_what_was_reported_is_restored_once_policy_says_so(found_town: Found) -> None:
    town = settled(found_town(REPORTS))
    remove(town, NETWORK_CONTRIBUTOR)
    town.run(30)
    town.change_policy(POLICY.read_bytes())
    town.run_until(lambda: whole(town), minutes=16)


def test_a_grant_that_was_never_made_is_no_removal(found_town: Found) -> None:
    town = found_town(REPORTS)
    town.make_cluster()
    town.run_until(town.ready)
    assert whole(town)
