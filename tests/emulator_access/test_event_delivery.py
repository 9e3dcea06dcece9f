"""Events on their way to real listeners: a webhook on a loopback port, a queue in Azurite."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import msgspec
import pytest
from azure.storage.queue import QueueClient

from infra.emulator.clock import ManualClock
from infra.emulator.event_grid import EventGrid
from infra.emulator.event_subscriptions import EventSubscription, WebHook
from infra.emulator.knobs import Knobs
from infra.emulator.world import ArmChange, World
from tests.emulator_access.webhook import Webhook, eventually, serving

CLUSTER_WRITE = "Microsoft.ContainerService/managedClusters/write"


class Stage:
    """A world with Event Grid, and ARM operations that end when told."""

    def __init__(self) -> None:
        self.world = World(Knobs(webhook_timeout_seconds=10.0), ManualClock())
        self.event_grid = EventGrid(self.world)
        self.person = self.world.directory.create("somebody")

    def finish(
        self,
        name: str = "c1",
        operation: str = CLUSTER_WRITE,
        status: str = "Succeeded",
        existed: bool = False,
    ) -> str:
        """An ARM operation ends; the id of its resource."""
        subject = (
            f"/subscriptions/{self.world.subscription_ids[0]}/resourceGroups/rg/providers/"
            f"{operation.rpartition('/')[0]}/{name}"
        )
        with self.world.lock:
            self.world.changed(
                ArmChange(subject, operation, status, self.person, "correlation", existed)
            )
        return subject

    def subscribe(self, **settings: object) -> None:
        """Subscribe and wait for the handshake's end."""
        document = {"filter": {}, **settings}
        made = self.event_grid.subscribe("clusters", msgspec.convert(document, EventSubscription))
        eventually(lambda: made.state != "Creating", "the handshake ends")

    def subscribe_webhook(self, webhook: Webhook, **settings: object) -> None:
        """Subscribe a webhook."""
        destination = {"endpointType": "WebHook", "endpointUrl": webhook.url}
        self.subscribe(destination=destination, **settings)

    @property
    def state(self) -> str:
        """The subscription's provisioning state."""
        return self.event_grid.subscriptions()["clusters"].state

    def advance(self, seconds: float) -> None:
        """Let emulated time pass."""
        self.world.advance(seconds)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.event_grid.close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving() as listening:
        yield listening


def test_a_webhook_that_answers_the_handshake_receives_events(
    stage: Stage, webhook: Webhook
) -> None:
    stage.subscribe_webhook(webhook)
    subject = stage.finish()
    eventually(webhook.subjects, "the event arrives")
    handshake, notification = webhook.received
    assert handshake.headers["aeg-event-type"] == "SubscriptionValidation"
    assert notification.path == "/events?code=secret"
    assert notification.headers["aeg-subscription-name"] == "CLUSTERS"
    assert notification.headers["aeg-delivery-count"] == "0"
    event = notification.body[0]
    assert event["subject"] == event["data"]["resourceUri"] == subject
    assert event["eventType"] == "Microsoft.Resources.ResourceWriteSuccess"
    assert event["data"]["operationName"] == CLUSTER_WRITE
    assert "httpRequest" not in event["data"]


def test_a_webhook_that_fails_the_handshake_receives_nothing(
    stage: Stage, webhook: Webhook
) -> None:
    webhook.shakes_hands = False
    stage.subscribe_webhook(webhook)
    assert stage.state == "Failed"
    stage.finish()
    assert webhook.subjects() == []


def test_cloud_events_shake_hands_by_options_and_arrive_one_by_one(
    stage: Stage, webhook: Webhook
) -> None:
    stage.subscribe_webhook(webhook, eventDeliverySchema="CloudEventSchemaV1_0")
    stage.finish()
    eventually(webhook.notifications, "the event arrives")
    handshake, notification = webhook.received
    assert handshake.method == "OPTIONS"
    assert notification.headers["content-type"].startswith("application/cloudevents+json")
    assert notification.body["specversion"] == "1.0"
    assert notification.body["type"] == "Microsoft.Resources.ResourceWriteSuccess"


def test_a_failing_webhook_is_tried_again_on_the_schedule(stage: Stage, webhook: Webhook) -> None:
    stage.subscribe_webhook(webhook)
    webhook.answers.extend([500, 202])
    stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.advance(9)
    assert len(webhook.notifications()) == 1
    stage.advance(1)
    eventually(lambda: stage.event_grid.delivery.delivered, "the retry arrives")
    counts = [each.headers["aeg-delivery-count"] for each in webhook.received[1:]]
    assert counts == ["0", "1"]
    assert stage.world.next_due() is None


def test_a_404_waits_five_minutes(stage: Stage, webhook: Webhook) -> None:
    stage.subscribe_webhook(webhook)
    webhook.answers.append(404)
    stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.advance(299)
    assert len(webhook.notifications()) == 1
    stage.advance(1)
    eventually(lambda: len(webhook.notifications()) == 2, "the retry arrives")


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_answers_that_blame_the_client_go_to_the_dead_letters_at_once(
    stage: Stage, webhook: Webhook, status: int
) -> None:
    stage.subscribe_webhook(webhook)
    webhook.answers.append(status)
    subject = stage.finish()
    letters = stage.event_grid.delivery.dead_letters
    eventually(lambda: letters, "the event is given up")
    document = letters[0].to_json()
    assert document["subject"] == subject
    assert document["deadLetterReason"] == "UndeliverableDueToClientError"
    assert document["deliveryAttempts"] == 1


def test_the_last_attempt_ends_in_the_dead_letters(stage: Stage, webhook: Webhook) -> None:
    stage.subscribe_webhook(webhook, retryPolicy={"maxDeliveryAttempts": 2})
    webhook.answers.extend([500, 500])
    stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.advance(10)
    letters = stage.event_grid.delivery.dead_letters
    eventually(lambda: letters, "the event is given up")
    assert letters[0].to_json()["deadLetterReason"] == "MaxDeliveryAttemptsExceeded"


def test_an_event_too_old_to_try_again_ends_in_the_dead_letters(
    stage: Stage, webhook: Webhook
) -> None:
    stage.subscribe_webhook(webhook, retryPolicy={"eventTimeToLiveInMinutes": 0})
    webhook.answers.append(500)
    stage.finish()
    letters = stage.event_grid.delivery.dead_letters
    eventually(lambda: letters, "the event is given up")
    assert letters[0].to_json()["deadLetterReason"] == "TimeToLiveExceeded"


def test_a_listener_that_was_down_gets_the_event_once_it_is_up(stage: Stage) -> None:
    with serving() as down:
        stage.subscribe_webhook(down)
    subject = stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    with serving(down.port) as up:
        stage.advance(10)
        eventually(up.subjects, "the retry arrives")
    assert up.subjects() == [subject]


def test_a_retry_goes_where_the_subscription_points_now(stage: Stage, webhook: Webhook) -> None:
    with serving() as gone:
        stage.subscribe_webhook(gone)
    subject = stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.subscribe_webhook(webhook)
    stage.advance(10)
    eventually(webhook.subjects, "the retry arrives")
    assert webhook.subjects() == [subject]


def test_what_is_bound_for_a_deleted_subscription_is_dropped(
    stage: Stage, webhook: Webhook
) -> None:
    stage.subscribe_webhook(webhook)
    webhook.answers.append(500)
    stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.event_grid.unsubscribe("clusters")
    stage.advance(86_400)
    assert stage.world.next_due() is None
    stage.subscribe_webhook(webhook)
    later = stage.finish("later")
    eventually(lambda: later in webhook.subjects(), "the later event arrives")
    assert len(webhook.subjects()) == 2


def test_only_events_that_pass_the_filter_are_delivered(stage: Stage, webhook: Webhook) -> None:
    operations = {
        "operatorType": "StringIn",
        "key": "Data.OperationName",
        "values": [CLUSTER_WRITE.lower()],
    }
    stage.subscribe_webhook(
        webhook,
        filter={
            "includedEventTypes": ["Microsoft.Resources.ResourceWriteSuccess"],
            "advancedFilters": [operations],
        },
    )
    stage.finish("other", operation="Microsoft.Network/virtualNetworks/write")
    stage.finish("failed", status="Failed")
    wanted = stage.finish("wanted")
    eventually(webhook.subjects, "the event arrives")
    assert webhook.subjects() == [wanted]
    assert len(stage.event_grid.published) == 3


def test_a_storage_queue_receives_base64_of_one_event(stage: Stage, storage: str) -> None:
    with QueueClient.from_connection_string(storage, "events") as queue:
        queue.create_queue()
        stage.subscribe(
            destination={
                "endpointType": "StorageQueue",
                "connectionString": storage,
                "queueName": "events",
            }
        )
        subject = stage.finish()
        eventually(lambda: stage.event_grid.delivery.delivered, "the message is taken")
        message = queue.receive_message()
    assert message is not None
    assert json.loads(base64.b64decode(message.content))["subject"] == subject


def queue_of(storage: str, **settings: object) -> dict[str, object]:
    return {
        "endpointType": "StorageQueue",
        "connectionString": storage,
        "queueName": "events",
        **settings,
    }


def test_a_message_lives_as_long_as_the_subscription_says(stage: Stage, storage: str) -> None:
    with QueueClient.from_connection_string(storage, "events") as queue:
        queue.create_queue()
        stage.subscribe(destination=queue_of(storage, queueMessageTimeToLiveInSeconds=300))
        stage.finish()
        eventually(lambda: stage.event_grid.delivery.delivered, "the message is taken")
        (message,) = queue.peek_messages()
    assert message.expires_on and message.inserted_on
    assert (message.expires_on - message.inserted_on).total_seconds() == 300


def test_a_queue_that_is_not_there_yet_gets_the_event_once_it_is(
    stage: Stage, storage: str
) -> None:
    stage.subscribe(destination=queue_of(storage))
    subject = stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    with QueueClient.from_connection_string(storage, "events") as queue:
        queue.create_queue()
        stage.advance(300)
        eventually(lambda: stage.event_grid.delivery.delivered, "the retry arrives")
        (message,) = queue.peek_messages()
    assert json.loads(base64.b64decode(message.content))["subject"] == subject


def test_an_event_that_no_message_has_room_for_is_given_up_at_once(
    stage: Stage, storage: str
) -> None:
    with QueueClient.from_connection_string(storage, "events") as queue:
        queue.create_queue()
        stage.subscribe(destination=queue_of(storage))
        stage.finish("x" * 48 * 1024)
        letters = stage.event_grid.delivery.dead_letters
        eventually(lambda: letters, "the event is given up")
        assert list(queue.peek_messages()) == []


def test_what_is_shown_of_a_subscription_holds_no_keys(stage: Stage, webhook: Webhook) -> None:
    stage.subscribe_webhook(webhook)
    shown = json.dumps(stage.event_grid.subscriptions()["clusters"].to_json("clusters"))
    assert "secret" not in shown
    assert "/events" in shown


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://127.0.0.1/x", "http://127.0.0.1.example.com/", "x"]
)
def test_events_never_leave_the_machine(url: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        WebHook(url)


@pytest.mark.parametrize("port", ["0", "70000", "x"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)port|endpointUrl"):
        WebHook(f"http://127.0.0.1:{port}/")


def test_updates_and_deletes_say_so(stage: Stage) -> None:
    stage.finish(existed=True)
    stage.finish(
        operation="Microsoft.ContainerService/managedClusters/delete",
        status="Canceled",
        existed=True,
    )
    update, delete = stage.event_grid.take()
    assert update["data"]["httpRequest"]["method"] == "PUT"
    assert delete["eventType"] == "Microsoft.Resources.ResourceDeleteCancel"
    assert delete["data"]["httpRequest"]["method"] == "DELETE"
    assert stage.event_grid.take() == []
