"""Permissions that come in time, or too late: the first are found, the others told, none early.

One story of eight clusters at once, whose assignments the emulator makes effective after seconds
that it draws: inside the window, or long after it. The product's own clock is put to the test in
the middle of it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.model import Condition, Progress
from tests.e2e.deployment import Deployment, until
from tests.e2e.test_crash import LEASE_SECONDS, kill_host

pytestmark = pytest.mark.e2e

WINDOW = timedelta(seconds=30)  # of short_window.yaml
PROVABLE = ["soon-1", "soon-2", "soon-3", "soon-found"]
UNPROVABLE = "unprovable"
LATE = ["late-1", "late-forgotten", "late-found"]
FORGOTTEN = "late-forgotten"
NAMES = [*PROVABLE, UNPROVABLE, *LATE]
INSIDE, BEYOND = [2, 10], [3_600, 86_400]  # seconds
# A turn's time is its beginning, and what it saw may be as much younger as it lasted.
TURN = timedelta(seconds=2)
# One look (5 s), and what a slow machine may take for it.
LOOK = timedelta(seconds=20)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All clusters have their assignments, and none of the late ones may work yet."""
    with Deployment(
        tmp_path_factory.mktemp("propagation"),
        policy_file=Path(__file__).with_name("short_window.yaml"),
        host_flags=["--lease", str(LEASE_SECONDS)],
    ) as deployment:
        begin(deployment, [*PROVABLE, UNPROVABLE], INSIDE)
        begin(deployment, LATE, BEYOND)
        yield deployment


def begin(deployment: Deployment, names: list[str], seconds: list[int]) -> None:
    """Clusters whose assignments take effect after so many seconds; returns when they are made."""
    deployment.azure.turn(effective_seconds=seconds)
    for name in names:
        if name.endswith("found"):
            deployment.azure.create_cluster(name)
        elif name == UNPROVABLE:
            deployment.ask(name, profile=UNPROVABLE, parameters={})
        else:
            deployment.ask(name)
    until(lambda: all(len(deployment.azure.assignments(name)) == 2 for name in names))


def grants(deployment: Deployment, name: str) -> tuple[Progress, ...]:
    record = deployment.record(name)
    return record.grants if record else ()


def deadlines(deployment: Deployment, name: str) -> dict[str, datetime | None]:
    """By the assignment's id; None while the assignment is not known to be readable."""
    return {
        progress.assignment_id.lower(): progress.deadline if progress.readable_at else None
        for progress in grants(deployment, name)
    }


def due(deployment: Deployment, name: str) -> dict[str, datetime]:
    """When Azure says that the window of each assignment ends."""
    return {
        each["id"].lower(): datetime.fromisoformat(each["properties"]["createdOn"]) + WINDOW
        for each in deployment.azure.assignments(name)
    }


def effective_at(deployment: Deployment, name: str) -> dict[str, datetime]:
    """The first moment at which Azure lets the cluster act on each assignment."""
    return {
        each["id"].lower(): datetime.fromisoformat(each["emulator"]["effectiveAt"])
        for each in deployment.azure.assignments(name)
    }


def condition(deployment: Deployment, name: str, kind: str) -> Condition | None:
    record = deployment.record(name)
    return record.condition(kind) if record else None


def late(deployment: Deployment, name: str) -> bool:
    found = condition(deployment, name, "PermissionsEffective")
    return found is not None and (found.status, found.reason) == ("False", "WindowExceeded")


def assert_never_early(deployment: Deployment, name: str) -> None:
    """Each grant was called effective by a probe, and Azure let the cluster act by then."""
    works = effective_at(deployment, name)
    for progress in grants(deployment, name):
        assert progress.evidence == "Probe"
        assert progress.effective_at
        assert progress.effective_at >= works[progress.assignment_id.lower()] - TURN


@pytest.mark.parametrize("name", PROVABLE)
def test_what_works_inside_the_window_is_proven_inside_it_and_never_early(
    own: Deployment, name: str
) -> None:
    until(lambda: own.ready(name))
    assert_never_early(own, name)
    for progress in grants(own, name):
        assert progress.effective_at and progress.deadline
        assert progress.effective_at < progress.deadline
    ready = condition(own, name, "Ready")
    assert ready and ready.reason == "Probe"


def test_deadlines_outlive_the_host_its_records_and_duplicates(own: Deployment) -> None:
    """Each is Azure's creation time and the window, whoever computes it, and however often."""
    until(lambda: all(None not in deadlines(own, name).values() for name in NAMES))
    before = {name: deadlines(own, name) for name in NAMES}
    assert before == {name: due(own, name) for name in NAMES}
    kill_host(own)
    own.lose_record(FORGOTTEN)
    for name in LATE:
        own.wake(name, 20)
    own.stack.start()
    until(lambda: own.record(FORGOTTEN) and None not in deadlines(own, FORGOTTEN).values())
    assert {name: deadlines(own, name) for name in NAMES} == before


def test_what_no_probe_can_prove_is_ready_by_its_window_alone(own: Deployment) -> None:
    until(lambda: own.ready(UNPROVABLE))
    ready = condition(own, UNPROVABLE, "Ready")
    assert ready and ready.reason == "WindowPassed"
    found = {progress.grant.identity: progress for progress in grants(own, UNPROVABLE)}
    assert {who: each.evidence for who, each in found.items()} == {
        "kubelet": "Probe",
        "controlPlane": "WindowPassed",
    }
    waited = found["controlPlane"]
    assert waited.effective_at and waited.deadline and waited.effective_at >= waited.deadline


@pytest.mark.parametrize("name", LATE)
def test_what_does_not_work_inside_the_window_is_late_at_its_deadline(
    own: Deployment, name: str
) -> None:
    until(lambda: late(own, name))
    assert not own.ready(name)
    found = condition(own, name, "PermissionsEffective")
    first = min(due(own, name).values())
    assert found and first <= found.since <= first + LOOK
    assert not any(progress.effective_at for progress in grants(own, name))


def test_late_clusters_become_ready_when_their_permissions_come(own: Deployment) -> None:
    until(lambda: all(late(own, name) for name in LATE))
    before = {name: deadlines(own, name) for name in LATE}
    own.azure.allow(LATE)
    until(lambda: all(own.ready(name) for name in LATE))
    for name in LATE:
        assert_never_early(own, name)
        assert own.azure.granted(name) == own.azure.needed(name)
    assert {name: deadlines(own, name) for name in LATE} == before
