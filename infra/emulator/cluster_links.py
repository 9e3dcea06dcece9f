"""What a cluster's body points at outside itself, and the checks AKS makes on it at the PUT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import arm_ids
from .access import Access
from .cluster_body import identity_type, invalid
from .resources import Resources
from .wire import ArmError, Call

CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"
WRITE = f"{CLUSTER_TYPE}/write"
SUBNET_JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
ADDRESS_JOIN = "Microsoft.Network/publicIPAddresses/join/action"
PREFIX_JOIN = "Microsoft.Network/publicIPPrefixes/join/action"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
ZONE_WRITE = "Microsoft.Network/privateDnsZones/write"
ROUTE_WRITE = "Microsoft.Network/routeTables/write"


@dataclass(frozen=True, slots=True)
class Link:
    """A resource the cluster uses, and the action that using it takes."""

    resource_id: str
    action: str
    parameter: str


def of_network(properties: dict[str, Any]) -> Iterator[Link]:
    """Subnets, public addresses and prefixes: joined by the requester at the PUT, and later by the
    control plane's identity."""
    for pool in properties.get("agentPoolProfiles") or ():
        for field in ("vnetSubnetID", "podSubnetID"):
            if pool.get(field):
                yield Link(pool[field], SUBNET_JOIN, f"agentPoolProfile.{field}")
        if pool.get("nodePublicIPPrefixID"):
            prefix = pool["nodePublicIPPrefixID"]
            yield Link(prefix, PREFIX_JOIN, "agentPoolProfile.nodePublicIPPrefixID")
    api_server = properties.get("apiServerAccessProfile") or {}
    if api_server.get("subnetId"):
        yield Link(api_server["subnetId"], SUBNET_JOIN, "apiServerAccessProfile.subnetId")
    balancer = (properties.get("networkProfile") or {}).get("loadBalancerProfile") or {}
    for each in (balancer.get("outboundIPs") or {}).get("publicIPs") or ():
        yield Link(each["id"], ADDRESS_JOIN, "loadBalancerProfile.outboundIPs")
    for each in (balancer.get("outboundIPPrefixes") or {}).get("publicIPPrefixes") or ():
        yield Link(each["id"], PREFIX_JOIN, "loadBalancerProfile.outboundIPPrefixes")


class LinkChecks:
    """Refuses a PUT whose links are missing, not permitted, or need a grant made beforehand."""

    def __init__(self, resources: Resources, access: Access) -> None:
        self._resources = resources
        self._access = access

    def check(self, call: Call, cluster_id: str, body: dict[str, Any]) -> None:
        """ArmError 400 or 403; the requester's linked rights come before existence, as in ARM."""
        self.check_networks(call, cluster_id, body["properties"])
        for link in self._identities(body):
            self._check_link(call, cluster_id, link)
        self._check_topology(body, self._user_principal(body))

    def check_networks(self, call: Call, cluster_id: str, properties: dict[str, Any]) -> None:
        """The same for subnets and addresses only (a new agent pool has no more)."""
        for link in of_network(properties):
            self._check_link(call, cluster_id, link)

    def _check_link(self, call: Call, cluster_id: str, link: Link) -> None:
        self._access.require_linked(call, WRITE, cluster_id, link.action, link.resource_id)
        self._require(link)

    def _identities(self, body: dict[str, Any]) -> Iterator[Link]:
        for each in (body.get("identity") or {}).get("userAssignedIdentities") or ():
            yield Link(each, ASSIGN, "identity.userAssignedIdentities")
        if kubelet := _own_kubelet_identity(body["properties"]):
            yield Link(kubelet, ASSIGN, "identityProfile.kubeletidentity")

    def _require(self, link: Link) -> None:
        if self._resources.find(link.resource_id):
            return
        if link.action == ASSIGN:
            raise ArmError(
                400,
                "FailedIdentityOperation",
                "Identity operation failed with error 'Failed to perform resource identity "
                f"operation. Resource '{link.resource_id}' was not found.'",
            )
        raise invalid(
            link.parameter,
            f"The value of parameter {link.parameter} is invalid. Resource '{link.resource_id}' "
            "was not found.",
        )

    def _user_principal(self, body: dict[str, Any]) -> str | None:
        """The control plane's identity when it exists before the cluster does."""
        users = (body.get("identity") or {}).get("userAssignedIdentities") or {}
        found = self._resources.find(next(iter(users), ""))
        return found.principal_id if found else None

    def _check_topology(self, body: dict[str, Any], principal: str | None) -> None:
        """Combinations that work only with a user-assigned identity whose grant is in effect.

        learn.microsoft.com: aks/private-clusters, aks/configure-kubenet, aks/use-managed-identity,
        aks/use-capacity-reservation-groups, aks/use-azure-dedicated-hosts.
        """
        if identity_type(body) == "None":
            return
        for scope, action, code, what in self._needed_beforehand(body["properties"]):
            if principal is None:
                raise ArmError(
                    400,
                    code,
                    f"A system-assigned managed identity cannot be used with {what}. Use a "
                    "user-assigned managed identity.",
                    flat=True,
                )
            if not self._access.allows(principal, action, scope).allowed:
                raise ArmError(
                    400,
                    code,
                    f"The cluster's identity with object id '{principal}' does not have permission "
                    f"to perform action '{action}' over scope '{scope}', needed for {what}.",
                    flat=True,
                )

    def _needed_beforehand(self, properties: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
        zone = (properties.get("apiServerAccessProfile") or {}).get("privateDNSZone") or ""
        if zone.startswith("/"):
            code = "CustomPrivateDNSZoneMissingPermissionError"
            yield zone, ZONE_WRITE, code, "a custom private DNS zone"
        if kubelet := _own_kubelet_identity(properties):
            code = "CustomKubeletIdentityMissingPermissionError"
            yield kubelet, ASSIGN, code, "a custom kubelet identity"
        kubenet = (properties.get("networkProfile") or {}).get("networkPlugin") == "kubenet"
        for pool in properties["agentPoolProfiles"]:
            subnet = pool.get("vnetSubnetID") or ""
            if pool.get("type") == "VirtualMachines" and subnet:
                what = "VirtualMachines node pools in a custom virtual network"
                yield subnet, SUBNET_JOIN, "InvalidParameter", what
            if kubenet and (table := self._route_table(subnet)):
                what = "kubenet and a custom route table"
                yield table, ROUTE_WRITE, "CustomRouteTableMissingPermission", what
            for field in ("capacityReservationGroupID", "hostGroupID"):
                if pool.get(field):
                    action = f"{arm_ids.type_of(pool[field])}/read"
                    yield pool[field], action, "InvalidParameter", field

    def _route_table(self, subnet: str) -> str:
        found = self._resources.find(subnet)
        table = found.properties.get("routeTable") if found else None
        return str(table["id"]) if table else ""


def _own_kubelet_identity(properties: dict[str, Any]) -> str:
    """The kubelet identity the requester brings; '' when AKS makes it."""
    given = (properties.get("identityProfile") or {}).get("kubeletidentity") or {}
    resource_id = str(given.get("resourceId") or "")
    own_group = (properties.get("nodeResourceGroup") or "").lower()
    made_by_aks = own_group and arm_ids.group_of(resource_id).lower() == own_group
    return "" if made_by_aks else resource_id
