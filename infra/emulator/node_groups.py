"""What AKS makes for a cluster: identities, the node resource group and what is in it.

The control plane's identity exists from the PUT on; the kubelet's and the add-ons' appear with the
first success (recordings of the Azure CLI's tests). Default permissions: aks/use-managed-identity.
"""

from __future__ import annotations

from typing import Any

from . import addons, cluster_links, scopes
from .arm_ids import subscription_of
from .cluster_body import identity_type
from .cluster_state import Cluster
from .groups import Groups
from .resources import IDENTITY_TYPE, Resources
from .role_assignments import RoleAssignments
from .wire import ArmError, Call
from .world import World

_ADDRESSES = "Microsoft.Network/publicIPAddresses"
_GATEWAYS = "Microsoft.Network/applicationGateways"


class NodeGroups:
    """Makes and removes the things that belong to a cluster but are resources themselves."""

    def __init__(
        self, world: World, groups: Groups, resources: Resources, assignments: RoleAssignments
    ) -> None:
        self._world = world
        self._groups = groups
        self._resources = resources
        self._assignments = assignments

    def control_plane_identity(
        self, cluster: Cluster, body: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The `identity` of the answer; makes or removes the system-assigned principal.

        None for a cluster with a service principal.
        """
        kind = identity_type(body)
        if kind != "SystemAssigned" and cluster.own_principal:
            self._world.directory.remove(cluster.own_principal.object_id)
            cluster.own_principal = None
        if kind == "None":
            cluster.control_plane_principal_id = ""
            return None
        if kind == "UserAssigned":
            user_id = next(iter(body["identity"]["userAssignedIdentities"]))
            user = self._resources.find(user_id)
            if user is None or user.principal_id is None:
                raise ArmError(404, "NotFound", f"Resource '{user_id}' was not found.")
            cluster.control_plane_principal_id = user.principal_id
            about = {"clientId": user.client_id, "principalId": user.principal_id}
            return {"type": kind, "userAssignedIdentities": {user_id: about}}
        if cluster.own_principal is None:
            cluster.own_principal = self._world.directory.create(cluster.name, cluster.id)
        cluster.control_plane_principal_id = cluster.own_principal.object_id
        return {
            "type": kind,
            "principalId": cluster.own_principal.object_id,
            "tenantId": self._world.tenant_id,
        }

    def create(self, cluster: Cluster, call: Call) -> None:
        """The node resource group; ArmError 400 when the name is taken."""
        subscription = subscription_of(cluster.id)
        if self._groups.find(subscription, cluster.node_group):
            raise ArmError(
                400,
                "NodeResourceGroupAlreadyExists",
                f"The node resource group '{cluster.node_group}' already exists.",
                flat=True,
            )
        made = self._groups.create(
            subscription, cluster.node_group, cluster.location, managed_by=cluster.id
        )
        self._groups.announce(call, made.id, "write", existed=False)
        self._contribute(cluster, cluster.control_plane_principal_id)

    def exists(self, cluster: Cluster) -> bool:
        """Whether the node resource group is there; somebody may be deleting it."""
        found = self._groups.find(subscription_of(cluster.id), cluster.node_group)
        return found is not None and found.deletion is None

    def complete(self, cluster: Cluster) -> None:
        """Everything that is there after a success and was not before."""
        properties = cluster.properties
        if cluster.identity is not None:
            # An update may have brought another identity than the one made with the cluster.
            self._contribute(cluster, cluster.control_plane_principal_id)
            self._complete_kubelet(cluster)
        self._complete_addons(cluster)
        for profile in ("loadBalancerProfile", "natGatewayProfile"):
            if (found := properties["networkProfile"].get(profile)) is not None:
                found["effectiveOutboundIPs"] = self._outbound_addresses(cluster, found)

    def remove(self, cluster: Cluster) -> None:
        """The node resource group with all in it, and the cluster's own principal."""
        node_group = self._groups.find(subscription_of(cluster.id), cluster.node_group)
        if node_group and node_group.managed_by and scopes.same(node_group.managed_by, cluster.id):
            self._groups.remove(node_group.id)
        if cluster.own_principal:
            self._world.directory.remove(cluster.own_principal.object_id)

    def _complete_kubelet(self, cluster: Cluster) -> None:
        profile = cluster.properties.get("identityProfile") or {}
        given = str((profile.get("kubeletidentity") or {}).get("resourceId") or "")
        about = (
            self._about(given) if given else self._identity(cluster, f"{cluster.name}-agentpool")
        )
        cluster.properties["identityProfile"] = {"kubeletidentity": about}

    def _complete_addons(self, cluster: Cluster) -> None:
        """Identities for the add-ons that are on, in a cluster that has identities; no others."""
        on = addons.enabled(cluster.properties) if cluster.identity is not None else {}
        for key in addons.IDENTITIES:
            name = f"{key}-{cluster.name}"
            if key not in on:
                self._resources.remove(
                    f"{self._node_group_id(cluster)}/providers/{IDENTITY_TYPE}/{name}"
                )
                continue
            on[key]["identity"] = self._identity(cluster, name)
            if key in addons.CONTRIBUTORS:
                self._contribute(cluster, on[key]["identity"]["objectId"])
        if ingress := addons.enabled(cluster.properties).get("ingressapplicationgateway"):
            own = addons.setting(ingress, "applicationGatewayId")
            config = ingress.setdefault("config", {})
            config["effectiveApplicationGatewayId"] = own or self._gateway(cluster, ingress)

    def _gateway(self, cluster: Cluster, ingress: dict[str, Any]) -> str:
        """The application gateway that AKS makes in the node resource group."""
        name = addons.setting(ingress, "applicationGatewayName") or "applicationgateway"
        resource_id = f"{self._node_group_id(cluster)}/providers/{_GATEWAYS}/{name}"
        properties = {}
        if subnet := self._gateway_subnet(cluster, ingress, name):
            address = {"name": "appGatewayIpConfig", "properties": {"subnet": {"id": subnet}}}
            properties["gatewayIPConfigurations"] = [address]
        if self._resources.find(resource_id) is None:
            body = {"location": cluster.location, "properties": properties}
            self._resources.put(resource_id, body)
        return resource_id

    def _gateway_subnet(self, cluster: Cluster, ingress: dict[str, Any], name: str) -> str:
        """The subnet named, or a new one of the range given; '' when there is no such network."""
        subnet = addons.setting(ingress, "subnetId")
        cidr = addons.setting(ingress, "subnetCIDR")
        network = cluster_links.network_of(cluster.properties)
        if cidr and self._resources.find(network):
            subnet = f"{network}/subnets/{name}-subnet"
            if self._resources.find(subnet) is None:
                self._resources.put(subnet, {"properties": {"addressPrefix": cidr}})
        return subnet if self._resources.find(subnet) else ""

    def _identity(self, cluster: Cluster, name: str) -> dict[str, Any]:
        resource_id = f"{self._node_group_id(cluster)}/providers/{IDENTITY_TYPE}/{name}"
        if self._resources.find(resource_id) is None:
            self._resources.put(resource_id, {"location": cluster.location})
        return self._about(resource_id)

    def _about(self, resource_id: str) -> dict[str, Any]:
        found = self._resources.find(resource_id)
        if found is None:
            return {"resourceId": resource_id}
        return {
            "resourceId": found.id,
            "clientId": found.client_id,
            "objectId": found.principal_id,
        }

    def _contribute(self, cluster: Cluster, object_id: str) -> None:
        """Contributor on the node resource group, unless it has a role there; '' is nobody."""
        scope = self._node_group_id(cluster)
        there = self._assignments.of_principal(object_id)
        if object_id and not any(scopes.same(each.scope, scope) for each in there):
            self._assignments.seed(scope, object_id, "Contributor")

    def _outbound_addresses(
        self, cluster: Cluster, profile: dict[str, Any]
    ) -> list[dict[str, str]]:
        """The addresses of a load balancer or NAT gateway: its own, or so many new ones."""
        own, _ = cluster_links.outbound(profile)
        if own:
            return [{"id": each} for each in own]
        managed = profile.get("managedOutboundIPs") or profile.get("managedOutboundIPProfile") or {}
        base = f"{self._node_group_id(cluster)}/providers/{_ADDRESSES}"
        addresses = []
        for number in range(managed.get("count", 0)):
            guid = f"{self._world.seeded('address', cluster.id, str(number)).getrandbits(128):032x}"
            if self._resources.find(f"{base}/{guid}") is None:
                self._resources.put(f"{base}/{guid}", {"location": cluster.location})
            addresses.append({"id": f"{base}/{guid}"})
        return addresses

    def _node_group_id(self, cluster: Cluster) -> str:
        subscription = subscription_of(cluster.id)
        return f"/subscriptions/{subscription}/resourceGroups/{cluster.node_group}"
