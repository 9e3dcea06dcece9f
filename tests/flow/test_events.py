"""Events only say which cluster to look at: lost, doubled or forged, the end is the same.

The events are the emulator's own, decoded by azure-functions' own converter.
"""

import copy
import random
from typing import Any

import pytest

from infra.emulator.resource_events import to_cloud_event
from shared.model import Cluster
from shared.resource_id import ClusterId
from tests.flow.town import Town

FOREIGN = "11111111-2222-3333-4444-555555555555"


def ready_cluster(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)


def cluster_event(town: Town) -> dict[str, Any]:
    """A real event of the cluster's creation."""
    town.make_cluster()
    town.azure.advance(300)
    events: list[dict[str, Any]] = town.azure.event_grid.take()
    return next(e for e in events if e["subject"].lower() == town.id_of().key)


def test_a_cluster_made_by_others_is_found_by_its_event(town: Town) -> None:
    town.make_cluster()
    town.run_until(town.ready, timer=False)
    assert town.grants_made() == town.expected_grants("c1")


def test_without_any_event_the_end_is_the_same(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.make_cluster("c2")
    town.run_until(lambda: town.ready() and town.ready("c2"), events=False)
    assert town.grants_made() == town.expected_grants("c1", "c2")


def test_a_request_needs_neither_events_nor_the_timer(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready, events=False, timer=False)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_events_does_not_matter(town: Town, seed: int) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(4.5, events=False)
    events = town.azure.event_grid.take()
    random.Random(seed).shuffle(events)  # noqa: S311 - weather, not a secret
    for event in events + events:
        town.deliver_event(event)
    town.run_until(town.ready, events=False)
    assert town.grants_made() == town.expected_grants("c1")


def test_a_delete_event_that_overtook_a_recreation_deletes_nothing(town: Town) -> None:
    ready_cluster(town)
    town.run(5)
    town.delete_cluster()
    town.azure.advance(300)
    (deleted,) = (e for e in town.azure.event_grid.take() if "DeleteSuccess" in e["eventType"])
    town.make_cluster()
    town.run_until(lambda: town.ready() and town.provisioned(), events=False)
    town.deliver_event(deleted)
    town.run(5, events=False)
    assert town.ready()
    assert town.status("ClusterProvisioned") == ("True", "Succeeded")


def test_cloud_events_are_understood(town: Town) -> None:
    event = cluster_event(town)
    town.deliver_event(to_cloud_event(event))
    town.run_until(town.ready, events=False, timer=False)


def test_an_agent_pools_event_wakes_its_cluster(town: Town) -> None:
    event = cluster_event(town)
    event["subject"] = f"{town.id_of()}/agentPools/np"
    town.deliver_event(event)
    assert town.turns_waiting() == 1


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "/",
        "/subscriptions/{sub}",
        "/subscriptions/{sub}/resourceGroups/net-main/providers/Microsoft.Network/virtualNetworks/v",
        f"/subscriptions/{FOREIGN}/resourceGroups/g/providers/Microsoft.ContainerService"
        "/managedClusters/c1",
        "{cluster}/../c2",
        "{cluster}#",
        "{cluster}?x=1",
        "{cluster}/%2e%2e",
        "{cluster}/agentPools/np/x/y",
        "{cluster}/providers/Microsoft.Authorization/roleAssignments/x",
        "{cluster}\n",
        "{cluster}\u202e",
        "x" * 10_000,
    ],
)
def test_an_event_about_anything_else_is_dropped(town: Town, subject: str) -> None:
    event = cluster_event(town)
    event["subject"] = subject.format(sub=town.subscription, cluster=town.id_of())
    town.deliver_event(event)
    assert town.post.letters == []
    assert town.calls() == 0


@pytest.mark.parametrize(
    "kind", ["Microsoft.Storage.BlobCreated", "", "Microsoft.Resources.ResourceWriteSuccessX"]
)
def test_an_event_of_another_kind_is_dropped(town: Town, kind: str) -> None:
    event = cluster_event(town)
    event["eventType"] = kind
    town.deliver_event(event)
    assert town.post.letters == []


def test_a_forged_event_causes_reads_only(town: Town) -> None:
    """It may claim what it likes: all that is taken from it is the name of a cluster."""
    forged = copy.deepcopy(cluster_event(town))
    town.arm("DELETE", str(town.id_of()))
    town.azure.advance(600)
    town.azure.event_grid.take()
    forged["data"] |= {
        "claims": {"roles": "Owner"},
        "authorization": {"scope": "/", "action": "*", "evidence": {"principalId": FOREIGN}},
        "resourceUri": "/subscriptions/..",
    }
    for _ in range(10):
        town.deliver_event(forged)
    town.run(30, events=False)
    assert town.calls("PUT") == town.calls("POST") == town.calls("DELETE") == 0
    assert town.calls("GET", "managedClusters/c1") == 10
    assert list(town.app.store.all()) == []


def test_a_hundred_duplicates_of_an_event_cost_no_write_and_no_lasting_message(town: Town) -> None:
    town.make_cluster()
    town.azure.advance(120)
    town.app.queues.wake(town.id_of())
    town.run(1, events=False)
    writes = town.calls("PUT")
    event = cluster_event_of(town)
    for _ in range(100):
        town.deliver_event(event)
    town.run(0.1, events=False)
    assert town.calls("PUT") == writes
    most = 0
    for _ in range(20):
        town.run(0.25, events=False)
        most = max(most, town.turns_waiting())
    assert most <= 12
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")
    town.run(65)
    assert town.post.letters == []


def cluster_event_of(town: Town) -> dict[str, Any]:
    """An event as ARM would write it about the cluster that is there."""
    return {
        "id": "1",
        "subject": str(town.id_of()),
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "eventTime": town.clock.now().isoformat(),
        "topic": f"/subscriptions/{town.subscription}",
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": {},
    }


def test_a_storm_spread_over_the_clusters_life_leaves_few_messages(town: Town) -> None:
    """Duplicates that find a turn pending add none of their own."""
    town.request(parameters={"subnet": town.subnet})
    most = 0
    for _ in range(60):
        town.deliver_event(cluster_event_of(town))
        town.deliver_event(cluster_event_of(town))
        town.run(0.25)
        most = max(most, town.turns_waiting())
    assert most <= 12
    assert town.calls("PUT", "managedClusters/c1") == 1
    assert town.calls("PUT", "roleAssignments") == 2


def test_two_turns_at_once_are_harmless(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """One turn reads the cluster, another takes the whole turn meanwhile and saves first."""
    town.request(parameters={"subnet": town.subnet})
    town.run(0.2)
    read = town.app.arm.get_cluster
    inside: list[bool] = []

    def read_and_be_overtaken(cluster: ClusterId) -> Cluster | None:
        seen = read(cluster)
        if not inside:
            inside.append(True)
            town.app.reconciler.turn(cluster)
        return seen

    with monkeypatch.context() as overtaking:
        overtaking.setattr(town.app.arm, "get_cluster", read_and_be_overtaken)
        town.app.reconciler.turn(town.id_of())
    assert inside
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")
    assert town.calls("PUT", "managedClusters/c1") == 1
