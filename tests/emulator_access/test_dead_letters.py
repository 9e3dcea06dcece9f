"""Events that are given up; they become blobs, where a subscription names a container for them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.emulator_access.stage import Stage
from tests.emulator_access.webhook import Webhook, eventually


@pytest.fixture
def container(storage: str) -> Iterator[ContainerClient]:
    with BlobServiceClient.from_connection_string(storage) as service:
        yield service.create_container("letters")


def destination(storage: str) -> dict[str, str]:
    return {
        "endpointType": "StorageBlob",
        "connectionString": storage,
        "blobContainerName": "letters",
    }


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


@pytest.mark.parametrize(
    ("schema", "kind", "reason"),
    [
        ("EventGridSchema", "eventType", "deadLetterReason"),
        ("CloudEventSchemaV1_0", "type", "deadletterreason"),
    ],
)
def test_a_letter_is_an_array_under_the_subscriptions_name_in_its_schema(
    stage: Stage,
    webhook: Webhook,
    container: ContainerClient,
    storage: str,
    schema: str,
    kind: str,
    reason: str,
) -> None:
    stage.subscribe_webhook(
        webhook, eventDeliverySchema=schema, deadLetterDestination=destination(storage)
    )
    webhook.answers.append(400)
    subject = stage.finish()
    eventually(lambda: list(container.list_blob_names()) != [], "the blob is written")
    (name,) = container.list_blob_names()
    ((letter),) = json.loads(container.download_blob(name).readall())
    now = stage.world.clock.now()
    assert name.startswith(f"CLUSTERS/{now.year}/{now.month}/{now.day}/{now.hour}/")
    assert name.endswith(".json")
    assert (letter["subject"], letter[kind]) == (
        subject,
        "Microsoft.Resources.ResourceWriteSuccess",
    )
    assert letter[reason] == "UndeliverableDueToClientError"


def test_the_container_is_shown_without_its_key(
    stage: Stage, webhook: Webhook, storage: str
) -> None:
    stage.subscribe_webhook(webhook, deadLetterDestination=destination(storage))
    shown = stage.event_grid.subscriptions()["clusters"].to_json("clusters")
    assert shown["deadLetterDestination"] == {
        "endpointType": "StorageBlob",
        "blobContainerName": "letters",
    }
    assert "AccountKey" not in json.dumps(shown)
