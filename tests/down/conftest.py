"""The command as a person types it, over TLS, against an Azure of its own."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.down.__main__ import main
from infra.down.__main__ import run as run_command
from infra.down.arm import CLOUDS, Arm
from infra.down.leftovers import Environment
from infra.emulator import EmulatorTransport, certificates
from infra.emulator.env_file import environment
from infra.emulator.server import EmulatorServer
from infra.emulator.world import Principal
from tests.down.remains import ENVIRONMENT, Remains

_READ = (
    "ARM_ENDPOINT",
    "AZURE_CLIENT_ID",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "REQUESTS_CA_BUNDLE",
)


@dataclass(frozen=True)
class Answer:
    """What the command said."""

    code: int
    out: str
    err: str


Type = Callable[..., Answer]


@pytest.fixture
def remains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remains]:
    """An Azure that the environment names, with the administrator signed in."""
    made = Remains()
    ca = certificates.ensure(tmp_path)
    for name in ("AZURE_ENV_NAME", "AZURE_SUBSCRIPTION_ID", "AZURE_CLOUD", *_READ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with EmulatorServer(made.emulator, certificates.server_context(tmp_path)) as server:
        values = environment(made.emulator, server.url, ca)
        for name in (name for name in _READ if name != "AZURE_CLIENT_ID"):
            monkeypatch.setenv(name, values[name])
        yield made
    made.emulator.close()


@pytest.fixture
def down(
    remains: Remains, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    """Type `python -m infra.down` where azd has set the environment's name and subscription."""
    monkeypatch.setenv("AZURE_ENV_NAME", ENVIRONMENT)
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", remains.home)

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["down", *arguments])
        try:
            code = main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture
def waiting(remains: Remains, capsys: pytest.CaptureFixture[str]) -> Type:
    """The same with --yes, in process, where whatever waits moves the emulator's clock ahead."""

    def run() -> Answer:
        cloud = CLOUDS["AzureCloud"]
        credential = remains.emulator.credential(remains.emulator.operator)
        arm = Arm(credential, cloud, cloud, EmulatorTransport(remains.emulator))
        code = run_command(arm, Environment(ENVIRONMENT, remains.home), delete=True)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture
def somebody(remains: Remains, monkeypatch: pytest.MonkeyPatch) -> Principal:
    """Another person types the command, who owns the first subscription and may do nothing in the
    second."""
    app = remains.emulator.app_identity
    monkeypatch.setenv("IDENTITY_HEADER", remains.emulator.keys.app_header)
    monkeypatch.setenv("AZURE_CLIENT_ID", app.client_id)
    remains.emulator.role_assignments.seed(remains.here, app.object_id, "Owner")
    return app
