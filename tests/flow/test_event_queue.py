"""Events may come by a queue instead: what they do is the same, and nothing of them is kept."""

import base64
import json
from typing import Any

import azure.functions as func
import msgspec
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.queue import QueueClient

import function_app
from infra.emulator.event_subscriptions import EventSubscription
from infra.emulator.resource_events import to_cloud_event
from shared import queues
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.emulator_access.webhook import eventually
from tests.flow.conftest import Found
from tests.flow.ground import remove, whole
from tests.flow.town import Town

A_MINUTE = 1
FOREIGN = "11111111-2222-3333-4444-555555555555"
WRITTEN = "Microsoft.Resources.ResourceWriteSuccess"
DELETED = "Microsoft.Resources.ResourceDeleteSuccess"
CLUSTER = (
    "/subscriptions/{0}/resourceGroups/clusters/providers/Microsoft.ContainerService"
    "/managedClusters/c1"
)
PRIVATE = "Somebody Private"


@pytest.fixture
def town(found_town: Found) -> Town:
    """A town whose event subscription leads to the queue."""
    town = found_town()
    town.events_by_queue = True
    return town


def event(subject: object, kind: object = WRITTEN) -> dict[str, Any]:
    """An event in Event Grid's schema, with what is nobody's business."""
    return {
        "id": "1",
        "topic": "/subscriptions/x",
        "subject": subject,
        "eventType": kind,
        "eventTime": "2026-01-01T00:00:00Z",
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": {"claims": {"name": PRIVATE}},
    }


def in_base64(document: object) -> bytes:
    return base64.b64encode(json.dumps(document).encode())


def heard(text: bytes) -> None:
    function_app.cluster_event_queued(func.QueueMessage(body=text))


def poisoned(text: bytes) -> None:
    function_app.cluster_event_poisoned(func.QueueMessage(body=text))


def woken(town: Town) -> list[tuple[str, str]]:
    """The queues and texts of the letters that wait, which are taken away."""
    found = sorted((letter.queue, letter.text) for letter in town.post.letters)
    town.post.letters.clear()
    return found


# --- what events do -----------------------------------------------------------------------------


def test_a_cluster_made_by_others_is_found_and_becomes_ready(town: Town) -> None:
    town.make_cluster()
    town.run_until(town.ready, timer=False)
    assert town.grants_made() == town.expected_grants("c1")


@pytest.mark.parametrize("role", [NETWORK_CONTRIBUTOR, ACR_PULL])
def test_an_assignment_that_was_removed_is_there_again(town: Town, role: str) -> None:
    town.make_cluster()
    town.run_until(lambda: town.ready() and town.record().settled)
    remove(town, role)
    town.run_until(lambda: whole(town), minutes=A_MINUTE, timer=False)
    town.run_until(town.ready)


def test_doubled_events_cost_no_write_and_no_lasting_message(town: Town) -> None:
    town.make_cluster()
    town.azure.advance(300)
    told = town.azure.event_grid.take()
    for each in told * 10:
        town.deliver_event(each)
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")
    assert town.calls("PUT", "roleAssignments", 201) == 2
    town.run(65)
    assert town.post.letters == []


def test_lost_events_are_made_good_by_the_timer(town: Town) -> None:
    town.make_cluster()
    town.run_until(town.ready, events=False)
    assert town.grants_made() == town.expected_grants("c1")


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (WRITTEN, CLUSTER),
        (DELETED, CLUSTER),
        (WRITTEN, f"{CLUSTER}/agentPools/np"),
        (WRITTEN, CLUSTER.replace("resourceGroups", "resourcegroups")),
        ("Microsoft.Storage.BlobCreated", CLUSTER),
        ("", CLUSTER),
        (WRITTEN, ""),
        (WRITTEN, f"{CLUSTER}/../c2"),
        (WRITTEN, f"{CLUSTER}?x=1"),
        (WRITTEN, CLUSTER.format(FOREIGN)),
        (DELETED, f"{CLUSTER}/providers/Microsoft.Authorization/roleAssignments/{FOREIGN}"),
    ],
)
@pytest.mark.parametrize("as_cloud_event", [False, True])
def test_both_doors_do_the_same_for_the_same_event(
    town: Town, kind: str, subject: str, as_cloud_event: bool
) -> None:
    about = event(subject.format(town.subscription), kind)
    document = to_cloud_event(about) if as_cloud_event else about
    town.events_by_queue = False
    town.deliver_event(document)
    by_function = woken(town)
    heard(in_base64(document))
    assert woken(town) == by_function
    heard(json.dumps(document).encode())
    assert woken(town) == by_function
    assert town.rejections() == []


def test_both_doors_wake_the_cluster_whose_assignment_was_removed(town: Town) -> None:
    town.make_cluster()
    town.run_until(lambda: town.ready() and town.record().settled)
    remove(town, ACR_PULL)
    (told,) = (e for e in town.azure.event_grid.take() if "roleAssignments" in e["subject"])
    woken(town)
    town.events_by_queue = False
    town.deliver_event(told)
    by_function = woken(town)
    assert by_function == [(queues.RECONCILE, str(town.id_of()))]
    heard(in_base64(told))
    assert woken(town) == by_function


def test_what_the_emulated_event_grid_puts_on_a_queue_is_understood(
    town: Town, storage: str
) -> None:
    """The message as it comes out of storage, which the host hands on as it is."""
    with QueueClient.from_connection_string(storage, queues.EVENTS) as queue:
        queue.create_queue()
        subscription = {
            "destination": {
                "endpointType": "StorageQueue",
                "connectionString": storage,
                "queueName": queues.EVENTS,
            },
            "filter": {"subjectEndsWith": "/managedClusters/c1"},
        }
        grid = town.azure.event_grid
        grid.subscribe("clusters", msgspec.convert(subscription, EventSubscription))
        town.make_cluster()
        town.azure.advance(300)
        eventually(lambda: grid.delivery.delivered, "the event is delivered")
        grid.unsubscribe("clusters")
        for message in queue.receive_messages():
            heard(message.content.encode())
    assert (queues.RECONCILE, str(town.id_of())) in woken(town)


# --- what is kept -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [b"", b"hello", b"\xff\xfe", b"[" * 60_000, b"7", b'{"type": "x"}', b'{"subject": 7}',
     json.dumps(event(7)).encode(), json.dumps(event("x")).encode()[:-1],
     base64.b64encode(b"Somebody Private")],
)  # fmt: skip
@pytest.mark.parametrize("door", [heard, poisoned])
def test_what_cannot_be_read_is_told_without_its_text(
    town: Town, text: bytes, door: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="shared")
    door(text)
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.queue) == ("EventUnreadable", queues.EVENTS)
    assert rejection.text == f"{len(text)} bytes, not kept".encode()
    assert "Private" not in caplog.text
    assert "bytes=" in caplog.text
    assert woken(town) == []


def test_a_message_that_cannot_be_read_hides_no_refused_request(town: Town) -> None:
    town.post.put(queues.REQUESTS, "")
    town.deliver_due()
    heard(b"")
    assert {each.reason for each in town.rejections()} == {"NotJson", "EventUnreadable"}


def test_an_event_comes_again_while_its_cluster_cannot_be_woken(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = in_base64(event(str(town.id_of())))

    def no_queue(*_: object) -> None:
        raise HttpResponseError("the queue is away")

    with monkeypatch.context() as patched:
        patched.setattr(town.post, "wake", no_queue)
        with pytest.raises(HttpResponseError):
            heard(text)
    heard(text)
    assert woken(town) == [(queues.RECONCILE, str(town.id_of()))]


def test_of_a_poisoned_event_only_what_is_read_of_it_is_kept_and_can_be_put_back(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="shared")
    poisoned(in_base64(event(str(town.id_of()))))
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.queue) == ("Poisoned", queues.EVENTS)
    assert json.loads(rejection.text) == {"eventType": WRITTEN, "subject": str(town.id_of())}
    assert "Private" not in caplog.text
    heard(rejection.text)
    assert woken(town) == [(queues.RECONCILE, str(town.id_of()))]


def test_a_poisoned_event_about_nothing_of_ours_is_not_kept(town: Town) -> None:
    for subject in (town.subnet, CLUSTER.format(FOREIGN), f"{PRIVATE} was here"):
        poisoned(in_base64(event(subject)))
    assert town.rejections() == []


def test_a_poisoned_removal_is_kept_with_the_assignment_it_is_about(town: Town) -> None:
    assignment = f"{town.subnet}/providers/Microsoft.Authorization/roleAssignments/{FOREIGN}"
    poisoned(in_base64(event(assignment, DELETED)))
    (rejection,) = town.rejections()
    assert json.loads(rejection.text)["subject"] == assignment
