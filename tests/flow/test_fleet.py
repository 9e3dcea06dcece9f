"""The timer finds what nothing else told us about; one odd cluster or subscription stops none."""

from dataclasses import replace
from typing import Any

from shared.fleet import Fleet
from shared.policy_file import parse
from tests.flow.conftest import Found
from tests.flow.town import POLICY, Town


def fleet(town: Town, **changes: Any) -> Fleet:
    """The town's own, with other fields."""
    return replace(town.app.fleet, **changes)


def test_clusters_of_others_are_found_without_events(town: Town) -> None:
    town.make_cluster("c1")
    town.make_cluster("c2")
    town.run_until(lambda: town.ready("c1") and town.ready("c2"), events=False)
    assert town.grants_made() == town.expected_grants("c1", "c2")


def test_settled_clusters_are_left_alone_until_the_resync(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    assert town.record().settled
    assert town.woken_by_timer() == []
    town.azure.advance(25 * 3600)
    assert town.woken_by_timer() == ["c1"]


def test_another_policy_wakes_every_cluster_once(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    assert town.woken_by_timer() == []
    town.change_policy(POLICY.read_bytes() + b"propagation: {consecutiveReads: 2}\n")
    assert town.woken_by_timer() == ["c1"]
    town.run(80)
    assert town.woken_by_timer() == []


def test_a_grant_is_made_once_policy_allows_it(found_town: Found) -> None:
    town = found_town(POLICY.read_bytes().replace(b"[Network Contributor, AcrPull,", b"[AcrPull,"))
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    assert town.status("RolesAssigned") == ("False", "RoleNotAllowed")
    town.change_policy(POLICY.read_bytes())
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")


def test_an_unsettled_cluster_is_woken_only_once_its_next_turn_is_overdue(town: Town) -> None:
    town.request()
    town.run(1)
    assert town.woken_by_timer() == []
    town.azure.advance(180)
    assert town.woken_by_timer() == ["c1"]


def test_a_gone_cluster_is_woken_and_after_that_forgotten_about(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    town.delete_cluster()
    town.azure.advance(600)
    assert town.woken_by_timer() == ["c1"]
    town.run(20, events=False)
    assert town.status("ClusterProvisioned") == ("False", "Deleted")
    assert town.woken_by_timer() == []


def test_a_cluster_made_again_is_woken(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    town.delete_cluster()
    town.azure.advance(600)
    town.make_cluster()
    town.azure.advance(600)
    assert town.woken_by_timer() == ["c1"]


def test_clusters_policy_does_not_manage_are_left_alone(found_town: Found) -> None:
    town = found_town(POLICY.read_bytes() + b'clusters: ["team-*"]\n')
    town.make_cluster("other")
    town.make_cluster("team-1")
    town.run_until(lambda: town.ready("team-1"))
    assert [record.cluster_id for record in town.app.store.all()] == [str(town.id_of("team-1"))]
    assert town.grants_made() == town.expected_grants("team-1")


def test_a_cluster_that_is_no_longer_managed_is_left_alone(town: Town) -> None:
    town.request()
    town.run(1)
    other = parse(POLICY.read_bytes() + b'clusters: ["team-*"]\n')
    elsewhere = ("11111111-2222-3333-4444-555555555555",)
    town.post.letters.clear()
    town.azure.advance(600)
    fleet(town, policy=other).wake_all()
    fleet(town, managed=elsewhere).wake_all()
    assert town.post.letters == []
    fleet(town).wake_all()
    assert [letter.text for letter in town.post.letters] == [str(town.id_of())]


def test_a_cluster_found_by_the_timer_keeps_its_name_as_azure_spells_it(town: Town) -> None:
    town.make_cluster("MyCluster")
    town.run_until(lambda: town.ready("MyCluster"), events=False)
    assert town.record("MyCluster").cluster_id == str(town.id_of("MyCluster"))


def test_an_unreadable_list_stops_no_known_cluster(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    town.post.letters.clear()
    town.fault(
        "status", status=403, code="AuthorizationFailed", path="ContainerService/managedClusters$"
    )
    town.run_until(town.ready, events=False)


def test_a_subscription_that_cannot_be_read_hides_no_other(town: Town) -> None:
    gone = "11111111-2222-3333-4444-555555555555"
    town.make_cluster()
    town.post.letters.clear()
    fleet(town, managed=(gone, town.subscription)).wake_all()
    assert [letter.text for letter in town.post.letters] == [str(town.id_of())]


def test_two_timers_at_once_are_harmless(town: Town) -> None:
    town.make_cluster()
    town.azure.event_grid.take()
    for _ in range(3):
        town.tick()
    town.run_until(town.ready, events=False)
    assert town.turns_waiting() <= 12
    assert town.grants_made() == town.expected_grants("c1")


def test_one_odd_cluster_in_the_list_hides_no_other(town: Town) -> None:
    """A cluster whose JSON nobody expected: the others are still found."""
    town.azure.plant(str(town.id_of("a-odd")), 7)
    town.make_cluster("fine")
    town.run_until(lambda: town.ready("fine"), events=False)


def test_a_hundred_clusters_cost_two_lists_each_time(town: Town) -> None:
    for number in range(100):
        town.make_cluster(f"c{number}")
    before = town.calls("GET")
    assert len(town.woken_by_timer()) == 100
    assert town.calls("GET") == before + 2
