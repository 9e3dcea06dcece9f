"""All managed clusters and how they come, change and go; their routes are in cluster_routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec

from .arm_ids import subscription_of
from .cluster_links import CLUSTER_TYPE
from .cluster_state import Cluster
from .faults import require_pattern
from .groups import Groups, group_not_found
from .link_checks import LinkChecks
from .node_groups import NodeGroups
from .operations import FAILED, SUCCEEDED, Finish, Operation, Operations
from .resources import Resources, not_found
from .wire import ArmError, Call
from .world import ArmChange, World


class Outcome(msgspec.Struct, forbid_unknown_fields=True):
    """How coming operations on clusters end, when not well."""

    status: Literal["Failed", "Canceled"] = "Failed"
    code: str = "ReconcileVMSSAgentPoolFailed"
    message: str = "Provisioning of the node pool failed."
    name: str = ""
    """Regular expression found in the cluster's name, ignoring case."""
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    """For how many operations."""

    def __post_init__(self) -> None:
        require_pattern("name", self.name)


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

    def all(self) -> list[Cluster]:
        """Every cluster, those being deleted too."""
        return list(self._clusters.values())

    def find(self, cluster_id: str) -> Cluster | None:
        """A cluster by id."""
        return self._clusters.get(cluster_id.lower())

    def require(self, subscription: str, group: str, name: str) -> Cluster:
        """A cluster that must exist; ArmError 404 ResourceGroupNotFound or ResourceNotFound."""
        self._groups.require(subscription, group)
        cluster_id = cluster_id_of(subscription, group, name)
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

    def begin(
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
        operation_name = f"{CLUSTER_TYPE}/{verb}"
        about = call.change(cluster.id, operation_name, existed=state != "Creating")
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

    def create(self, call: Call, cluster_id: str, name: str, body: dict[str, Any]) -> Cluster:
        """A new cluster as the PUT says; ArmError when its node resource group is taken."""
        self._incarnations += 1
        uid = (
            f"{self._world.seeded('uid', cluster_id, str(self._incarnations)).getrandbits(96):024x}"
        )
        cluster = Cluster(id=cluster_id, name=name, resource_uid=uid)
        self.take(cluster, body)
        try:
            self._node_groups.create(cluster, call)
        except ArmError:
            self._node_groups.remove(cluster)
            raise
        self._clusters[cluster_id.lower()] = cluster
        return cluster

    def seed(self, cluster: Cluster) -> None:
        """Let a cluster be there as if it had been made long ago: no operation, no event, and
        nothing in its node resource group."""
        self._clusters[cluster.id.lower()] = cluster

    def take(self, cluster: Cluster, body: dict[str, Any]) -> None:
        """Let an existing cluster be as the PUT says."""
        identity = self._node_groups.control_plane_identity(cluster, body)
        cluster.take(body, identity, self._world)

    def _settle(self, cluster: Cluster, operation: Operation) -> None:
        """The cluster's state after an operation; identities appear only with success."""
        if operation.status == SUCCEEDED and not self._node_groups.exists(cluster):
            operation.status, operation.error = FAILED, group_not_found(cluster.node_group)
        if operation.status == SUCCEEDED and self._world.knobs.provisioning_checks_access:
            operation.error = self._links.refusal_of(cluster, self._world.directory)
            operation.status = FAILED if operation.error else SUCCEEDED
        if operation.status == SUCCEEDED:
            self._node_groups.complete(cluster)
        cluster.pending = ""
        cluster.state = operation.status
        cluster.error = operation.error
        for pool in cluster.pools:
            pool["provisioningState"] = operation.status

    def _remove(self, cluster: Cluster) -> None:
        self._clusters.pop(cluster.id.lower(), None)
        if cluster.operation:
            self._operations.abandon(cluster.operation)
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


def cluster_id_of(subscription: str, group: str, name: str) -> str:
    """The id as AKS writes it."""
    # AKS writes 'resourcegroups' in lower case where other providers do not
    return (
        f"/subscriptions/{subscription}/resourcegroups/{group}"
        f"/providers/Microsoft.ContainerService/managedClusters/{name}"
    )
