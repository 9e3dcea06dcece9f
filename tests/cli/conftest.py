"""The commands as a person types them, over a storage account of their own."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient, TextBase64DecodePolicy

from grantkeeper.__main__ import main
from infra.emulator import certificates
from infra.emulator.env_file import environment
from infra.emulator.server import EmulatorServer
from shared import store as tables
from shared.settings import WorkStorage
from shared.store import Store
from tests.cli.azure import Azure, policy
from tests.cli.deployment import Deployment, Diagnosed
from tests.cli.records import SUBSCRIPTION
from tests.typed import OF_AZURE, Type, typing

OF_THE_COMMANDS = (
    "AZURE_CLOUD",
    "GRANTKEEPER_PRINCIPAL_ID",
    "GRAPH_ENDPOINT",
    "POLICY_FILE",
    "SUBSCRIPTION_ID",
    "WORK_QUEUE_URI",
    "WORK_STORAGE",
    "WORK_TABLE_URI",
)
POLICY = Path(__file__).parents[2] / "infra" / "stack" / "policy.yaml"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder to type in, with nothing in the environment that the commands look at."""
    for name in (*OF_THE_COMMANDS, *OF_AZURE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def typed(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Type a command where nothing is configured."""
    return typing("grantkeeper", main, monkeypatch, capsys)


@pytest.fixture
def grantkeeper(typed: Type, storage: str, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Type a command where the environment names the storage, the subscription and the policy."""
    monkeypatch.setenv("WORK_STORAGE", storage)
    monkeypatch.setenv("SUBSCRIPTION_ID", SUBSCRIPTION)
    monkeypatch.setenv("POLICY_FILE", str(POLICY))
    return typed


@pytest.fixture
def store(storage: str) -> Iterator[Store]:
    """The app's tables in that storage account."""
    with closing(tables.connect(WorkStorage(connection_string=storage), None)) as found:
        found.ensure()
        yield found


@pytest.fixture
def requests_queue(storage: str) -> Iterator[QueueClient]:
    """The queue on which the app reads requests."""
    with QueueClient.from_connection_string(
        storage, "cluster-requests", message_decode_policy=TextBase64DecodePolicy()
    ) as queue:
        queue.create_queue()
        yield queue


@pytest.fixture
def azure(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """An emulated Azure over TLS that the environment names, with a caller who may only read."""
    made = Azure()
    ca = certificates.ensure(place)
    with EmulatorServer(made.emulator, certificates.server_context(place)) as server:
        values = environment(made.emulator, server.url, ca)
        values["IDENTITY_HEADER"] = values["APP_IDENTITY_HEADER"]
        made.environment = values
        for name in OF_AZURE:
            monkeypatch.setenv(name, values[name])
        monkeypatch.setenv("GRAPH_ENDPOINT", server.url)
        (place / "policy.yaml").write_text(policy())
        yield made


@pytest.fixture
def whole(azure: Azure, storage: str, store: Store, place: Path) -> Deployment:
    """A deployment that `doctor` finds well."""
    return Deployment(azure, storage, place)


@pytest.fixture
def diagnosed(typed: Type, whole: Deployment) -> Diagnosed:
    """Type `doctor`; what it prints, with the exit code."""

    def run(*arguments: str) -> dict[str, Any]:
        answer = typed("doctor", "--settings", str(whole.file), "--json", *arguments)
        assert answer.out, answer.err
        return {**json.loads(answer.out), "code": answer.code}

    return run
