"""A turn that was planned reads what is due; one that something asked for reads what works, too."""

import pytest

from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import grant_of
from tests.flow.test_permissions import PROBING, never_effective
from tests.flow.town import Town

LISTS = "/providers/Microsoft.Authorization/roleAssignments"
QUIETLY = {"timer": False, "events": False}


@pytest.fixture
def waiting(found_town: Found) -> Town:
    """A town whose cluster can pull, and waits for its subnet with planned looks."""
    town = found_town(PROBING)
    town.request(parameters={"subnet": town.subnet})
    town.run(5)
    never_effective(town, NETWORK_CONTRIBUTOR)
    town.run_until(lambda: grant_of(town, ACR_PULL, town.registry).evidence == "Probe")
    return town


def remove_pull(town: Town) -> None:
    """Somebody removes the assignment that works."""
    made = grant_of(town, ACR_PULL, town.registry).assignment_id
    town.arm("DELETE", made, version="2022-04-01")


def can_pull(town: Town) -> bool:
    return (town.cluster().kubelet_object_id, ACR_PULL, town.registry.lower()) in town.grants_made()


def test_until_it_is_ready_a_cluster_takes_no_more_lists_than_it_takes_to_believe(
    town: Town,
) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready, timer=False)
    assert town.calls("GET", LISTS) == 2 * 4  # two principals: one before the write, three after


def test_what_works_is_not_read_in_turns_planned_for_something_else(waiting: Town) -> None:
    town = waiting
    read_at = grant_of(town, ACR_PULL, town.registry).read_at
    looks = grant_of(town, NETWORK_CONTRIBUTOR, town.subnet).read_at
    town.run(20, **QUIETLY)
    assert grant_of(town, NETWORK_CONTRIBUTOR, town.subnet).read_at != looks
    assert grant_of(town, ACR_PULL, town.registry).read_at == read_at


def test_a_wake_finds_what_was_removed_while_other_grants_wait(waiting: Town) -> None:
    town = waiting
    remove_pull(town)
    town.post.wake(town.id_of())
    town.run_until(lambda: can_pull(town), minutes=5, **QUIETLY)


def test_a_wake_whose_turn_cannot_read_azure_is_made_good_by_the_next(waiting: Town) -> None:
    town = waiting
    remove_pull(town)
    town.fault("status", status=503, code="ServerUnavailable", path="managedClusters/c1$")
    town.post.wake(town.id_of())
    town.run(1, **QUIETLY)
    assert town.record().unread_since
    town.azure.faults.clear()
    town.run_until(lambda: can_pull(town), minutes=10, **QUIETLY)


def test_a_wake_whose_turn_has_to_wait_for_our_share_of_arms_limits_is_made_good_by_the_next(
    waiting: Town,
) -> None:
    town = waiting
    remove_pull(town)
    town.fault("status", status=429, code="TooManyRequests", path="managedClusters/other$",
               retry_after=30)  # fmt: skip
    town.post.wake(town.id_of("other"))
    town.post.wake(town.id_of())
    town.deliver_due()
    assert town.record().unread_since
    town.run_until(lambda: can_pull(town), minutes=10, **QUIETLY)


def test_a_wake_at_the_moment_of_a_planned_turn_is_one_more_turn_that_reads_all(
    waiting: Town,
) -> None:
    """The first of the two turns counts as the planned one, whichever message it was."""
    town = waiting
    town.run_until(lambda: min(town.record().pending) > town.clock.now(), **QUIETLY)
    remove_pull(town)
    town.azure.advance((min(town.record().pending) - town.clock.now()).total_seconds())
    town.post.wake(town.id_of())
    town.deliver_due()
    town.run_until(lambda: can_pull(town), minutes=5, **QUIETLY)
