"""Events on their way to a queue in Azurite."""

from __future__ import annotations

import base64
import json

from azure.storage.queue import QueueClient

from tests.emulator_access.stage import Stage
from tests.emulator_access.webhook import eventually


def queue_of(storage: str, **settings: object) -> dict[str, object]:
    return {
        "endpointType": "StorageQueue",
        "connectionString": storage,
        "queueName": "events",
        **settings,
    }


def test_a_storage_queue_receives_base64_of_one_event(stage: Stage, storage: str) -> None:
    with QueueClient.from_connection_string(storage, "events") as queue:
        queue.create_queue()
        stage.subscribe(destination=queue_of(storage))
        subject = stage.finish()
        eventually(lambda: stage.event_grid.delivery.delivered, "the message is taken")
        message = queue.receive_message()
    assert message is not None
    assert json.loads(base64.b64decode(message.content))["subject"] == subject


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
