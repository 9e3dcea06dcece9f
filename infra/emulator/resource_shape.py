"""The JSON types of what the emulator looks into in a resource's body, and what it refers to.

Everywhere, null means absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

from .wire import fit


class _Identity(TypedDict, total=False):
    type: str | None


class _Body(TypedDict, total=False):
    location: str | None
    tags: dict[str, str] | None
    identity: _Identity | None
    properties: dict[str, Any] | None


class _Reference(TypedDict):
    id: str


class _AddressSpace(TypedDict, total=False):
    addressPrefixes: list[str] | None


class _DhcpOptions(TypedDict, total=False):
    dnsServers: list[str] | None


class _SubnetProperties(TypedDict, total=False):
    routeTable: _Reference | None
    networkSecurityGroup: _Reference | None
    natGateway: _Reference | None


class _Subnet(TypedDict):
    name: str


class _VirtualNetwork(TypedDict, total=False):
    addressSpace: _AddressSpace | None
    dhcpOptions: _DhcpOptions | None
    subnets: list[_Subnet] | None


class _GatewayAddressProperties(TypedDict, total=False):
    subnet: _Reference | None


class _GatewayAddress(TypedDict, total=False):
    name: str | None
    properties: _GatewayAddressProperties | None


class _ApplicationGateway(TypedDict, total=False):
    gatewayIPConfigurations: list[_GatewayAddress] | None


class _Registry(TypedDict, total=False):
    roleAssignmentMode: str | None


_PROPERTIES: dict[str, Any] = {
    "microsoft.network/virtualnetworks": _VirtualNetwork,
    "microsoft.network/virtualnetworks/subnets": _SubnetProperties,
    "microsoft.network/applicationgateways": _ApplicationGateway,
    "microsoft.containerregistry/registries": _Registry,
}


def check(resource_type: str, body: dict[str, Any]) -> None:
    """ArmError 400 InvalidRequestContent for values of the wrong JSON type."""
    fit(body, _Body)
    if shape := _PROPERTIES.get(resource_type.lower()):
        fit(body.get("properties") or {}, shape)


def references(resource_type: str, properties: dict[str, Any]) -> Iterator[str]:
    """The ids of the resources a network resource refers to, which must exist."""
    kind = resource_type.lower()
    if kind == "microsoft.network/virtualnetworks/subnets":
        for field in ("routeTable", "networkSecurityGroup", "natGateway"):
            if found := properties.get(field):
                yield found["id"]
    if kind == "microsoft.network/applicationgateways":
        for each in properties.get("gatewayIPConfigurations") or ():
            if subnet := (each.get("properties") or {}).get("subnet"):
                yield subnet["id"]
