"""Event Grid delivers at least once, late, in any order, or not at all: the end is the same."""

from functools import partial

import pytest

from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e

MANY = 100  # more events than a cluster has
ASKED = ["asked-lost", "asked-late", "asked-swapped", "asked-tenfold"]
FOUND = ["found-lost", "found-late", "found-swapped", "found-tenfold"]


@pytest.fixture(scope="module", autouse=True)
def written_before(deployment: Deployment) -> int:
    """All clusters at the same time, each with its own weather; the writes made before them."""
    azure = deployment.azure
    before = len(azure.app_writes())
    for name in ASKED + FOUND:
        if name.endswith("lost"):
            azure.spoil_events("drop", name, MANY)
        if name.endswith("late"):
            azure.spoil_events("delay", name, MANY, delaySeconds=5)
        if name.endswith("swapped"):
            azure.spoil_events("reorder", name, 2, holdSeconds=10)
    for name in ASKED:
        deployment.ask(name)
    for name in FOUND:
        azure.create_cluster(name)
    for name in ("asked-tenfold", "found-tenfold"):
        until(partial(azure.events_of, name))
        deployment.notify(azure.events_of(name) * 10)
    deployment.tick()  # nothing else would ever find this one
    return before


@pytest.mark.parametrize("name", ASKED + FOUND)
def test_the_cluster_becomes_ready_with_exactly_its_assignments(
    deployment: Deployment, name: str
) -> None:
    until(lambda: deployment.ready(name))
    assert deployment.azure.granted(name) == deployment.azure.needed(name)


def test_every_event_of_the_lost_ones_was_lost(deployment: Deployment) -> None:
    until(lambda: all(deployment.ready(name) for name in ASKED + FOUND))
    rules = deployment.azure.control("GET", "/event-faults")["value"]
    left = {rule["subjectContains"]: rule["left"] for rule in rules if rule["kind"] == "drop"}
    for name in ("asked-lost", "found-lost"):
        happened = len(deployment.azure.events_of(name))
        assert happened > 0
        assert left[deployment.azure.id_of(name)] == MANY - happened


def test_each_cluster_is_created_once_and_each_grant_is_written_once(
    deployment: Deployment, written_before: int
) -> None:
    until(lambda: all(deployment.ready(name) for name in ASKED + FOUND))
    until(deployment.calm)
    writes = deployment.azure.app_writes()[written_before:]
    effects = sorted(path for path, status in writes if status == 201)
    grants = [each["id"] for name in ASKED + FOUND for each in deployment.azure.assignments(name)]
    clusters = [deployment.azure.id_of(name) for name in ASKED]
    assert effects == sorted(path.lower() for path in clusters + grants)
    # Two turns at once may send the same write: it has the same name, so it has no effect.
    assert {path for path, _ in writes} == set(effects)
