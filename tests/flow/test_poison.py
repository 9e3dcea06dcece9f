"""What cannot be worked off leaves a trace: on the cluster's record, or as a rejection."""

import base64
import json

import azure.functions as func
import pytest
from azure.storage.queue import QueueServiceClient

import function_app
from shared import queues
from shared.settings import WorkStorage
from tests.flow.town import Town

REQUEST = {
    "apiVersion": "grantkeeper/v1",
    "requestId": "r-9",
    "profile": "default",
    "resourceGroup": "clusters",
    "name": "c9",
    "location": "westus2",
}


def poisoned(text: bytes) -> func.QueueMessage:
    return func.QueueMessage(body=text)


def test_a_poisoned_request_is_kept_with_its_id_and_text(town: Town) -> None:
    text = json.dumps(REQUEST).encode()
    function_app.request_poisoned(poisoned(text))
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.request_id) == ("Poisoned", "r-9")
    assert (rejection.text, rejection.queue) == (text, queues.REQUESTS)


def test_a_poisoned_request_that_was_recorded_shows_on_the_record_and_goes_on(town: Town) -> None:
    """Its wake-up failed five times, not the request."""
    town.request("c9", requestId="r-9")
    town.deliver_due()
    town.post.letters.clear()
    function_app.request_poisoned(poisoned(json.dumps(REQUEST).encode()))
    assert town.status("Stalled", "c9") == ("True", "Poisoned")
    assert town.rejections() == []
    town.run_until(lambda: town.ready("c9"), events=False)


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[" * 60_000, b"hello"])
def test_poison_that_is_no_request_is_kept_too(town: Town, text: bytes) -> None:
    function_app.request_poisoned(poisoned(text))
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.text) == ("Poisoned", text)


def test_a_poisoned_turn_shows_on_the_record_and_the_timer_takes_the_cluster_up_again(
    town: Town,
) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    town.post.letters.clear()
    function_app.reconcile_poisoned(poisoned(str(town.id_of()).encode()))
    assert town.status("Stalled") == ("True", "Poisoned")
    town.run_until(town.ready, events=False)
    assert town.status("Stalled") == ("False", "Reconciled")


def test_a_poisoned_turn_of_an_unknown_cluster_shows_too(town: Town) -> None:
    function_app.reconcile_poisoned(poisoned(str(town.id_of("new")).encode()))
    assert town.status("Stalled", "new") == ("True", "Poisoned")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"hello", "InvalidId"),
        (b"\xff", "InvalidId"),
        (
            b"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g/providers"
            b"/Microsoft.ContainerService/managedClusters/c",
            "SubscriptionNotManaged",
        ),
    ],
)
@pytest.mark.parametrize("door", ["reconcile_cluster", "reconcile_poisoned"])
def test_a_turn_that_names_no_cluster_of_ours_is_a_rejection(
    town: Town, door: str, text: bytes, reason: str
) -> None:
    getattr(function_app, door)(poisoned(text))
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.text) == (reason, text)
    assert rejection.queue == queues.RECONCILE
    assert town.calls() == 0


def test_wake_ups_and_requests_are_sent_in_base64(storage: str, town: Town) -> None:
    with QueueServiceClient.from_connection_string(storage) as client:
        for name in (queues.REQUESTS, queues.RECONCILE):
            client.create_queue(name).close()
        post = queues.connect(WorkStorage(connection_string=storage), None)
        post.wake(town.id_of())
        post.submit(b'{"a": 1}')
        post.close()
        texts = []
        for name in (queues.RECONCILE, queues.REQUESTS):
            with client.get_queue_client(name) as queue:
                texts += [base64.b64decode(m.content) for m in queue.peek_messages()]
    assert texts == [str(town.id_of()).encode(), b'{"a": 1}']
