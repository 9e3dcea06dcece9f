"""The main job: a cluster, asked for or made by somebody else, gets its roles and becomes Ready."""

import pytest

from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", autouse=True)
def clusters(deployment: Deployment) -> None:
    """Both clusters, at the same time."""
    deployment.ask("asked")
    deployment.azure.create_cluster("found")


@pytest.mark.parametrize("name", ["asked", "found"])
def test_a_cluster_becomes_ready_with_exactly_its_assignments(
    deployment: Deployment, name: str
) -> None:
    until(lambda: deployment.ready(name))
    assert deployment.azure.granted(name) == deployment.azure.needed(name)
    # What the cluster did with its identities proves that Azure lets it.
    assert [each["emulator"]["effective"] for each in deployment.azure.assignments(name)] == [
        True,
        True,
    ]
    record = deployment.record(name)
    assert record and [progress.evidence for progress in record.grants] == ["Probe", "Probe"]


def test_the_requested_cluster_is_the_profiles_with_the_requests_parameters(
    deployment: Deployment,
) -> None:
    until(lambda: deployment.ready("asked"))
    cluster = deployment.azure.cluster("asked")
    assert cluster
    (pool,) = cluster["properties"]["agentPoolProfiles"]
    assert (pool["count"], pool["vnetSubnetID"]) == (3, deployment.azure.subnet)
    assert cluster["identity"]["type"] == "SystemAssigned"
    assert cluster["properties"]["servicePrincipalProfile"] == {"clientId": "msi"}


def test_somebody_elses_cluster_is_not_written_to(deployment: Deployment) -> None:
    until(lambda: deployment.ready("found"))
    assert deployment.azure.app_writes(deployment.azure.id_of("found")) == []
