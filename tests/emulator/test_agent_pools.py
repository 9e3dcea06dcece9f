"""Agent pools, the other way to a cluster's body."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from infra.emulator import Emulator

from .town import Town, cluster_body


@pytest.fixture
def cluster(aks: Any, emulator: Emulator, town: Town) -> None:
    aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body()).result()


def test_a_pool_added_by_itself_is_in_the_cluster(aks: Any, town: Town, cluster: None) -> None:
    subnet = town.subnet()
    pool = {"properties": {"count": 1, "mode": "User", "vnetSubnetID": subnet}}
    made = aks.agent_pools.begin_create_or_update("rg", "c1", "second", pool).result()
    assert made.properties.provisioning_state == "Succeeded"
    inside = aks.managed_clusters.get("rg", "c1").properties.agent_pool_profiles
    assert [(each.name, each.vnet_subnet_id) for each in inside] == [
        ("nodepool1", None),
        ("second", subnet),
    ]
    assert [each.name for each in aks.agent_pools.list("rg", "c1")] == ["nodepool1", "second"]


def test_a_pools_operation_keeps_other_operations_out(aks: Any, cluster: None) -> None:
    pool = {"properties": {"count": 1, "mode": "User"}}
    aks.agent_pools.begin_create_or_update("rg", "c1", "second", pool, polling=False)
    with pytest.raises(ResourceExistsError) as refused:
        aks.managed_clusters.begin_create_or_update("rg", "c1", cluster_body(), polling=False)
    assert refused.value.error and refused.value.error.code == "OperationNotAllowed"
    assert "second - Creating" in (refused.value.error.message or "")


def test_a_pool_is_deleted_but_never_the_last_system_pool(aks: Any, cluster: None) -> None:
    pool = {"properties": {"count": 1, "mode": "User"}}
    aks.agent_pools.begin_create_or_update("rg", "c1", "second", pool).result()
    aks.agent_pools.begin_delete("rg", "c1", "second").result()
    with pytest.raises(ResourceNotFoundError):
        aks.agent_pools.get("rg", "c1", "second")
    with pytest.raises(HttpResponseError) as refused:
        aks.agent_pools.begin_delete("rg", "c1", "nodepool1")
    assert refused.value.error and refused.value.error.code == "OperationNotAllowed"


def test_the_event_of_a_pool_is_about_the_pool(aks: Any, emulator: Emulator, cluster: None) -> None:
    emulator.event_grid.take()
    pool = {"properties": {"count": 1, "mode": "User"}}
    aks.agent_pools.begin_create_or_update("rg", "c1", "second", pool).result()
    (event,) = emulator.event_grid.take()
    assert event["subject"].endswith("/managedClusters/c1/agentPools/second")
