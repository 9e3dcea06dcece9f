"""The work account by identity: a real ManagedIdentityCredential, tokens checked by Azurite."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from infra.stack import azurite, env_file
from infra.stack.lifeline import Lifeline
from infra.stack.part import Launch, Part
from shared import dead_letters, queues, settings, store
from shared.model import Record
from shared.resource_id import cluster_id

pytestmark = pytest.mark.e2e

CLUSTER = cluster_id("00000000-0000-0000-0000-000000000001", "clusters", "c1")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[settings.Settings]:
    """The app's settings, read from an environment without a connection string."""
    certificate = str(tmp_path / "server.pem")
    with Lifeline() as lifeline:
        emulator = Part("emulator", tmp_path, lambda: _emulator(tmp_path), lifeline)
        storage = Part("azurite", tmp_path, lambda: _by_identity(certificate), lifeline)
        try:
            emulator.start()
            storage.start()
            told = env_file.read(tmp_path / "env")
            monkeypatch.setenv("IDENTITY_ENDPOINT", told["IDENTITY_ENDPOINT"])
            monkeypatch.setenv("IDENTITY_HEADER", told["APP_IDENTITY_HEADER"])
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", told["REQUESTS_CA_BUNDLE"])
            blob_uri, queue_uri, table_uri = storage.url.split()
            yield settings.read(
                {
                    "MANAGED_SUBSCRIPTIONS": told["SUBSCRIPTION_ID"],
                    "Work__queueServiceUri": f"{queue_uri}/work",
                    "Work__tableServiceUri": f"{table_uri}/work",
                    "Work__blobServiceUri": f"{blob_uri}/work",
                    "Work__clientId": told["AZURE_CLIENT_ID"],
                }
            )
        finally:
            storage.kill()
            storage.stop()
            emulator.stop()


def test_tables_and_queues_open_to_a_managed_identity(work: settings.Settings) -> None:
    with ManagedIdentityCredential(client_id=work.work.client_id) as credential:
        tables = store.connect(work.work, credential)
        tables.ensure()
        tables.save(Record(cluster_id=str(CLUSTER)), None)
        with QueueServiceClient(work.work.queue_service_uri, credential=credential) as service:
            queue = service.create_queue(queues.RECONCILE)
            outgoing = queues.connect(work.work, credential)
            outgoing.wake(CLUSTER)
            assert len(queue.peek_messages()) == 1
            queue.close()
        outgoing.close()
        assert [record.cluster_id for record in tables.all()] == [str(CLUSTER)]
        tables.close()


def test_dead_letters_open_to_a_managed_identity(work: settings.Settings) -> None:
    with (
        ManagedIdentityCredential(client_id=work.work.client_id) as credential,
        BlobServiceClient(work.work.blob_service_uri, credential) as service,
    ):
        with service.create_container(dead_letters.CONTAINER) as container:
            container.upload_blob("a.json", b'[{"type": "written", "subject": "it"}]').close()
        letters = dead_letters.connect(work.work, credential)
        assert letters
        (letter,) = letters.all()
        assert letters.read(letter) == {("written", "it")}
        letters.set_aside(letter)
        assert list(letters.all()) == []
        letters.delete(letter)
        letters.close()


def _emulator(folder: Path) -> Launch:
    files = ("--env-file", str(folder / "env"), "--state-dir", str(folder))

    def ready(log: str) -> str | None:
        found = re.search(r"ready (https://\S+)", log)
        return found[1] if found else None

    return Launch((sys.executable, "-m", "infra.emulator", *files), ready)


def _by_identity(certificate: str) -> Launch:
    launch = azurite.launch(["work"])
    flags = ("--oauth", "basic", "--cert", certificate, "--key", certificate)
    return replace(launch, command=(*launch.command, *flags))
