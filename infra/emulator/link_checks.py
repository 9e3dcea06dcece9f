"""The checks AKS makes at a PUT on what a cluster's body points at outside itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from . import arm_ids
from .access import Access, linked_refusal
from .cluster_body import identity_type, invalid
from .cluster_links import CLUSTER_TYPE, SUBNET_JOIN, Link, of_network, of_others
from .cluster_state import Cluster
from .resource_types import Resource
from .resources import Resources
from .wire import ArmError, Call
from .world import Directory

WRITE = f"{CLUSTER_TYPE}/write"
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
ZONE_WRITE = "Microsoft.Network/privateDnsZones/write"
NODES_WRITE = "Microsoft.Compute/virtualMachineScaleSets/write"
ROUTE_WRITE = "Microsoft.Network/routeTables/write"

Need = tuple[str, str, str, str]
"""A scope, the action needed there, the code of the refusal, and what it is needed for."""


class LinkChecks:
    """Refuses a PUT whose links are missing, not permitted, or need a grant made beforehand."""

    def __init__(self, resources: Resources, access: Access) -> None:
        self._resources = resources
        self._access = access

    def check(self, call: Call, cluster_id: str, body: dict[str, Any]) -> None:
        """ArmError 400 or 403; the requester's linked rights come before existence, as in ARM."""
        properties = body["properties"]
        of_body = of_network(properties), of_others(properties), self._identities(body)
        for link in chain(*of_body):
            self._check_link(call, cluster_id, link)
        if identity_type(body) != "None":
            identity = self._resources.find(_user_identity(body.get("identity")))
            self._check_beforehand(identity, self._needed_beforehand(properties))

    def check_pool(self, call: Call, cluster: Cluster, pool: dict[str, Any]) -> None:
        """The same for one agent pool of a cluster."""
        part = {"agentPoolProfiles": [pool]}
        for link in chain(of_network(part), of_others(part)):
            self._check_link(call, cluster.id, link)
        if cluster.identity is not None:
            identity = self._resources.find(_user_identity(cluster.identity))
            plugin = cluster.properties["networkProfile"]["networkPlugin"]
            self._check_beforehand(identity, self._needed_by_pools([pool], plugin))

    def refusal_of(self, cluster: Cluster, directory: Directory) -> ArmError | None:
        """The 403 that the cluster's own identity gets when it joins what the cluster brings in the
        network; None when it may, or is no managed identity."""
        principal = directory.get(cluster.control_plane_principal_id)
        if principal is None:
            return None
        nodes = (
            f"/subscriptions/{arm_ids.subscription_of(cluster.id)}/resourceGroups/"
            f"{cluster.node_group}/providers/Microsoft.Compute/virtualMachineScaleSets/nodes"
        )
        for link in of_network(cluster.properties):
            what, where = link.action, link.resource_id
            decision = self._access.allows(principal.object_id, what, where)
            if not decision.allowed:
                return linked_refusal(principal, NODES_WRITE, nodes, what, where, decision)
        return None

    def _check_link(self, call: Call, cluster_id: str, link: Link) -> None:
        if link.action:
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

    def _check_beforehand(self, identity: Resource | None, needs: Iterable[Need]) -> None:
        """Combinations that work only with a user-assigned identity whose grant is in effect.

        learn.microsoft.com: aks/private-clusters, aks/configure-kubenet, aks/use-managed-identity,
        aks/use-capacity-reservation-groups, aks/use-azure-dedicated-hosts.
        """
        principal = identity.principal_id if identity else None
        for scope, action, code, what in needs:
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

    def _needed_beforehand(self, properties: dict[str, Any]) -> Iterator[Need]:
        zone = (properties.get("apiServerAccessProfile") or {}).get("privateDNSZone") or ""
        if zone.startswith("/"):
            code = "CustomPrivateDNSZoneMissingPermissionError"
            yield zone, ZONE_WRITE, code, "a custom private DNS zone"
        if kubelet := _own_kubelet_identity(properties):
            code = "CustomKubeletIdentityMissingPermissionError"
            yield kubelet, ASSIGN, code, "a custom kubelet identity"
        plugin = (properties.get("networkProfile") or {}).get("networkPlugin") or ""
        yield from self._needed_by_pools(properties.get("agentPoolProfiles") or (), plugin)

    def _needed_by_pools(self, pools: Iterable[dict[str, Any]], plugin: str) -> Iterator[Need]:
        for pool in pools:
            subnet = pool.get("vnetSubnetID") or ""
            if pool.get("type") == "VirtualMachines" and subnet:
                what = "VirtualMachines node pools in a custom virtual network"
                yield subnet, SUBNET_JOIN, "InvalidParameter", what
            if plugin == "kubenet" and (table := self._route_table(subnet)):
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


def _user_identity(identity: dict[str, Any] | None) -> str:
    """The id of the control plane's identity when it exists before the cluster does; else ''."""
    return next(iter((identity or {}).get("userAssignedIdentities") or ()), "")


def _own_kubelet_identity(properties: dict[str, Any]) -> str:
    """The kubelet identity the requester brings; '' when AKS makes it."""
    given = (properties.get("identityProfile") or {}).get("kubeletidentity") or {}
    resource_id = str(given.get("resourceId") or "")
    own_group = (properties.get("nodeResourceGroup") or "").lower()
    made_by_aks = own_group and arm_ids.group_of(resource_id).lower() == own_group
    return "" if made_by_aks else resource_id
