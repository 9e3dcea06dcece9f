"""What a cluster's body points at outside itself, and what using it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import addons

CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"
SUBNET_JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
ADDRESS_JOIN = "Microsoft.Network/publicIPAddresses/join/action"
PREFIX_JOIN = "Microsoft.Network/publicIPPrefixes/join/action"
GATEWAY_READ = "Microsoft.Network/applicationGateways/read"
ENCRYPTION_SET_READ = "Microsoft.Compute/diskEncryptionSets/read"


@dataclass(frozen=True, slots=True)
class Link:
    """A resource the cluster uses, and the action that using it takes ('': nothing is asked of the
    requester)."""

    resource_id: str
    action: str
    parameter: str


def of_network(properties: dict[str, Any]) -> Iterator[Link]:
    """Subnets, public addresses and prefixes: joined by the requester at the PUT, and later by the
    control plane's identity."""
    for pool in properties.get("agentPoolProfiles") or ():
        for field in ("vnetSubnetID", "podSubnetID"):
            yield from _link(pool, field, SUBNET_JOIN, "agentPoolProfile")
        yield from _link(pool, "nodePublicIPPrefixID", PREFIX_JOIN, "agentPoolProfile")
    api_server = properties.get("apiServerAccessProfile") or {}
    yield from _link(api_server, "subnetId", SUBNET_JOIN, "apiServerAccessProfile")
    hosted = properties.get("hostedSystemProfile") or {}
    for field in ("systemNodeSubnetID", "nodeSubnetID"):
        yield from _link(hosted, field, SUBNET_JOIN, "hostedSystemProfile")
    network = properties.get("networkProfile") or {}
    for profile in ("loadBalancerProfile", "natGatewayProfile"):
        addresses, prefixes = outbound(network.get(profile) or {})
        for each in addresses:
            yield Link(each, ADDRESS_JOIN, f"{profile}.outboundIPs")
        for each in prefixes:
            yield Link(each, PREFIX_JOIN, f"{profile}.outboundIPPrefixes")


def outbound(profile: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The ids of the public addresses and of the prefixes that a load balancer's or NAT gateway's
    profile brings. The one has references, the other plain ids."""
    addresses = (profile.get("outboundIPs") or {}).get("publicIPs") or ()
    prefixes = (profile.get("outboundIPPrefixes") or {}).get("publicIPPrefixes") or ()
    return [_id(each) for each in addresses], [_id(each) for each in prefixes]


def of_others(properties: dict[str, Any]) -> Iterator[Link]:
    """Everything else that must be there, with what the requester needs there
    (learn.microsoft.com/azure/aks/aks-service-permissions)."""
    for pool in properties.get("agentPoolProfiles") or ():
        for field in ("capacityReservationGroupID", "hostGroupID"):
            yield from _link(pool, field, "", "agentPoolProfile")
    yield from _link(properties, "diskEncryptionSetID", ENCRYPTION_SET_READ, "properties")
    bootstrap = properties.get("bootstrapProfile") or {}
    yield from _link(bootstrap, "containerRegistryId", "", "bootstrapProfile")
    on = addons.enabled(properties)
    where = "addonProfiles.ingressApplicationGateway.config"
    ingress = on.get("ingressapplicationgateway", {})
    if gateway := addons.setting(ingress, "applicationGatewayId"):
        yield Link(gateway, GATEWAY_READ, f"{where}.applicationGatewayId")
    if subnet := addons.setting(ingress, "subnetId"):
        yield Link(subnet, SUBNET_JOIN, f"{where}.subnetId")
    virtual_nodes = addons.setting(on.get("aciconnectorlinux", {}), "SubnetName")
    if virtual_nodes and (network := network_of(properties)):
        subnet = f"{network}/subnets/{virtual_nodes}"
        yield Link(subnet, SUBNET_JOIN, "addonProfiles.aciConnectorLinux.config.SubnetName")


def network_of(properties: dict[str, Any]) -> str:
    """The virtual network of the first pool in a subnet of the requester's; '' without one."""
    pools = properties.get("agentPoolProfiles") or ()
    subnets = (pool["vnetSubnetID"] for pool in pools if pool.get("vnetSubnetID"))
    return str(next(subnets, "")).rpartition("/subnets/")[0]


def _link(profile: dict[str, Any], field: str, action: str, where: str) -> Iterator[Link]:
    if found := profile.get(field):
        yield Link(found, action, f"{where}.{field}")


def _id(reference: str | dict[str, str]) -> str:
    return reference if isinstance(reference, str) else reference["id"]
