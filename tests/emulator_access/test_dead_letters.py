"""Events that are given up become blobs, where a subscription names a container for them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.emulator_access.test_event_delivery import Stage
from tests.emulator_access.webhook import Webhook, eventually, serving


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.event_grid.close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving() as found:
        yield found


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
