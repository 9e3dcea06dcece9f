"""The TLS server, with real clients over real sockets, in process and as a program."""

from __future__ import annotations

import http.client
import re
import shlex
import signal
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from azure.core.exceptions import HttpResponseError, IncompleteReadError, ServiceResponseError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential
from azure.mgmt.containerservice import ContainerServiceClient

from infra.emulator import Emulator, Knobs, certificates
from infra.emulator.env_file import environment
from infra.emulator.faults import Fault
from infra.emulator.server import EmulatorServer

from .town import cluster_body

READY = re.compile(r"ready (https://localhost:\d+)\n")
DEADLINE_SECONDS = 60
BROKEN = (ServiceResponseError, IncompleteReadError)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    certificates.ensure(tmp_path)
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[EmulatorServer]:
    knobs = Knobs(provisioning_seconds=(0.2, 0.2), deletion_seconds=(0.2, 0.2))
    with EmulatorServer(Emulator(knobs), certificates.server_context(folder)) as server:
        yield server


@pytest.fixture
def surroundings(
    server: EmulatorServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The environment that the env file would give a client."""
    values = environment(server.emulator, server.url, folder / certificates.CA_FILE)
    for name in ("IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, values[name])
    return values


@contextmanager
def connected(server: EmulatorServer) -> Iterator[Any]:
    """The management client with a managed identity, as the function app uses it."""
    with (
        ManagedIdentityCredential() as credential,
        ContainerServiceClient(
            credential,
            server.emulator.subscription_id,
            base_url=server.url,
            credential_scopes=["https://management.azure.com/.default"],
            retry_total=0,
        ) as client,
    ):
        yield client


def plain_connection(server: EmulatorServer, folder: Path) -> http.client.HTTPSConnection:
    """A connection that trusts the throw-away CA."""
    context = ssl.create_default_context(cafile=folder / certificates.CA_FILE)
    return http.client.HTTPSConnection("localhost", server.port, context=context)


def test_a_real_client_with_a_managed_identity_makes_a_cluster_over_tls(
    server: EmulatorServer, surroundings: dict[str, str]
) -> None:
    emulator = server.emulator
    emulator.groups.create(emulator.subscription_id, "rg", "westus2")
    with connected(server) as client:
        clusters = client.managed_clusters
        made = clusters.begin_create_or_update("rg", "c1", cluster_body(), polling_interval=1)
        assert made.result().properties.provisioning_state == "Succeeded"
        clusters.begin_delete("rg", "c1", polling_interval=1).result()
        assert list(clusters.list()) == []


def test_a_wrong_identity_header_gives_no_credential(
    surroundings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    with (
        ManagedIdentityCredential() as credential,
        pytest.raises(CredentialUnavailableError, match="X-IDENTITY-HEADER"),
    ):
        credential.get_token("https://management.azure.com/.default")


@pytest.mark.parametrize("kind", ["reset", "reset_after_commit", "truncate"])
def test_a_broken_answer_is_a_broken_connection(
    server: EmulatorServer, surroundings: dict[str, str], kind: str
) -> None:
    server.emulator.faults.add(msgspec.convert({"kind": kind, "path": "managedClusters"}, Fault))
    with connected(server) as client, pytest.raises(BROKEN):
        list(client.managed_clusters.list())


def test_one_connection_serves_many_requests(server: EmulatorServer, folder: Path) -> None:
    with closing(plain_connection(server, folder)) as connection:
        sockets = []
        for _ in range(2):
            connection.request("GET", "//metadata/endpoints?api-version=2022-09-01")
            answer = connection.getresponse()
            assert (answer.status, b"loginEndpoint" in answer.read()) == (200, True)
            sockets.append(connection.sock)
        assert sockets[0] is sockets[1]


def test_a_body_of_unknown_length_is_refused(server: EmulatorServer, folder: Path) -> None:
    with closing(plain_connection(server, folder)) as connection:
        connection.putrequest("POST", "/msi/token")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        assert connection.getresponse().status == 411


def test_a_host_that_is_none_is_refused(server: EmulatorServer, folder: Path) -> None:
    with closing(plain_connection(server, folder)) as connection:
        connection.request("GET", "/tenants?api-version=2022-12-01", headers={"Host": "["})
        assert connection.getresponse().status == 400


def test_due_work_that_fails_holds_up_no_other(server: EmulatorServer) -> None:
    done = threading.Event()

    def fail() -> None:
        raise RuntimeError("not today")

    world = server.emulator.world
    with world.lock:
        world.after(0, fail)
        world.after(0.1, done.set)
    assert done.wait(DEADLINE_SECONDS)


def test_idle_connections_do_not_hold_up_the_end(folder: Path) -> None:
    with EmulatorServer(Emulator(), certificates.server_context(folder)) as server:
        connection = plain_connection(server, folder)
        connection.request("GET", "/metadata/endpoints?api-version=2022-09-01")
        connection.getresponse().read()
    connection.close()


class Program:
    """`python -m infra.emulator` with its state and its env file in a folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.env_file = folder / "env"
        command = [sys.executable, "-m", "infra.emulator", "--env-file", str(self.env_file)]
        command += ["--state-dir", str(folder / "state"), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        found = READY.fullmatch(self.process.stdout.readline())
        assert found, self.process.communicate(timeout=DEADLINE_SECONDS)
        self.url = found[1]

    def environment(self) -> dict[str, str]:
        """The env file as a shell would read it."""
        lines = self.env_file.read_text(encoding="utf-8").splitlines()
        return dict(shlex.split(line)[0].split("=", 1) for line in lines)

    def end(self) -> tuple[int, str]:
        """Exit code after SIGTERM, and what else it had printed."""
        self.process.send_signal(signal.SIGTERM)
        printed, _ = self.process.communicate(timeout=DEADLINE_SECONDS)
        return self.process.returncode, printed


def test_a_restart_on_the_same_port_keeps_urls_and_secrets(tmp_path: Path) -> None:
    first = Program(tmp_path)
    before = first.environment()
    for secret in (first.env_file, *(tmp_path / "state").iterdir()):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert first.end() == (0, "")
    port = first.url.rpartition(":")[2]
    second = Program(tmp_path, "--port", port, "--knob", "location=eastus")
    assert second.environment() == before
    assert second.end() == (0, "")


def test_options_that_make_no_sense_are_explained() -> None:
    for options in (
        ["--knob", "colour=red"],
        ["--knob", 'app_roles=["King"]'],
        ["--knob", "stale_read_probability=7"],
        ["--time-scale", "-1"],
        ["--effective-seconds", "x"],
        ["--events-webhook", "ftp://127.0.0.1/"],
        ["--port", "70000"],
    ):
        command = [sys.executable, "-m", "infra.emulator", *options]
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )
        assert ended.returncode == 2
        assert "error:" in ended.stderr


def test_an_html_error_page_passes_through(
    server: EmulatorServer, surroundings: dict[str, str]
) -> None:
    server.emulator.faults.add(Fault("html", path="managedClusters", status=502))
    with connected(server) as client, pytest.raises(HttpResponseError) as failed:
        client.managed_clusters.get("rg", "c1")
    assert failed.value.status_code == 502
