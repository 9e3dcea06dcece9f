"""Managed clusters: create, update, read, list, delete, abort, credentials."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from . import cluster_body
from .arm_ids import subscription_of
from .cluster_links import CLUSTER_TYPE, LinkChecks
from .cluster_state import Cluster
from .groups import Groups
from .kubeconfig import kubeconfig
from .node_groups import NodeGroups
from .operations import SUCCEEDED, Finish, Operation, Operations
from .resources import Resources, not_found
from .wire import ArmError, Call, Response, Router
from .world import ArmChange, World

_SUB = "/subscriptions/(?P<subscription>[^/]+)"
_IN_SUB = _SUB + "/providers/Microsoft\\.ContainerService/managedClusters"
_IN_GROUP = (
    _SUB + "/resourcegroups/(?P<group>[^/]+)/providers/Microsoft\\.ContainerService/managedClusters"
)
CLUSTER_PATH = _IN_GROUP + "/(?P<name>[^/]+)"


@dataclass
class Outcome:
    """How coming operations on clusters end, when not well."""

    status: Literal["Failed", "Canceled"] = "Failed"
    code: str = "ReconcileVMSSAgentPoolFailed"
    message: str = "Provisioning of the node pool failed."
    name: str = ""
    """Regular expression found in the cluster's name, ignoring case."""
    count: int = 1
    """For how many operations."""


class Clusters:
    """All clusters, and the operations on them."""

    def __init__(
        self,
        world: World,
        operations: Operations,
        groups: Groups,
        resources: Resources,
        node_groups: NodeGroups,
        links: LinkChecks,
    ) -> None:
        self._world = world
        self._operations = operations
        self._groups = groups
        self._node_groups = node_groups
        self._links = links
        self._clusters: dict[str, Cluster] = {}
        self._outcomes: list[Outcome] = []
        self._incarnations = 0
        world.on_delete.append(self._remove_below)
        resources.more.append(self._documents)

    def register(self, router: Router) -> None:
        """Routes of the cluster itself."""
        add = router.add
        add("GET", _IN_SUB, self._list)
        add("GET", _IN_GROUP, self._list)
        add("PUT", CLUSTER_PATH, self._put)
        add("PATCH", CLUSTER_PATH, self._patch)
        add("GET", CLUSTER_PATH, self._get)
        add("HEAD", CLUSTER_PATH, self._head)
        add("DELETE", CLUSTER_PATH, self._delete)
        add("POST", CLUSTER_PATH + "/abort", self._abort)
        for kind in ("User", "Admin", "MonitoringUser"):
            verb = f"/(?P<verb>listCluster{kind}Credential)"
            add("POST", CLUSTER_PATH + verb, self._credentials)

    # what other rooms and tests use

    def all(self) -> list[Cluster]:
        """Every cluster, those being deleted too."""
        return list(self._clusters.values())

    def find(self, cluster_id: str) -> Cluster | None:
        """A cluster by id."""
        return self._clusters.get(cluster_id.lower())

    def require(self, subscription: str, group: str, name: str) -> Cluster:
        """A cluster that must exist; ArmError 404 ResourceGroupNotFound or ResourceNotFound."""
        self._groups.require(subscription, group)
        cluster_id = _id(subscription, group, name)
        if cluster := self.find(cluster_id):
            return cluster
        raise not_found(cluster_id)

    def expect(self, outcome: Outcome) -> None:
        """Let coming operations on matching clusters end badly."""
        self._outcomes.append(outcome)

    def begin_part(
        self,
        cluster: Cluster,
        about: ArmChange,
        doing: str,
        seconds: float,
        finish: Finish,
    ) -> Operation:
        """Start an operation on a part of a cluster (an agent pool), which keeps others out.

        `about` is what everybody hears at its end, then with the status it ended in.
        """
        cluster.busy_with = doing
        return self._start(cluster, about, seconds, finish)

    def _begin(
        self, call: Call, cluster: Cluster, state: str, seconds: float, *, verb: str = "write"
    ) -> Operation:
        """Start the operation that brings a whole cluster from `state` to its end."""

        def finish(operation: Operation) -> None:
            if verb == "delete" and operation.status == SUCCEEDED:
                self._remove(cluster)
            else:
                self._settle(cluster, operation)

        cluster.pending = state
        cluster.busy_with = f"{cluster.name} - {state}"
        about = ArmChange(
            cluster.id,
            f"{CLUSTER_TYPE}/{verb}",
            SUCCEEDED,
            call.caller,
            call.correlation_id,
            existed=state != "Creating",
        )
        return self._start(cluster, about, seconds, finish)

    def _start(
        self, cluster: Cluster, about: ArmChange, seconds: float, finish: Finish
    ) -> Operation:
        def finish_and_tell(operation: Operation) -> None:
            finish(operation)
            cluster.new_etag(self._world)
            self._world.changed(replace(about, status=operation.status))

        cluster.new_etag(self._world)
        is_write = about.operation_name.endswith("/write")
        if is_write and self._world.knobs.events_at_acceptance:
            self._world.changed(about)
        outcome = self._next_outcome(cluster.name) if is_write else None
        cluster.operation = self._operations.start(
            f"/subscriptions/{subscription_of(cluster.id)}/providers/Microsoft.ContainerService"
            f"/locations/{cluster.location}",
            seconds,
            finish_and_tell,
            outcome=outcome.status if outcome else SUCCEEDED,
            error=ArmError(409, outcome.code, outcome.message) if outcome else None,
        )
        return cluster.operation

    def refuse_when_busy(self, cluster: Cluster) -> None:
        """ArmError 409 OperationNotAllowed while an operation runs."""
        if cluster.operation and cluster.operation.running:
            raise ArmError(
                409,
                "OperationNotAllowed",
                f"Operation is not allowed: Another operation ({cluster.busy_with}) "
                "is in progress, please wait for it to finish before starting "
                "a new operation. See https://aka.ms/aks-pending-operation for more details",
                flat=True,
            )

    # state

    def _create(self, call: Call, cluster_id: str, name: str, body: dict[str, Any]) -> Cluster:
        self._incarnations += 1
        uid = (
            f"{self._world.seeded('uid', cluster_id, str(self._incarnations)).getrandbits(96):024x}"
        )
        cluster = Cluster(id=cluster_id, name=name, resource_uid=uid)
        identity = self._node_groups.control_plane_identity(cluster, body)
        cluster.take(body, identity, self._world)
        try:
            self._node_groups.create(cluster, call)
        except ArmError:
            self._node_groups.remove(cluster)
            raise
        self._clusters[cluster_id.lower()] = cluster
        return cluster

    def _settle(self, cluster: Cluster, operation: Operation) -> None:
        """The cluster's state after an operation; identities appear only with success."""
        cluster.pending = ""
        cluster.state = operation.status
        if operation.status == SUCCEEDED:
            self._node_groups.complete(cluster)
        for pool in cluster.pools:
            pool["provisioningState"] = operation.status

    def _remove(self, cluster: Cluster) -> None:
        self._clusters.pop(cluster.id.lower(), None)
        self._node_groups.remove(cluster)
        self._world.deleted(cluster.id)

    def _remove_below(self, group_id: str) -> None:
        start = group_id.lower() + "/"
        for cluster in [c for key, c in self._clusters.items() if key.startswith(start)]:
            self._remove(cluster)

    def _next_outcome(self, name: str) -> Outcome | None:
        for outcome in self._outcomes:
            if re.search(outcome.name, name, re.IGNORECASE):
                outcome.count -= 1
                if outcome.count <= 0:
                    self._outcomes.remove(outcome)
                return outcome
        return None

    def _documents(self) -> Iterable[dict[str, Any]]:
        return [cluster.document() for cluster in self.all()]

    # routes

    def _put(self, call: Call, subscription: str, group: str, name: str) -> Response:
        found = self._groups.require(subscription, group)
        cluster_id = _id(subscription, found.name, name)
        cluster = self.find(cluster_id)
        _check_preconditions(call, cluster)
        body = call.request.json_object()
        cluster_body.check(name, found.name, body)
        if cluster is None:
            self._links.check(call, cluster_id, body)
            cluster = self._create(call, cluster_id, name, body)
            return self._begin_put(call, cluster, "Creating")
        self.refuse_when_busy(cluster)
        _check_unchanged(cluster, body)
        merged = cluster.with_own_kubelet_identity(body)
        self._links.check(call, cluster.id, merged)
        identity = self._node_groups.control_plane_identity(cluster, merged)
        cluster.take(merged, identity, self._world)
        return self._begin_put(call, cluster, "Updating")

    def _begin_put(self, call: Call, cluster: Cluster, state: str) -> Response:
        knobs = self._world.knobs
        creating = state == "Creating"
        limits = knobs.provisioning_seconds if creating else knobs.update_seconds
        seconds = self._world.draw_seconds(limits, state, cluster.id, cluster.resource_uid)
        operation = self._begin(call, cluster, state, seconds)
        for pool in cluster.pools:
            pool["provisioningState"] = state
        headers = self._operations.status_headers(call.request, operation)
        return Response(201 if creating else 200, cluster.document(), headers)

    def _patch(self, call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self.require(subscription, group, name)
        _check_preconditions(call, cluster)
        self.refuse_when_busy(cluster)
        body = call.request.json_object()
        if set(body) - {"tags"}:
            raise cluster_body.invalid("managedCluster", "Only tags can be patched.")
        cluster.tags = dict(body.get("tags") or {})
        return self._begin_put(call, cluster, "Updating")

    def _get(self, _call: Call, subscription: str, group: str, name: str) -> Response:
        return Response(200, self.require(subscription, group, name).document())

    def _head(self, _call: Call, subscription: str, group: str, name: str) -> Response:
        return Response(204 if self.find(_id(subscription, group, name)) else 404)

    def _list(self, _call: Call, subscription: str, group: str = "") -> Response:
        start = f"/subscriptions/{subscription}/".lower()
        if group:
            start = self._groups.require(subscription, group).id.lower() + "/"
        found = [c.document() for key, c in self._clusters.items() if key.startswith(start)]
        return Response(200, {"value": found})

    def _delete(self, call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self.find(_id(subscription, group, name))
        if cluster is None:
            return Response(204)
        _check_preconditions(call, cluster)
        if cluster.pending != "Deleting":
            self.refuse_when_busy(cluster)
            limits = self._world.knobs.deletion_seconds
            seconds = self._world.draw_seconds(limits, "delete", cluster.id, cluster.resource_uid)
            self._begin(call, cluster, "Deleting", seconds, verb="delete")
        return self._accepted(call, cluster)

    def _abort(self, _call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self.require(subscription, group, name)
        if cluster.operation is None or not cluster.operation.running:
            raise ArmError(
                409,
                "OperationNotAllowed",
                "Operation is not allowed: there is no operation in progress.",
                flat=True,
            )
        self._operations.cancel(cluster.operation)
        return Response(204)

    def _accepted(self, call: Call, cluster: Cluster) -> Response:
        assert cluster.operation  # noqa: S101 - the caller has just begun one
        return Response(
            202,
            None,
            self._operations.status_headers(call.request, cluster.operation)
            | self._operations.location_headers(call.request, cluster.operation),
        )

    def _credentials(
        self, _call: Call, subscription: str, group: str, name: str, verb: str
    ) -> Response:
        cluster = self.require(subscription, group, name)
        if cluster.properties["disableLocalAccounts"]:
            raise ArmError(
                400,
                "BadRequest",
                "Getting static credential is not allowed because this cluster is set to disable "
                "local accounts.",
                flat=True,
            )
        return Response(200, {"kubeconfigs": [kubeconfig(cluster, verb)]})


def _id(subscription: str, group: str, name: str) -> str:
    # AKS writes 'resourcegroups' in lower case where other providers do not
    return (
        f"/subscriptions/{subscription}/resourcegroups/{group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{name}"
    )


def _check_preconditions(call: Call, cluster: Cluster | None) -> None:
    """If-None-Match: * and If-Match (learn.microsoft.com/azure/aks/use-etags)."""
    none_match = call.request.headers.get("if-none-match")
    match = call.request.headers.get("if-match")
    if none_match is not None and (none_match != "*" or match is not None):
        raise ArmError(
            400, "BadRequest", "If-None-Match must be '*' and cannot be combined with If-Match."
        )
    exists_already = none_match == "*" and cluster is not None
    changed = match is not None and (cluster is None or match not in ("*", cluster.etag))
    if exists_already or changed:
        raise ArmError(
            412,
            "PreconditionFailed",
            "The precondition given in the request's If-Match or If-None-Match header is not met.",
            flat=True,
        )


def _check_unchanged(cluster: Cluster, body: dict[str, Any]) -> None:
    asked = copy.deepcopy(body["properties"]) | {"location": body["location"]}
    current = cluster.properties | {"location": cluster.location}
    for name in ("location", "dnsPrefix", "nodeResourceGroup"):
        if asked.get(name) and str(asked[name]).lower() != str(current.get(name)).lower():
            raise ArmError(
                400,
                "PropertyChangeNotAllowed",
                f"Changing property '{name}' is not allowed.",
                flat=True,
                target=name,
            )
