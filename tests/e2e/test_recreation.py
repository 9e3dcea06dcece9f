"""A cluster deleted and made again under the same name is another cluster."""

import pytest

from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e


def test_the_new_cluster_gets_its_own_assignments_before_it_is_ready(
    deployment: Deployment,
) -> None:
    azure = deployment.azure
    deployment.ask("phoenix")
    until(lambda: deployment.ready("phoenix"))
    first = azure.needed("phoenix")
    azure.delete_cluster("phoenix")
    until(lambda: azure.cluster("phoenix") is None)
    azure.create_cluster("phoenix")
    assert not deployment.ready("phoenix")
    until(lambda: deployment.ready("phoenix"))
    second = azure.needed("phoenix")
    assert not set(first) & set(second)
    assert set(second) <= set(azure.granted("phoenix"))
