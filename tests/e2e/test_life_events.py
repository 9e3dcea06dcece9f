"""What happens to a cluster after its first hour, with one, two and eight hosts on one storage.

Whatever becomes of the events, it ends with exactly the assignments it needs, and nobody else's
are touched.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment, until
from tests.e2e.emulated_azure import ACR_PULL, NETWORK_CONTRIBUTOR, Azure

pytestmark = pytest.mark.e2e

POLICY = Path(__file__).with_name("cleaning.yaml")
MANY = 1000  # more events than a cluster has
TICK_SECONDS = 2


def drift(azure: Azure, name: str) -> None:
    """Somebody removes all of the cluster's assignments."""
    for each in azure.assignments(name):
        azure.remove_assignment(each["id"])


def change(azure: Azure, name: str) -> None:
    """One of its two pools goes."""
    azure.create_cluster(name)


def switch(azure: Azure, name: str) -> None:
    """It gets an identity of the user's."""
    identity = azure.create_identity(f"of-{name}")
    azure.create_cluster(name, subnets=(azure.subnet, azure.other_subnet), identity=identity)


def deletion(azure: Azure, name: str) -> None:
    """It is deleted."""
    azure.delete_cluster(name)
    until(lambda: azure.cluster(name) is None)


def recreation(azure: Azure, name: str) -> None:
    """It is deleted, and made again under the same name."""
    deletion(azure, name)
    azure.create_cluster(name)


HAPPENINGS: dict[str, Callable[[Azure, str], None]] = {
    each.__name__: each for each in (drift, change, switch, deletion, recreation)
}
LOST = [f"{each}-lost" for each in HAPPENINGS]  # only the timer tells of it
TENFOLD = [f"{each}-tenfold" for each in HAPPENINGS]
UNKNOWN = [f"{each}-unknown" for each in HAPPENINGS]  # its event is the first that is heard
KNOWN = LOST + TENFOLD


def exact(azure: Azure, name: str) -> bool:
    """Whether there are the assignments that the cluster needs, and none else of ours for it."""
    cluster = azure.cluster(name)
    if cluster is None:
        return azure.granted(name) == []
    done = cluster["properties"]["provisioningState"] == "Succeeded"
    return done and azure.granted(name) == azure.needed(name)


def subjects(azure: Azure, name: str) -> list[str]:
    """What events of the cluster's life are about."""
    return [azure.id_of(name), *(each["id"] for each in azure.assignments(name))]


def kubelet_of(azure: Azure, name: str) -> str:
    return next(holder for holder, role, _ in azure.needed(name) if role == ACR_PULL)


@pytest.fixture(scope="module", params=[1, 2, 8], ids=["1-host", "2-hosts", "8-hosts"])
def fleet(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment with a cluster for each life, which has what it needs if it is known."""
    folder = tmp_path_factory.mktemp("fleet")
    with Deployment(folder, policy_file=POLICY, hosts=request.param) as deployment:
        azure = deployment.azure
        for name in KNOWN + UNKNOWN:
            if name not in TENFOLD:
                azure.spoil_events("drop", name, MANY)
            azure.create_cluster(name, subnets=(azure.subnet, azure.other_subnet))
        deployment.wake_all(LOST)
        until(lambda: all(exact(azure, name) for name in KNOWN))
        until(deployment.calm)
        yield deployment


@pytest.fixture(scope="module")
def others(fleet: Deployment) -> set[str]:
    """Assignments that somebody else gives to the clusters' identities."""
    azure = fleet.azure
    return {
        azure.assign(kubelet_of(azure, name), NETWORK_CONTRIBUTOR, azure.subnet).lower()
        for name in KNOWN
    }


@pytest.fixture(scope="module", autouse=True)
def everything_happens(fleet: Deployment, others: set[str]) -> None:
    """To every cluster at once, each in its own weather; then the timer fires until all is well."""
    azure = fleet.azure
    azure.control("DELETE", "/event-faults")
    about = {name: subjects(azure, name) for name in KNOWN}
    for name in LOST:
        for subject in about[name]:
            azure.spoil_events_about("drop", subject, MANY)
    for name in KNOWN + UNKNOWN:
        HAPPENINGS[name.partition("-")[0]](azure, name)
    for name in TENFOLD:
        told = [event for subject in about[name] for event in azure.events_about(subject)]
        fleet.notify(told * 10)
    deadline = time.monotonic()

    def all_is_well() -> bool:
        nonlocal deadline
        if time.monotonic() >= deadline:
            fleet.tick()
            deadline = time.monotonic() + TICK_SECONDS
        return all(exact(azure, name) for name in KNOWN + UNKNOWN)

    until(all_is_well)


@pytest.mark.parametrize("name", KNOWN + UNKNOWN)
def test_the_cluster_has_exactly_what_it_needs(fleet: Deployment, name: str) -> None:
    assert exact(fleet.azure, name)


def test_nobody_elses_assignment_was_touched(fleet: Deployment, others: set[str]) -> None:
    there = {each["id"].lower() for each in fleet.azure.control("GET", "/assignments")["value"]}
    assert others <= there


def test_nothing_is_refused_poisoned_or_left_on_its_way(fleet: Deployment) -> None:
    until(fleet.calm)
    assert fleet.rejections() == []
    assert all(exact(fleet.azure, name) for name in KNOWN + UNKNOWN)
