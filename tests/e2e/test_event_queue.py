"""The event subscription leads to a queue: no event comes to the app from outside.

Its timer comes once a year, so whatever happens is heard by the queue.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueServiceClient

from infra.stack.process import wait_until
from tests.e2e.deployment import EVENTS, RECONCILE, Deployment, until
from tests.e2e.test_doctor import diagnosis, well

pytestmark = pytest.mark.e2e

POISON = f"{EVENTS}-poison"
CLAIMED = "claims"  # every event of the emulator has some, as Azure's have


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("queue")
    with Deployment(folder, event_delivery="queue") as deployment:
        yield deployment


@pytest.fixture(autouse=True)
def calm(deployment: Deployment) -> None:
    until(deployment.calm)


@pytest.fixture
def queues(deployment: Deployment) -> Iterator[QueueServiceClient]:
    storage = deployment.stack.environment["WORK_STORAGE"]
    with QueueServiceClient.from_connection_string(storage) as service:
        yield service


def event_of(deployment: Deployment, name: str) -> dict[str, Any]:
    """An event about a cluster as the emulator published it."""
    until(lambda: deployment.azure.events_of(name))
    event = deployment.azure.events_of(name)[0]
    assert event["data"][CLAIMED]
    return event


def test_a_cluster_made_by_others_becomes_ready(deployment: Deployment) -> None:
    deployment.azure.create_cluster("found")
    until(lambda: deployment.ready("found"))
    assert deployment.azure.granted("found") == deployment.azure.needed("found")


def test_assignments_that_were_removed_are_there_again(deployment: Deployment) -> None:
    deployment.azure.create_cluster("drifts")
    until(lambda: deployment.ready("drifts"))
    until(deployment.calm)
    for each in deployment.azure.assignments("drifts"):
        deployment.azure.remove_assignment(each["id"])
    assert deployment.azure.granted("drifts") != deployment.azure.needed("drifts")
    needed = deployment.azure.needed("drifts")
    until(lambda: deployment.azure.granted("drifts") == needed)


def test_lost_events_are_made_good_by_the_timer(deployment: Deployment) -> None:
    deployment.azure.spoil_events("drop", "lost", 100)
    deployment.azure.create_cluster("lost")
    until(lambda: deployment.azure.cluster("lost"))
    deployment.tick()
    until(lambda: deployment.ready("lost"))
    assert deployment.azure.granted("lost") == deployment.azure.needed("lost")


def test_doubled_and_late_events_write_each_grant_once(deployment: Deployment) -> None:
    deployment.azure.spoil_events("delay", "doubled", 1, delaySeconds=2)
    deployment.azure.create_cluster("doubled")
    event = event_of(deployment, "doubled")
    for number in range(20):
        text = json.dumps(event)
        if number % 2:
            deployment.send(EVENTS, text)
        else:
            deployment.send_raw(EVENTS, text)
    until(lambda: deployment.ready("doubled"))
    until(deployment.calm)
    made = [each["id"].lower() for each in deployment.azure.assignments("doubled")]
    created = [path for path, status in deployment.azure.app_writes() if status == 201]
    assert sorted(path for path in created if path in made) == sorted(made)


def test_what_is_no_event_is_told_without_its_text_and_holds_up_nothing(
    deployment: Deployment,
) -> None:
    deployment.send_raw(EVENTS, "Somebody Private")
    deployment.send(EVENTS, '{"subject": 7, "name": "Somebody Private"}')
    until(lambda: len(deployment.rejections("not kept")) == 2)
    assert deployment.rejections("Private") == []
    assert {each.reason for each in deployment.rejections("not kept")} == {"EventUnreadable"}
    assert deployment.waiting(POISON) == 0


def test_an_event_that_failed_five_times_is_kept_without_claims(
    deployment: Deployment, queues: QueueServiceClient
) -> None:
    """Nobody can be woken while there is no queue to wake by."""
    deployment.azure.create_cluster("poisoned")
    event = event_of(deployment, "poisoned")
    until(lambda: deployment.ready("poisoned"))
    until(deployment.calm)
    queues.delete_queue(RECONCILE)
    deployment.send(EVENTS, json.dumps(event))
    until(lambda: deployment.rejections(event["subject"]))
    assert wait_until(lambda: _made(queues, RECONCILE), 60)
    (kept,) = deployment.rejections(event["subject"])
    assert (kept.reason, kept.queue) == ("Poisoned", EVENTS)
    assert json.loads(kept.text).keys() == {"eventType", "subject"}
    turn = deployment.record("poisoned")
    deployment.send(EVENTS, kept.text.decode())  # what `poison retry` does
    until(lambda: deployment.record("poisoned") != turn)
    until(deployment.calm)


def test_doctor_finds_the_deployment_well(deployment: Deployment, tmp_path: Path) -> None:
    deployment.tick()
    until(lambda: {"events", "queues"} <= well(diagnosis(deployment, tmp_path)), seconds=60)


def _made(queues: QueueServiceClient, name: str) -> bool:
    """A queue that is being deleted cannot be made yet."""
    try:
        queues.create_queue(name).close()
    except ResourceExistsError:
        return False
    return True
