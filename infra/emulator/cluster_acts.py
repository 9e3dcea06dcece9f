"""What a cluster does with its identities, by the role assignments that are in effect now.

Texts: the pull check's are those of Azure/aks-canipull (main.go, pkg/exitcode); the cloud
controller's of kubernetes-sigs/cloud-provider-azure#1999 and MicrosoftDocs/azure-docs#62754.
"""

from __future__ import annotations

import json
from typing import Any

from . import arm_ids, cluster_links
from .access import Access, linked_refusal
from .cluster_links import SUBNET_JOIN, Link
from .cluster_state import Cluster
from .resource_types import ABAC_MODE, Resource
from .resources import Resources
from .world import World

PULL = "Microsoft.ContainerRegistry/registries/pull/read"
READ_REPOSITORY = "Microsoft.ContainerRegistry/registries/repositories/content/read"
LOAD_BALANCER_WRITE = "Microsoft.Network/loadBalancers/write"
_REGISTRY_TYPE = "Microsoft.ContainerRegistry/registries"
_NO_HOST, _NOT_LET_IN = 52, 60
_SUBNET_ANNOTATION = "service.beta.kubernetes.io/azure-load-balancer-internal-subnet"


class ClusterActs:
    """The kubelets and cloud controllers of all clusters."""

    def __init__(self, world: World, resources: Resources, access: Access) -> None:
        self._world = world
        self._resources = resources
        self._access = access
        self._refused: dict[tuple[str, str, str], dict[str, Any]] = {}

    def pull_check(self, cluster: Cluster, registry: str) -> tuple[int, str]:
        """Like the canipull image: does the registry let the kubelet's identity in? Exit code and
        output."""
        wanted = registry.lower().removesuffix(".azurecr.io")
        found = next(
            (r for r in self._resources.of_type(_REGISTRY_TYPE) if r.name.lower() == wanted), None
        )
        host = f"{wanted}.azurecr.io"
        head = f"Checking host name resolution ({host}): "
        if found is None:
            return (
                _NO_HOST,
                f"{head}FAILED\nFailed to resolve specified fqdn {host}: no such host\n",
            )
        if self._may_pull(cluster.kubelet_object_id, found):
            return 0, (
                f"{head}SUCCEEDED\nValidating image pull permission: SUCCEEDED\n\nYour cluster can "
                f"pull images from {host}!\n"
            )
        return _NOT_LET_IN, (
            f"{head}SUCCEEDED\nValidating image pull permission: FAILED\nACR {host} rejected token "
            "exchange: ACR token exchange endpoint returned error status: 401. body: \n"
        )

    def events(self, cluster: Cluster) -> list[dict[str, Any]]:
        """What the cloud controller says of the cluster's own Services, one for each link to the
        outside. It tries again and again; its last refusal is remembered."""
        said: list[dict[str, Any]] = []
        for link in self._links_outside(cluster):
            key = (cluster.resource_uid, link.resource_id.lower(), link.action)
            event = self._event(cluster, link, f"app-{arm_ids.name_of(link.resource_id)}")
            if event["type"] == "Warning":
                self._refused[key] = event
                said.append(event)
            else:
                said += [self._refused[key], event] if key in self._refused else [event]
        return said

    def balance(self, cluster: Cluster, service: dict[str, Any]) -> dict[str, Any]:
        """What the cloud controller says of an internal load balancer that a Service asks for."""
        subnet = service["metadata"]["annotations"][_SUBNET_ANNOTATION]
        scope = f"{cluster_links.network_of(cluster.properties)}/subnets/{subnet}"
        link = Link(scope, SUBNET_JOIN, "")
        return self._event(cluster, link, str(service["metadata"]["name"]))

    def _may_pull(self, object_id: str, registry: Resource) -> bool:
        """Each mode honours roles of its own (container-registry-rbac-abac-repository-permissions):
        AcrPull's action in one, the data action of Repository Reader in the other."""
        by_repository = registry.properties["roleAssignmentMode"] == ABAC_MODE
        action = READ_REPOSITORY if by_repository else PULL
        decision = self._access.allows(object_id, action, registry.id, data_action=by_repository)
        return decision.allowed

    def _links_outside(self, cluster: Cluster) -> list[Link]:
        """What the cluster uses outside its node resource group, each once."""
        node_group = cluster.node_group.lower()
        links = {
            (link.resource_id.lower(), link.action): link
            for link in (*cluster_links.of_network(cluster.properties), *cluster.uses)
            if arm_ids.group_of(link.resource_id).lower() != node_group
        }
        return list(links.values())

    def _event(self, cluster: Cluster, link: Link, service: str) -> dict[str, Any]:
        """What the cloud controller says of a Service after using a link for it."""
        principal = self._world.directory.get(cluster.control_plane_principal_id)
        if principal is None:
            text = "FailedIdentity: the identity of the cluster does not exist"
            return self._document("Warning", "SyncLoadBalancerFailed", text, service)
        decision = self._access.allows(principal.object_id, link.action, link.resource_id)
        if decision.allowed:
            return self._document("Normal", "EnsuredLoadBalancer", "Ensured load balancer", service)
        balancer = (
            f"/subscriptions/{arm_ids.subscription_of(cluster.id)}/resourceGroups/"
            f"{cluster.node_group}/providers/Microsoft.Network/loadBalancers/kubernetes"
        )
        error = linked_refusal(
            principal, LOAD_BALANCER_WRITE, balancer, link.action, link.resource_id, decision
        )
        text = (
            "Error syncing load balancer: failed to ensure load balancer: Retriable: false, "
            f"RetryAfter: 0s, HTTPStatusCode: 403, RawError: {json.dumps(error.response().body)}"
        )
        return self._document("Warning", "SyncLoadBalancerFailed", text, service)

    def _document(self, kind: str, reason: str, message: str, service: str) -> dict[str, Any]:
        moment = self._world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "type": kind,
            "reason": reason,
            "message": message,
            "metadata": {"name": f"{service}.{reason.lower()}", "namespace": "default"},
            "involvedObject": {"kind": "Service", "namespace": "default", "name": service},
            "source": {"component": "service-controller"},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
