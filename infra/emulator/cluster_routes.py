"""Managed clusters over HTTP: put, patch, get, list, delete, abort, credentials."""

from __future__ import annotations

from typing import Any

from . import cluster_body, paging
from .arm_ids import IN_GROUP, IN_SUBSCRIPTION
from .cluster_state import Cluster
from .clusters import Clusters, cluster_id_of
from .groups import Groups
from .kubeconfig import kubeconfig
from .link_checks import LinkChecks
from .operations import Operations
from .wire import ArmError, Call, Response, Router
from .world import World

_CLUSTERS = r"/providers/Microsoft\.ContainerService/managedClusters"
CLUSTER_PATH = IN_GROUP + _CLUSTERS + "/(?P<name>[^/]+)"


class ClusterRoutes:
    """What Microsoft.ContainerService/managedClusters answers."""

    def __init__(
        self,
        world: World,
        operations: Operations,
        groups: Groups,
        clusters: Clusters,
        links: LinkChecks,
    ) -> None:
        self._world = world
        self._operations = operations
        self._groups = groups
        self._clusters = clusters
        self._links = links

    def register(self, router: Router) -> None:
        """Routes of the cluster itself."""
        add = router.add
        add("GET", IN_SUBSCRIPTION + _CLUSTERS, self._list)
        add("GET", IN_GROUP + _CLUSTERS, self._list)
        add("PUT", CLUSTER_PATH, self._put)
        add("PATCH", CLUSTER_PATH, self._patch)
        add("GET", CLUSTER_PATH, self._get)
        add("HEAD", CLUSTER_PATH, self._head)
        add("DELETE", CLUSTER_PATH, self._delete)
        add("POST", CLUSTER_PATH + "/abort", self._abort)
        for kind in ("User", "Admin", "MonitoringUser"):
            verb = f"/(?P<verb>listCluster{kind}Credential)"
            add("POST", CLUSTER_PATH + verb, self._credentials)

    def _put(self, call: Call, subscription: str, group: str, name: str) -> Response:
        found = self._groups.require_writable(subscription, group)
        cluster_id = cluster_id_of(subscription, found.name, name)
        cluster = self._clusters.find(cluster_id)
        _check_preconditions(call, cluster)
        body = call.request.json_object()
        cluster_body.check(name, found.name, body, exists=cluster is not None)
        if cluster is None:
            self._links.check(call, cluster_id, body)
            cluster = self._clusters.create(call, cluster_id, name, body)
            return self._begin_put(call, cluster, "Creating")
        self._clusters.refuse_when_busy(cluster)
        _check_unchanged(cluster, body)
        merged = cluster.with_own_kubelet_identity(body)
        self._links.check(call, cluster.id, merged)
        self._clusters.take(cluster, merged)
        return self._begin_put(call, cluster, "Updating")

    def _begin_put(self, call: Call, cluster: Cluster, state: str) -> Response:
        knobs = self._world.knobs
        creating = state == "Creating"
        limits = knobs.provisioning_seconds if creating else knobs.update_seconds
        seconds = self._world.draw_seconds(limits, state, cluster.id, cluster.resource_uid)
        operation = self._clusters.begin(call, cluster, state, seconds)
        for pool in cluster.pools:
            pool["provisioningState"] = state
        headers = self._operations.status_headers(call.request, operation)
        return Response(201 if creating else 200, cluster.document(), headers)

    def _patch(self, call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        _check_preconditions(call, cluster)
        self._clusters.refuse_when_busy(cluster)
        body = call.request.json_object()
        if set(body) - {"tags"}:
            raise cluster_body.invalid("managedCluster", "Only tags can be patched.")
        cluster.tags = dict(body.get("tags") or {})
        return self._begin_put(call, cluster, "Updating")

    def _get(self, _call: Call, subscription: str, group: str, name: str) -> Response:
        return Response(200, self._clusters.require(subscription, group, name).document())

    def _head(self, _call: Call, subscription: str, group: str, name: str) -> Response:
        return Response(
            204 if self._clusters.find(cluster_id_of(subscription, group, name)) else 404
        )

    def _list(self, call: Call, subscription: str, group: str = "") -> Response:
        start = f"/subscriptions/{subscription}/".lower()
        if group:
            start = self._groups.require(subscription, group).id.lower() + "/"
        found = [c for c in self._clusters.all() if c.id.lower().startswith(start)]
        return paging.page(
            call.request, found, self._world.knobs.page_size, lambda cluster: cluster.document()
        )

    def _delete(self, call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self._clusters.find(cluster_id_of(subscription, group, name))
        if cluster is None:
            return Response(204)
        _check_preconditions(call, cluster)
        if cluster.operation and cluster.pending == "Deleting":
            return self._operations.accepted(call.request, cluster.operation)
        self._clusters.refuse_when_busy(cluster)
        limits = self._world.knobs.deletion_seconds
        seconds = self._world.draw_seconds(limits, "delete", cluster.id, cluster.resource_uid)
        operation = self._clusters.begin(call, cluster, "Deleting", seconds, verb="delete")
        return self._operations.accepted(call.request, operation)

    def _abort(self, _call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        if cluster.operation is None or not cluster.operation.running:
            raise ArmError(
                409,
                "OperationNotAllowed",
                "Operation is not allowed: there is no operation in progress.",
                flat=True,
            )
        self._operations.cancel(cluster.operation)
        return Response(204)

    def _credentials(
        self, _call: Call, subscription: str, group: str, name: str, verb: str
    ) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        if cluster.properties["disableLocalAccounts"]:
            raise ArmError(
                400,
                "BadRequest",
                "Getting static credential is not allowed because this cluster is set to disable "
                "local accounts.",
                flat=True,
            )
        return Response(200, {"kubeconfigs": [kubeconfig(cluster, verb)]})


def _check_preconditions(call: Call, cluster: Cluster | None) -> None:
    """If-None-Match: * and If-Match (learn.microsoft.com/azure/aks/use-etags)."""
    none_match = call.request.headers.get("if-none-match")
    match = call.request.headers.get("if-match")
    if none_match is not None and (none_match != "*" or match is not None):
        raise ArmError(
            400, "BadRequest", "If-None-Match must be '*' and cannot be combined with If-Match."
        )
    exists_already = none_match == "*" and cluster is not None
    # the SDKs put the value in quotes, as HTTP has it
    changed = match is not None and (cluster is None or match.strip('"') not in ("*", cluster.etag))
    if exists_already or changed:
        raise ArmError(
            412,
            "PreconditionFailed",
            "The precondition given in the request's If-Match or If-None-Match header is not met.",
            flat=True,
        )


def _check_unchanged(cluster: Cluster, body: dict[str, Any]) -> None:
    properties = body["properties"]
    asked = {"location": str(body["location"]).replace(" ", "")}
    asked |= {name: properties.get(name) for name in ("dnsPrefix", "nodeResourceGroup")}
    current = cluster.properties | {"location": cluster.location}
    for name, value in asked.items():
        if value and str(value).lower() != str(current.get(name)).lower():
            raise ArmError(
                400,
                "PropertyChangeNotAllowed",
                f"Changing property '{name}' is not allowed.",
                flat=True,
                target=name,
            )
