"""The Functions host is killed while it works, and everything is ended while it works."""

import subprocess
from collections.abc import Iterator

import pytest

from infra.stack.process import Identity, identify
from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e

LEASE_SECONDS = 2


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment whose messages come back soon after their holder died."""
    folder = tmp_path_factory.mktemp("crash")
    with Deployment(folder, host_flags=["--lease", str(LEASE_SECONDS)]) as deployment:
        yield deployment


def kill_host(deployment: Deployment) -> None:
    """As kill -9 would, in the middle of whatever it does; its worker goes with it."""
    family = processes_of([deployment.stack.host.pid])
    deployment.stack.host.kill()
    until(lambda: not any(each.alive() for each in family))


def processes_of(leaders: list[int | None]) -> list[Identity]:
    """These processes and all their descendants."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split()
    pairs = list(zip(map(int, listed[::2]), map(int, listed[1::2]), strict=True))
    found = [pid for pid in leaders if pid]
    for pid in found:
        found += [child for child, parent in pairs if parent == pid]
    return [identity for identity in map(identify, found) if identity]


def hold_answer(deployment: Deployment, path: str) -> None:
    """Let ARM do the next such write of the product at once, and answer it only later."""
    fault = {"kind": "slow", "method": "PUT", "path": path, "count": 1, "seconds": 10}
    deployment.azure.control("POST", "/faults", {**fault, "caller": "grantkeeper"})


def test_a_host_killed_between_a_write_and_its_note_of_it_loses_and_repeats_nothing(
    own: Deployment,
) -> None:
    azure = own.azure
    azure.spoil_events("drop", "victim", 100)  # so that no other turn does the work meanwhile
    hold_answer(own, "managedClusters/victim$")
    own.ask("victim")
    until(lambda: azure.cluster("victim"))
    kill_host(own)
    record = own.record("victim")
    assert record and record.put_at is None  # it does not know what it has done

    hold_answer(own, "roleAssignments")
    own.stack.start()
    until(lambda: azure.assignments("victim"))
    kill_host(own)
    record = own.record("victim")
    assert record and not any(progress.written_at for progress in record.grants)

    own.stack.start()
    until(lambda: own.ready("victim"))
    assert azure.granted("victim") == azure.needed("victim")
    made = [path for path, status in azure.app_writes() if status == 201]
    grants = [each["id"].lower() for each in azure.assignments("victim")]
    assert sorted(made) == sorted([azure.id_of("victim").lower(), *grants])
    assert own.rejections() == []


def test_a_stack_that_is_stopped_in_the_middle_of_work_leaves_no_process(own: Deployment) -> None:
    own.ask("unfinished")
    until(lambda: own.azure.cluster("unfinished"))
    family = processes_of([part.pid for part in own.stack.parts])
    assert len(family) > len(own.stack.parts)  # the host's worker is one more
    own.stack.stop()
    until(lambda: not any(each.alive() for each in family), seconds=20)
