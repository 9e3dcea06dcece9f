"""An older api-version neither shows nor takes the fields that came after it."""

from __future__ import annotations

from typing import Any

import pytest

from .test_topologies import network
from .town import Town, cluster_body, error_code

CLUSTERS = "Microsoft.ContainerService/managedClusters"
NEWEST = "2026-08-01"


def automatic(town: Town) -> dict[str, Any]:
    """A cluster with every field that came late."""
    api, system, nodes = network(town, "api", "system", "nodes")
    address = town.put("Microsoft.Network/publicIPAddresses", "out").id
    gateway = {"sku": "StandardV2", "outboundIPs": {"publicIPs": [address]}}
    hosted = {"enabled": True, "systemNodeSubnetID": system, "nodeSubnetID": nodes}
    body = cluster_body(
        hostedSystemProfile=hosted,
        apiServerAccessProfile={"enableVnetIntegration": True, "subnetId": api},
        networkProfile={"outboundType": "managedNATGateway", "natGatewayProfile": gateway},
    )
    return {**body, "sku": {"name": "Automatic"}}


def ask(town: Town, method: str, path: str, version: str, body: Any = None) -> Any:
    return town.ask(method, path, body, query=f"api-version={version}")


@pytest.mark.parametrize(
    ("version", "hosted", "addresses"),
    [
        ("2025-07-01", False, False),
        ("2025-10-02-preview", False, False),
        ("2026-02-01", True, False),
        ("2026-05-01", True, False),
        ("2026-06-01", True, True),
        (NEWEST, True, True),
    ],
)
def test_a_cluster_shows_what_the_version_knows(
    town: Town, version: str, hosted: bool, addresses: bool
) -> None:
    path = town.id(CLUSTERS, "c1")
    assert ask(town, "PUT", path, NEWEST, automatic(town)).status == 201
    (listed,) = ask(town, "GET", f"{town.group}/providers/{CLUSTERS}", version).body["value"]
    for found in (ask(town, "GET", path, version).body, listed):
        properties = found["properties"]
        assert ("hostedSystemProfile" in properties) is hosted
        assert ("outboundIPs" in properties["networkProfile"]["natGatewayProfile"]) is addresses
    whole = ask(town, "GET", path, NEWEST).body["properties"]
    assert whole["hostedSystemProfile"]["enabled"] is True


def test_the_installed_sdk_sees_all_of_it(aks: Any, town: Town) -> None:
    aks.managed_clusters.begin_create_or_update("rg", "c1", automatic(town)).result()
    found = aks.managed_clusters.get("rg", "c1").properties
    assert found.hosted_system_profile.node_subnet_id.endswith("/subnets/nodes")
    (address,) = found.network_profile.nat_gateway_profile.outbound_i_ps.public_i_ps
    assert address == town.id("Microsoft.Network/publicIPAddresses", "out")


def test_a_field_the_version_does_not_know_is_refused(town: Town) -> None:
    answer = ask(town, "PUT", town.id(CLUSTERS, "c1"), "2025-07-01", automatic(town))
    assert (answer.status, error_code(answer)) == (400, "UnmarshalError")
    assert "hostedSystemProfile" in answer.body["message"]
    assert town.emulator.clusters.all() == []


def test_a_registrys_mode_is_there_from_2025_11_on(town: Town) -> None:
    path = town.registry(roleAssignmentMode="AbacRepositoryPermissions").id
    assert "roleAssignmentMode" not in ask(town, "GET", path, "2023-07-01").body["properties"]
    shown = ask(town, "GET", path, "2025-11-01").body["properties"]
    assert shown["roleAssignmentMode"] == "AbacRepositoryPermissions"
    body = {"location": "westus2", "sku": {"name": "Basic"}, "properties": shown}
    assert ask(town, "PUT", path, "2023-07-01", body).status == 400


def test_a_planted_document_is_shown_whole(town: Town) -> None:
    path = town.id(CLUSTERS, "c1")
    town.emulator.plant(path, {"properties": {"hostedSystemProfile": 5}})
    assert b"hostedSystemProfile" in ask(town, "GET", path, "2025-07-01").content()
