"""Agent pools as resources of their own: list, get, put, delete."""

from __future__ import annotations

import copy
from typing import Any

from . import cluster_body, cluster_defaults, cluster_rules
from .cluster_routes import CLUSTER_PATH
from .cluster_state import Cluster
from .clusters import Clusters
from .link_checks import LinkChecks
from .operations import SUCCEEDED, Operation, Operations
from .wire import ArmError, Call, Response, Router
from .world import ArmChange, World

POOL_TYPE = "Microsoft.ContainerService/managedClusters/agentPools"
_POOLS = CLUSTER_PATH + "/agentPools"
_POOL = _POOLS + "/(?P<pool>[^/]+)"


class AgentPools:
    """The pools live in their cluster's body; this is the other way to them."""

    def __init__(
        self, world: World, operations: Operations, clusters: Clusters, links: LinkChecks
    ) -> None:
        self._world = world
        self._operations = operations
        self._clusters = clusters
        self._links = links

    def register(self, router: Router) -> None:
        """Routes below a cluster."""
        router.add("GET", _POOLS, self._list)
        router.add("GET", _POOL, self._get)
        router.add("PUT", _POOL, self._put)
        router.add("DELETE", _POOL, self._delete)

    def _list(self, _call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        return Response(200, {"value": [_document(cluster, pool) for pool in cluster.pools]})

    def _get(self, _call: Call, subscription: str, group: str, name: str, pool: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        return Response(200, _document(cluster, _require(cluster, pool)))

    def _put(self, call: Call, subscription: str, group: str, name: str, pool: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        self._clusters.refuse_when_busy(cluster)
        properties = call.request.json_object().get("properties") or {}
        if not isinstance(properties, dict):
            raise cluster_body.invalid("properties")
        asked = {**properties, "name": pool}
        cluster_body.check_pool(asked)
        self._links.check_pool(call, cluster, asked)
        filled = cluster_defaults.complete_pool(asked, cluster.properties["kubernetesVersion"])
        before = _find(cluster, pool)
        if before is None:
            cluster.pools.append(filled)
        else:
            before.clear()
            before.update(filled)
        filled = before if before is not None else filled
        state = "Creating" if before is None else "Updating"
        filled["provisioningState"] = state
        return self._begin(call, cluster, filled, state)

    def _begin(self, call: Call, cluster: Cluster, pool: dict[str, Any], state: str) -> Response:
        seconds = self._seconds(self._world.knobs.update_seconds, cluster, pool["name"])

        def finish(operation: Operation) -> None:
            pool["provisioningState"] = operation.status

        operation = self._clusters.begin_part(
            cluster,
            _change(call, cluster, pool["name"], "write", existed=state != "Creating"),
            f"{pool['name']} - {state}",
            seconds,
            finish,
        )
        headers = self._operations.status_headers(call.request, operation)
        return Response(201 if state == "Creating" else 200, _document(cluster, pool), headers)

    def _delete(self, call: Call, subscription: str, group: str, name: str, pool: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        found = _find(cluster, pool)
        if found is None:
            return Response(204)
        self._clusters.refuse_when_busy(cluster)
        others = [each for each in cluster.pools if each is not found]
        hosted = cluster_rules.hosts_system_nodes(cluster.properties)
        if not hosted and not any(each["mode"] == "System" for each in others):
            raise ArmError(
                400,
                "OperationNotAllowed",
                "There has to be at least one system node pool.",
                flat=True,
            )
        found["provisioningState"] = "Deleting"
        seconds = self._seconds(self._world.knobs.deletion_seconds, cluster, pool)

        def finish(operation: Operation) -> None:
            if operation.status == SUCCEEDED:
                cluster.properties["agentPoolProfiles"] = others
            else:
                found["provisioningState"] = operation.status

        operation = self._clusters.begin_part(
            cluster,
            _change(call, cluster, found["name"], "delete", existed=True),
            f"{found['name']} - Deleting",
            seconds,
            finish,
        )
        return self._operations.accepted(call.request, operation)

    def _seconds(self, limits: tuple[float, float], cluster: Cluster, pool: str) -> float:
        return self._world.draw_seconds(limits, "pool", cluster.id, cluster.resource_uid, pool)


def _find(cluster: Cluster, pool: str) -> dict[str, Any] | None:
    return next((p for p in cluster.pools if p["name"].lower() == pool.lower()), None)


def _require(cluster: Cluster, pool: str) -> dict[str, Any]:
    if found := _find(cluster, pool):
        return found
    raise ArmError(
        404, "NotFound", f"Could not find the agentpool: {pool} in cluster: {cluster.name}."
    )


def _change(call: Call, cluster: Cluster, name: str, verb: str, *, existed: bool) -> ArmChange:
    return call.change(f"{cluster.id}/agentPools/{name}", f"{POOL_TYPE}/{verb}", existed=existed)


def _document(cluster: Cluster, pool: dict[str, Any]) -> dict[str, Any]:
    properties = copy.deepcopy(pool)
    name = properties.pop("name")
    return {
        "id": f"{cluster.id}/agentPools/{name}",
        "name": name,
        "type": POOL_TYPE,
        "properties": properties,
    }
