"""Publishing to a custom topic with the real Event Grid client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent, EventGridPublisherClient

from infra.emulator import certificates
from infra.emulator.server import EmulatorServer
from infra.emulator.wire import Request
from tests.emulator_access.conftest import Site

PATH = "/topics/lifecycle/api/events"
EVENT = EventGridEvent(
    subject="clusters/c1", event_type="Cluster.Ready", data={"name": "c1"}, data_version="1"
)


class Publisher:
    """The real client, against the emulator's own port: it takes no transport from outside."""

    def __init__(self, site: Site, url: str, ca_bundle: Path) -> None:
        self._site = site
        self._url = url
        self._ca_bundle = ca_bundle

    def publish(self, event: object, key: str | None = None) -> None:
        """Send one event."""
        credential = AzureKeyCredential(key or self._site.emulator.keys.topic)
        with EventGridPublisherClient(self._url + PATH, credential) as client:
            client.send(event, connection_verify=str(self._ca_bundle), retry_total=0)


@pytest.fixture
def publisher(site: Site, tmp_path: Path) -> Iterator[Publisher]:
    ca_bundle = certificates.ensure(tmp_path)
    with EmulatorServer(site.emulator, certificates.server_context(tmp_path)) as server:
        yield Publisher(site, server.url, ca_bundle)


def test_published_events_are_kept_in_order(site: Site, publisher: Publisher) -> None:
    publisher.publish(EVENT)
    publisher.publish(CloudEvent(source="/here", type="Cluster.Ready", data={"name": "c2"}))
    first, second = site.emulator.custom_topics.events("Lifecycle")
    assert (first["subject"], first["data"]) == ("clusters/c1", {"name": "c1"})
    assert (second["type"], second["data"]) == ("Cluster.Ready", {"name": "c2"})


def test_a_wrong_key_publishes_nothing(site: Site, publisher: Publisher) -> None:
    with pytest.raises(ClientAuthenticationError):
        publisher.publish(EVENT, key="wrong")
    assert site.emulator.custom_topics.events("lifecycle") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b"nothing", 400),
        (b'[{"id": "1"}]', 400),
        (b"[" + b" " * 1024 * 1024 + b"]", 413),
    ],
)
def test_what_is_no_array_of_events_is_refused(site: Site, body: bytes, status: int) -> None:
    headers = {"aeg-sas-key": site.emulator.keys.topic, "Content-Type": "application/json"}
    answer = site.emulator.handle(Request.build("POST", f"https://localhost{PATH}", headers, body))
    assert answer.status == status
    assert site.emulator.custom_topics.events("lifecycle") == []
