"""A cluster whose permissions do not work yet: told so, not Ready, and woken in vain."""

from collections.abc import Iterator

import pytest

from tests.e2e.deployment import RECONCILE, Deployment, until

pytestmark = pytest.mark.e2e

NAME = "waiting"
DUPLICATES = 100


@pytest.fixture(scope="module", autouse=True)
def denied(deployment: Deployment) -> Iterator[None]:
    """The cluster has tried its permissions, in vain; nothing else is going on."""
    knobs = deployment.azure.control("GET", "/knobs")
    deployment.azure.turn(effective_seconds=[86_400, 86_400])
    deployment.ask(NAME)
    until(lambda: len(deployment.azure.assignments(NAME)) == 2)
    deployment.azure.turn(effective_seconds=knobs["effective_seconds"])
    until(lambda: "ProbeDenied" in reasons(deployment))
    yield
    deployment.azure.allow([NAME])


def reasons(deployment: Deployment) -> list[str]:
    record = deployment.record(NAME)
    return [progress.reason for progress in record.grants] if record else []


def test_a_cluster_is_not_ready_while_its_permissions_do_not_work(deployment: Deployment) -> None:
    record = deployment.record(NAME)
    ready = record.condition("Ready") if record else None
    assert ready and ready.status == "False"
    assert not any(each["emulator"]["effective"] for each in deployment.azure.assignments(NAME))


def test_a_hundred_wake_ups_of_an_unsettled_cluster_do_not_live_on(deployment: Deployment) -> None:
    """Each turn of a waiting cluster asks for another one: without the requeue rule there would be
    a hundred for as long as it waits."""
    deployment.wake(NAME, DUPLICATES)
    until(lambda: deployment.waiting(RECONCILE) <= 1)
    assert not deployment.ready(NAME)


def test_it_becomes_ready_once_they_work_and_then_nothing_is_queued(
    deployment: Deployment,
) -> None:
    deployment.azure.allow([NAME])
    until(lambda: deployment.ready(NAME))
    deployment.wake(NAME, DUPLICATES)
    until(lambda: deployment.waiting(RECONCILE) == 0)
    assert deployment.ready(NAME)
    assert deployment.azure.granted(NAME) == deployment.azure.needed(NAME)
