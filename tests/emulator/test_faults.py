"""Bad weather, as the real client lives through it."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import (
    HttpResponseError,
    IncompleteReadError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.mgmt.containerservice import ContainerServiceClient

from infra.emulator import Emulator, EmulatorTransport
from infra.emulator.faults import Fault

from .town import Town, cluster_body

CLUSTERS = "managedClusters"


@pytest.fixture
def once(emulator: Emulator) -> Any:
    """A client that never tries a second time."""
    return ContainerServiceClient(
        emulator.credential(emulator.app_identity),
        emulator.subscription_id,
        transport=EmulatorTransport(emulator),
        retry_total=0,
    )


def create(client: Any) -> None:
    client.managed_clusters.begin_create_or_update("rg", "c1", cluster_body(), polling=False)


def test_throttling_lasts_as_long_as_it_was_told_and_the_client_waits(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    throttle = Fault("status", path=CLUSTERS, status=429, code="Throttled", retry_after=17, count=2)
    emulator.faults.add(throttle)
    start = emulator.world.clock.now()
    create(aks)
    assert (emulator.world.clock.now() - start).total_seconds() == 34
    statuses = [e.status for e in emulator.world.ledger.entries]
    assert statuses == [429, 429, 201]
    assert emulator.faults.all() == []


def test_a_fault_strikes_only_what_it_is_for(once: Any, emulator: Emulator, town: Town) -> None:
    emulator.faults.add(Fault("status", method="DELETE"))
    emulator.faults.add(Fault("status", path="virtualNetworks"))
    emulator.faults.add(Fault("status", caller="operator"))
    create(once)
    assert town.ask("GET", town.group).status == 503


def test_an_html_page_is_no_json_error(once: Any, emulator: Emulator) -> None:
    emulator.faults.add(Fault("html", status=502))
    with pytest.raises(HttpResponseError) as failed:
        once.managed_clusters.get("rg", "c1")
    assert (failed.value.status_code, failed.value.error) == (502, None)


def test_a_reset_before_the_work_leaves_nothing_done(
    once: Any, emulator: Emulator, town: Town
) -> None:
    emulator.faults.add(Fault("reset", method="PUT"))
    with pytest.raises(ServiceResponseError):
        create(once)
    assert emulator.clusters.all() == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("reset_after_commit"), ServiceResponseError),
        (Fault("truncate"), IncompleteReadError),
        (Fault("slow", seconds=301), ServiceResponseTimeoutError),
    ],
)
def test_an_answer_that_is_lost_leaves_the_work_done(
    once: Any, emulator: Emulator, town: Town, fault: Fault, error: Any
) -> None:
    emulator.faults.add(fault)
    with pytest.raises(error):
        create(once)
    assert [cluster.name for cluster in emulator.clusters.all()] == ["c1"]


def test_stale_reads_show_what_was_before_and_end_with_time(
    once: Any, emulator: Emulator, town: Town
) -> None:
    town.steer("PATCH", "/knobs", {"stale_read_probability": 1.0, "stale_read_seconds": 60})
    path = town.id("Microsoft.ContainerService/managedClusters", "c1")
    create(once)
    assert town.ask("GET", path).status == 404
    assert list(once.managed_clusters.list()) != []
    emulator.advance(61)
    assert town.ask("GET", path).status == 200


def test_a_stale_answer_is_not_broken_by_what_befell_an_earlier_one(
    emulator: Emulator, town: Town
) -> None:
    town.steer("PATCH", "/knobs", {"stale_read_probability": 1.0})
    emulator.faults.add(Fault("reset_after_commit", method="GET", count=1))
    assert town.ask("GET", town.group).broken == "reset"
    town.ask("PATCH", town.group, {"tags": {"a": "b"}})
    stale = town.ask("GET", town.group)
    assert (stale.broken, stale.body["tags"]) == (None, {})


def test_a_stale_answer_about_the_caller_stays_the_callers(emulator: Emulator, town: Town) -> None:
    town.steer("PATCH", "/knobs", {"stale_read_probability": 1.0})
    path = f"{town.group}/providers/Microsoft.Authorization/permissions"
    reader = emulator.world.directory.create("reader")
    emulator.role_assignments.seed(town.group, reader.object_id, "Reader")
    own = town.ask("GET", path).body
    assert town.ask("GET", path, caller=reader).body != own
    assert town.ask("GET", path).body == own


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"kind": "flood"}, "flood"),
        ({"kind": "slow", "colour": "red"}, "colour"),
        ({}, "kind"),
        ({"kind": "html", "path": "("}, "path"),
        ({"kind": "status", "status": 99}, "status"),
        ({"kind": "slow", "seconds": -1}, "seconds"),
        ({"kind": "reset", "count": 0}, "count"),
        ({"kind": "reset", "probability": 7}, "probability"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(
    town: Town, document: dict[str, object], named: str
) -> None:
    answer = town.steer("POST", "/faults", document)
    assert answer.status == 400
    assert named in answer.body["error"]["message"]
    assert town.emulator.faults.all() == []
