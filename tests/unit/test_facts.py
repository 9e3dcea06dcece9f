"""What is read of other resources' JSON: the facts that rules follow."""

import json
from typing import Any

import msgspec
import pytest

from shared.wire import FACTS, facts
from tests.unit.nouns import SUBNET

SUBNET_TYPE = "Microsoft.Network/virtualNetworks/subnets"
GATEWAY_TYPE = "Microsoft.Network/applicationGateways"
RESOURCES = [
    ("Microsoft.ContainerRegistry/registries",
     {"loginServer": "x.azurecr.io", "roleAssignmentMode": "AbacRepositoryPermissions"},
     {"loginServer": ("x.azurecr.io",), "roleAssignmentMode": ("AbacRepositoryPermissions",)}),
    ("Microsoft.ManagedIdentity/userAssignedIdentities",
     {"principalId": "p", "clientId": "c"},
     {"principalId": ("p",)}),
    (GATEWAY_TYPE,
     {"gatewayIPConfigurations": [
         {"properties": {"subnet": {"id": SUBNET}}}, {"properties": None},
         {"properties": {"subnet": {"id": "other"}}}]},
     {"subnet": (SUBNET, "other")}),
    ("Microsoft.Network/virtualNetworks",
     {"dhcpOptions": {"dnsServers": ["10.0.0.4", None, 3, "10.0.0.5"]}},
     {"dnsServers": ("10.0.0.4", "10.0.0.5")}),
    (SUBNET_TYPE,
     {"routeTable": {"id": "rt"}, "networkSecurityGroup": {"id": "nsg"}, "addressPrefix": "x"},
     {"routeTable": ("rt",), "networkSecurityGroup": ("nsg",)}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "properties", "known"), RESOURCES)
def test_facts_about_a_resource(
    kind: str, properties: dict[str, Any], known: dict[str, tuple[str, ...]]
) -> None:
    assert facts(kind, json.dumps({"properties": properties}).encode()) == known


def test_every_type_of_resource_that_is_read_has_a_row() -> None:
    assert sorted(kind for kind, *_ in RESOURCES) == sorted(FACTS)


@pytest.mark.parametrize("properties", [None, {}, [], "odd", {"routeTable": None}])
def test_of_what_is_not_there_there_are_no_facts(properties: Any) -> None:
    text = json.dumps({"properties": properties}).encode()
    assert facts(SUBNET_TYPE, text) == {"routeTable": (), "networkSecurityGroup": ()}
    assert facts(GATEWAY_TYPE, text) == {"subnet": ()}


@pytest.mark.parametrize("text", [b"", b"<html>", b"[]", b"null", b'{"properties": "\xff"}'])
def test_what_is_no_resource_is_an_error(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        facts(SUBNET_TYPE, text)
