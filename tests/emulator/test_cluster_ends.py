"""How clusters go: by themselves, with their group, and when their node group is taken away."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from infra.emulator import Emulator

from .town import LONG_ENOUGH, Town, cluster_body, create, error_code, put_cluster


def test_a_cluster_made_again_under_its_name_is_another_cluster(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    emulator.advance(LONG_ENOUGH)
    first = aks.managed_clusters.get("rg", "c1")
    aks.managed_clusters.begin_delete("rg", "c1").result()
    create(aks)
    second = aks.managed_clusters.get("rg", "c1")
    assert second.id == first.id
    assert second.properties.resource_uid != first.properties.resource_uid
    assert second.identity.principal_id != first.identity.principal_id


def test_a_deleted_cluster_takes_its_node_group_and_identities_but_not_its_assignments(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    subnet = town.subnet()
    create(aks)
    emulator.advance(LONG_ENOUGH)
    cluster = aks.managed_clusters.get("rg", "c1")
    kubelet = cluster.properties.identity_profile["kubeletidentity"]
    emulator.role_assignments.seed(subnet, cluster.identity.principal_id, "Network Contributor")
    aks.managed_clusters.begin_delete("rg", "c1").result()
    with pytest.raises(ResourceNotFoundError):
        aks.managed_clusters.get("rg", "c1")
    assert emulator.groups.find(emulator.subscription_id, "MC_rg_c1_westus2") is None
    assert emulator.resources.find(kubelet.resource_id) is None
    for object_id in (cluster.identity.principal_id, kubelet.object_id):
        assert emulator.world.directory.get(object_id) is None
    left = emulator.role_assignments.of_principal(cluster.identity.principal_id)
    assert [each.scope for each in left] == [subnet]


def test_deleting_what_is_not_there_is_fine(aks: Any, town: Town) -> None:
    assert (
        town.ask("DELETE", town.id("Microsoft.ContainerService/managedClusters", "x")).status == 204
    )


def test_a_deleted_group_takes_its_clusters_and_their_node_groups(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    emulator.advance(LONG_ENOUGH)
    assert town.ask("DELETE", town.group).status == 202
    emulator.advance(LONG_ENOUGH)
    assert emulator.clusters.all() == []
    assert [group.name for group in emulator.groups.all()] == ["grantkeeper"]


def test_a_cluster_whose_group_is_deleted_meanwhile_is_gone_for_good(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    town.ask("DELETE", town.group)
    assert error_code(put_cluster(town, "c2", cluster_body())) == "ResourceGroupBeingDeleted"
    emulator.advance(LONG_ENOUGH)
    assert emulator.clusters.all() == []
    subjects = [event["subject"] for event in emulator.event_grid.take()]
    assert not any("managedClusters/c1" in subject for subject in subjects)


def test_a_cluster_whose_node_group_is_deleted_meanwhile_fails(
    aks: Any, emulator: Emulator, town: Town
) -> None:
    create(aks)
    node_group = emulator.groups.find(emulator.subscription_id, "MC_rg_c1_westus2")
    assert node_group
    emulator.world.knobs = emulator.world.knobs.changed({"group_deletion_seconds": (900, 900)})
    assert town.ask("DELETE", node_group.id).status == 202
    emulator.advance(LONG_ENOUGH)
    assert aks.managed_clusters.get("rg", "c1").properties.provisioning_state == "Failed"
