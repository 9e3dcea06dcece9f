"""The command as a person types it, over TLS, against an Azure of its own."""

from collections.abc import Iterator
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
from tests.typed import OF_AZURE, Answer, Type, typing


@pytest.fixture
def remains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remains]:
    """An Azure that the environment names, with the administrator signed in."""
    made = Remains()
    ca = certificates.ensure(tmp_path)
    for name in ("AZURE_ENV_NAME", "AZURE_SUBSCRIPTION_ID", "AZURE_CLOUD", *OF_AZURE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with EmulatorServer(made.emulator, certificates.server_context(tmp_path)) as server:
        values = environment(made.emulator, server.url, ca)
        for name in (name for name in OF_AZURE if name != "AZURE_CLIENT_ID"):
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

    return typing("down", main, monkeypatch, capsys)


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
