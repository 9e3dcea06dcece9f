"""The whole stack around a small function app: up, used by real clients, repaired, down."""

import base64
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.identity import ManagedIdentityCredential
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import ManagedCluster
from azure.storage.queue import QueueClient

from infra.stack import control, env_file, rights
from infra.stack.part import ROOT, PartError
from infra.stack.process import wait_until
from infra.stack.stack import DEFAULT_POLICY, Stack

pytestmark = pytest.mark.e2e

APP = Path(__file__).parent / "sample_app"
DEADLINE_SECONDS = 60
CLUSTER = {
    "location": "westus2",
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "dnsPrefix": "one",
        "agentPoolProfiles": [{"name": "pool1", "mode": "System", "count": 1}],
    },
}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("policy") / "policy.yaml"
    file.write_text("apiVersion: grantkeeper/v1\nprofiles: {}\ngrantable: []\n")
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def stack(folder: Path, policy: Path) -> Iterator[Stack]:
    with Stack(folder, app_dir=APP, policy_file=policy) as stack:
        connection = stack.environment["WORK_STORAGE"]
        with QueueClient.from_connection_string(connection, "seen") as queue:
            queue.create_queue()
        yield stack


def send(stack: Stack, text: str) -> None:
    connection = stack.environment["WORK_STORAGE"]
    with QueueClient.from_connection_string(connection, "cluster-requests") as queue:
        queue.send_message(base64.b64encode(text.encode()).decode())


def seen(stack: Stack, text: str) -> bool:
    """Whether the app tells, before the deadline, that this text reached it."""
    told: set[str] = set()
    connection = stack.environment["WORK_STORAGE"]
    with QueueClient.from_connection_string(connection, "seen") as queue:

        def found() -> bool:
            for message in queue.receive_messages():
                told.add(base64.b64decode(message.content).decode().lower())
            return text.lower() in told

        return wait_until(found, DEADLINE_SECONDS)


def create_cluster(stack: Stack, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a cluster in ARM as the operator, with the real clients; its resource id."""
    environment = stack.environment
    for variable in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, environment[variable])
    subscription = environment["SUBSCRIPTION_ID"]
    with (
        ManagedIdentityCredential() as credential,
        ContainerServiceClient(
            credential, subscription, base_url=environment["ARM_ENDPOINT"]
        ) as client,
    ):
        clusters = client.managed_clusters
        clusters.begin_create_or_update("grantkeeper", name, ManagedCluster(CLUSTER), polling=False)
        cluster_id = clusters.get("grantkeeper", name).id
    assert cluster_id is not None
    return cluster_id


def listens(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", address.port or 0)) == 0


def command(name: str, folder: Path, policy: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "infra.stack", name, "--folder", str(folder)),
        *("--app-dir", str(APP), "--policy", str(policy), "--env-file", str(folder / "env")),
    ]


def run(name: str, folder: Path, policy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(name, folder, policy), cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_message_on_the_request_queue_reaches_the_app(stack: Stack) -> None:
    send(stack, "please")
    assert seen(stack, "message please")


def test_a_cluster_made_by_somebody_else_reaches_the_app_as_an_event(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster_id = create_cluster(stack, "first", monkeypatch)
    assert seen(stack, f"event {cluster_id}")


def test_starting_a_running_stack_changes_nothing(stack: Stack) -> None:
    before = [part.pid for part in stack.parts], stack.environment
    stack.start()
    assert ([part.pid for part in stack.parts], stack.environment) == before


def test_a_killed_host_is_repaired_at_its_address_and_the_rest_is_left_alone(stack: Stack) -> None:
    pids, environment = [part.pid for part in stack.parts], stack.environment
    stack.host.kill()
    send(stack, "while you were away")
    stack.start()
    assert [part.pid for part in stack.parts][:2] == pids[:2]
    assert stack.environment == environment
    assert seen(stack, "message while you were away")


def test_a_restarted_emulator_serves_the_same_clients_and_still_wakes_the_app(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = stack.environment
    stack.emulator.kill()
    stack.start()
    assert stack.environment == environment
    cluster_id = create_cluster(stack, "second", monkeypatch)
    assert seen(stack, f"event {cluster_id}")


def test_the_operator_is_not_given_the_apps_identity(stack: Stack) -> None:
    operator = stack.environment
    app = env_file.read(stack.folder / "emulator.env")
    assert operator["IDENTITY_HEADER"] != app["APP_IDENTITY_HEADER"]
    assert app["APP_IDENTITY_HEADER"] not in operator.values()


def test_secrets_are_for_their_owner_only(stack: Stack) -> None:
    secret = [stack.folder, stack.folder / "emulator.env", stack.folder / "local.settings.json"]
    assert [path.stat().st_mode & 0o077 for path in secret] == [0, 0, 0]


def test_down_leaves_no_process_and_no_listener(tmp_path: Path, policy: Path) -> None:
    with Stack(tmp_path, app_dir=APP, policy_file=policy) as stack:
        urls = [*stack.azurite.url.split(), stack.emulator.url, stack.host.url]
        assert all(listens(url) for url in urls)
    assert not any(part.alive() for part in stack.parts)
    assert not any(listens(url) for url in urls)


def test_another_policy_changes_what_the_app_may_do_and_azure_keeps_what_it_has(
    tmp_path: Path, policy: Path
) -> None:
    def conditions() -> list[str]:
        listed = control.call(env_file.read(tmp_path / "emulator.env"), "GET", "/assignments")
        found = (each["properties"]["condition"] for each in listed["value"])
        return [each for each in found if each]

    with Stack(tmp_path, app_dir=APP, policy_file=policy) as stack:
        azure, before = stack.emulator.pid, conditions()
        assert run("up", tmp_path, DEFAULT_POLICY).returncode == 0
        assert (before, conditions()) == ([], [rights.condition_for(DEFAULT_POLICY)])
        assert stack.emulator.pid == azure


def test_a_stack_that_cannot_start_leaves_nothing_running(tmp_path: Path, policy: Path) -> None:
    stack = Stack(tmp_path, app_dir=APP, policy_file=policy, host_flags=["--no-such-flag"])
    with pytest.raises(PartError, match="no-such-flag"):
        stack.start()
    assert not any(part.alive() for part in stack.parts)


def test_up_twice_at_once_makes_one_stack_and_down_ends_it(tmp_path: Path, policy: Path) -> None:
    up = command("up", tmp_path, policy)
    try:
        with (
            subprocess.Popen(up, cwd=ROOT, stdout=subprocess.PIPE, text=True) as one,
            subprocess.Popen(up, cwd=ROOT, stdout=subprocess.PIPE, text=True) as two,
        ):
            outputs = [one.communicate()[0], two.communicate()[0]]
        assert [one.returncode, two.returncode] == [0, 0]
        assert outputs[0] == outputs[1]
        assert run("status", tmp_path, policy).returncode == 0
        environment = env_file.read(tmp_path / "env")
        assert environment["HOST_URL"] in outputs[0]
    finally:
        down = run("down", tmp_path, policy)
    assert (down.returncode, down.stdout) == (0, "")
    assert run("status", tmp_path, policy).returncode == 1
    assert not (tmp_path / "env").exists()


def test_an_up_that_fails_leaves_no_environment_of_an_earlier_one(
    tmp_path: Path, policy: Path
) -> None:
    env_file.write(tmp_path / "env", {"HOST_URL": "http://localhost:1"})
    up = [*command("up", tmp_path, policy), "--emulator-flag=--no-such-flag"]
    failed = subprocess.run(up, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (failed.returncode, "no-such-flag" in failed.stderr) == (1, True)
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_run_stops_everything_when_it_ends_however_it_ends(
    tmp_path: Path, policy: Path, number: signal.Signals, code: int
) -> None:
    with subprocess.Popen(
        command("run", tmp_path, policy), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any("Ctrl-C" in line for line in process.stdout)
        process.send_signal(number)
        assert process.wait(DEADLINE_SECONDS) == code
    parts = Stack(tmp_path).parts
    assert wait_until(lambda: not any(part.alive() for part in parts), DEADLINE_SECONDS)
