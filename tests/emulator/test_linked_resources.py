"""The resources that clusters point at: networks, zones, encryption sets, registries."""

from __future__ import annotations

import pytest

from .town import Town, error_code


@pytest.mark.parametrize(
    "kind",
    [
        "Microsoft.Network/applicationGateways",
        "Microsoft.Network/dnsZones",
        "Microsoft.Network/natGateways",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/publicIPPrefixes",
        "Microsoft.Network/routeTables",
        "Microsoft.Compute/capacityReservationGroups",
        "Microsoft.Compute/diskEncryptionSets",
        "Microsoft.Compute/hostGroups",
        "Microsoft.KeyVault/vaults",
    ],
)
def test_what_clusters_point_at_is_made_by_put_and_read_by_the_app(town: Town, kind: str) -> None:
    path = town.id(kind, "one")
    refused = town.ask("PUT", path, {"properties": {}})
    assert (refused.status, error_code(refused)) == (400, "LocationRequired")
    assert town.ask("PUT", path, {"location": "westus2"}).status == 201
    seen = town.ask("GET", path, caller=town.emulator.app_identity).body
    assert (seen["id"], seen["type"]) == (path, kind)


def test_a_subnet_shows_its_route_table_and_security_group_which_must_exist(town: Town) -> None:
    subnet = town.subnet()
    table = town.id("Microsoft.Network/routeTables", "routes")
    group = town.id("Microsoft.Network/networkSecurityGroups", "rules")
    properties = {
        "addressPrefix": "10.1.0.0/24",
        "routeTable": {"id": table},
        "networkSecurityGroup": {"id": group},
    }
    refused = town.ask("PUT", subnet, {"properties": properties})
    assert (refused.status, error_code(refused)) == (400, "InvalidResourceReference")
    assert "routeTable" not in town.ask("GET", subnet).body["properties"]
    town.put("Microsoft.Network/routeTables", "routes")
    town.put("Microsoft.Network/networkSecurityGroups", "rules")
    assert town.ask("PUT", subnet, {"properties": properties}).status == 200
    seen = town.ask("GET", subnet).body["properties"]
    assert (seen["routeTable"], seen["networkSecurityGroup"]) == ({"id": table}, {"id": group})


def test_a_network_keeps_its_dns_servers(town: Town) -> None:
    options = {"dnsServers": ["10.1.0.4"]}
    network = town.put(
        "Microsoft.Network/virtualNetworks",
        "n",
        properties={"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}, "dhcpOptions": options},
    )
    assert town.ask("GET", network.id).body["properties"]["dhcpOptions"] == options


def test_a_gateway_lies_in_a_subnet_that_exists(town: Town) -> None:
    subnet = town.subnet()
    path = town.id("Microsoft.Network/applicationGateways", "gateway")

    def put(subnet_id: str) -> int:
        addresses = [{"name": "a", "properties": {"subnet": {"id": subnet_id}}}]
        properties = {"gatewayIPConfigurations": addresses}
        return town.ask("PUT", path, {"location": "westus2", "properties": properties}).status

    assert put(f"{subnet}x") == 400
    assert put(subnet) == 201
    (shown,) = town.ask("GET", path).body["properties"]["gatewayIPConfigurations"]
    assert shown["properties"]["subnet"]["id"] == subnet


def test_a_registry_is_in_the_old_mode_unless_it_says_otherwise(town: Town) -> None:
    assert town.registry().properties["roleAssignmentMode"] == "LegacyRegistryPermissions"
    body = {
        "location": "westus2",
        "sku": {"name": "Basic"},
        "properties": {"roleAssignmentMode": "Abac"},
    }
    path = town.id("Microsoft.ContainerRegistry/registries", "another")
    assert error_code(town.ask("PUT", path, body)) == "InvalidParameter"
