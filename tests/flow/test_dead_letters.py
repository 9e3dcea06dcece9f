"""Events that Event Grid gave up are heard by the timer; their blobs go, unreadable ones stay."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from azure.core.exceptions import HttpResponseError
from azure.functions import meta
from azure.storage.blob import BlobServiceClient, ContainerClient

import function_app
from infra.emulator.event_subscriptions import EventSubscription
from shared import dead_letters
from shared.settings import WorkStorage
from tests.emulator_access.webhook import eventually
from tests.flow.town import Town

WRITTEN = "Microsoft.Resources.ResourceWriteSuccess"


@pytest.fixture
def container(storage: str) -> Iterator[ContainerClient]:
    """The container as a deployment makes it."""
    with BlobServiceClient.from_connection_string(storage) as service:
        yield service.create_container(dead_letters.CONTAINER)


def event(subject: object, kind: object = WRITTEN, **more: Any) -> dict[str, Any]:
    """An event in Event Grid's schema, with what is nobody's business."""
    claims = {"data": {"claims": {"name": "Somebody Private"}}}
    return {"id": "1", "subject": subject, "eventType": kind, **claims, **more}


def write(container: ContainerClient, name: str, content: object) -> None:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    container.upload_blob(f"CLUSTERS/2026/1/1/0/{name}.json", text)


def names(container: ContainerClient) -> list[str]:
    return [name.rpartition("/")[2] for name in container.list_blob_names()]


def fire() -> None:
    """The timer, as the host fires it."""
    converter = meta.get_binding_registry().get("timerTrigger")  # type: ignore[no-untyped-call]
    function_app.reconcile_fleet(converter.decode(meta.Datum("{}", "json"), trigger_metadata={}))


def tick(town: Town) -> list[str]:
    """The clusters that a pass of the timer wakes."""
    town.post.letters.clear()
    fire()
    return sorted(letter.text for letter in town.post.letters)


def test_a_dead_letter_wakes_its_clusters_once_each_and_goes(
    town: Town, container: ContainerClient
) -> None:
    first, second = str(town.id_of("c1")), str(town.id_of("c2"))
    write(container, "a", [event(first), event(first), event(f"{first}/agentPools/np")])
    write(container, "b", [event(second), event(first)])
    assert set(tick(town)) == {first, second}
    assert names(container) == []
    assert tick(town) == []


@pytest.mark.parametrize("as_array", [True, False])
def test_cloud_events_are_understood_too(
    town: Town, container: ContainerClient, as_array: bool
) -> None:
    cloud_event = {
        "specversion": "1.0",
        "type": WRITTEN,
        "subject": str(town.id_of()),
        "deadletterreason": "TimeToLiveExceeded",
    }
    write(container, "a", [cloud_event] if as_array else cloud_event)
    assert tick(town) == [str(town.id_of())]
    assert names(container) == []


def test_events_of_other_things_and_forged_ones_wake_nobody_and_go(
    town: Town, container: ContainerClient
) -> None:
    elsewhere = str(town.id_of()).replace(town.subscription, "11111111-2222-3333-4444-555555555555")
    write(
        container,
        "a",
        [
            event(town.subnet),
            event(elsewhere),
            event(str(town.id_of()), "Microsoft.Storage.BlobCreated"),
            event(f"{town.id_of()}/../../x"),
        ],
    )
    assert tick(town) == []
    assert names(container) == []
    assert town.rejections() == []


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\xff\xfe", b"[" * 60_000, b"7", b'[{"subject": 7}]', b'[{"type": "x"}]',
     b"[1]", b'[{"subject": "x", "eventType": null}]'],
)  # fmt: skip
def test_a_blob_that_cannot_be_read_stays_is_told_once_and_holds_up_no_other(
    town: Town, container: ContainerClient, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    write(container, "a", content)
    write(container, "b", [event(str(town.id_of()))])
    assert tick(town) == [str(town.id_of())]
    assert names(container) == ["a.json"]
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.text) == (
        "DeadLetterUnreadable", b"CLUSTERS/2026/1/1/0/a.json",
    )  # fmt: skip
    ((_, etag),) = town.app.store.kept()
    caplog.clear()
    tick(town)
    ((_, later),) = town.app.store.kept()
    assert later == etag
    assert "unreadable" not in caplog.text
    assert container.download_blob("CLUSTERS/2026/1/1/0/a.json").readall() == content


def test_an_event_larger_than_any_of_event_grids_is_not_read_whole(
    town: Town, container: ContainerClient
) -> None:
    write(container, "a", [event("x" * (4 * 1024 * 1024))])
    tick(town)
    assert [each.reason for each in town.rejections()] == ["DeadLetterUnreadable"]


def test_no_container_is_no_dead_letter(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    assert tick(town) == []
    assert "dead_letters" not in caplog.text


def test_nothing_of_a_dead_letter_is_logged_or_copied(
    town: Town, container: ContainerClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="shared")
    write(container, "a", [event(str(town.id_of()))])
    write(container, "b", [event(7)])
    tick(town)
    assert "Private" not in caplog.text
    assert all(b"Private" not in each.text for each in town.rejections())


def test_a_blob_is_kept_until_its_clusters_were_woken(
    town: Town, container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(container, "a", [event(str(town.id_of()))])

    def no_queue(*_: object) -> None:
        raise HttpResponseError("the queue is away")

    with monkeypatch.context() as patched:
        patched.setattr(town.post, "wake", no_queue)
        fire()
    assert names(container) == ["a.json"]
    assert tick(town) == [str(town.id_of())]


def test_what_the_emulated_event_grid_gives_up_is_heard(
    town: Town, container: ContainerClient, storage: str
) -> None:
    """The destination listens to nobody; the cluster was made by somebody else."""
    subscription = {
        "destination": {"endpointType": "WebHook", "endpointUrl": "http://127.0.0.1:9/"},
        "retryPolicy": {"maxDeliveryAttempts": 1},
        "filter": {"subjectEndsWith": "/managedClusters/c1"},
        "deadLetterDestination": {
            "endpointType": "StorageBlob",
            "connectionString": storage,
            "blobContainerName": dead_letters.CONTAINER,
        },
    }
    grid = town.azure.event_grid
    made = grid.subscribe("clusters", msgspec.convert(subscription, EventSubscription))
    eventually(lambda: made.state == "Failed", "nobody shakes hands")
    made.state = "Succeeded"  # it did once
    town.make_cluster()
    town.azure.advance(300)
    eventually(lambda: names(container) != [], "the event is given up")
    grid.unsubscribe("clusters")
    house = town.app.housekeeping
    town.post.letters.clear()
    house.run()
    assert {letter.text for letter in town.post.letters} == {str(town.id_of())}
    assert names(container) == []


@pytest.mark.parametrize(
    "storage_settings",
    [
        WorkStorage(connection_string="QueueEndpoint=https://q;TableEndpoint=https://t;"
                    "SharedAccessSignature=sig"),
        WorkStorage(queue_service_uri="https://q", table_service_uri="https://t"),
    ],
)  # fmt: skip
def test_an_account_without_blobs_has_no_dead_letters(storage_settings: WorkStorage) -> None:
    assert dead_letters.connect(storage_settings, None) is None
