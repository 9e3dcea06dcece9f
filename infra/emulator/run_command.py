"""Run command: what a cluster's identities can do at this moment, seen from inside the cluster.

A few commands are understood; their answers come from the role assignments in effect when the
command runs. Protocol: recording of the Azure CLI's test_aks_run_command.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import arm_ids, cluster_links
from .access import Access, linked_refusal
from .cluster_links import Link
from .cluster_routes import CLUSTER_PATH
from .cluster_state import Cluster
from .clusters import Clusters
from .operations import RESULT_KEPT_SECONDS, Operation, Operations
from .resource_types import ABAC_MODE, Resource
from .resources import Resources
from .timestamps import arm_time
from .wire import ArmError, Call, Request, Response, Router
from .world import World

PULL = "Microsoft.ContainerRegistry/registries/pull/read"
READ_REPOSITORY = "Microsoft.ContainerRegistry/registries/repositories/content/read"
LOAD_BALANCER_WRITE = "Microsoft.Network/loadBalancers/write"
_REGISTRY_TYPE = "Microsoft.ContainerRegistry/registries"
_CANIPULL = re.compile(r"canipull\S*(?:\s+-\S+)*\s+(?P<registry>[a-z0-9][\w.-]*)", re.IGNORECASE)
_CANIPULL_POD = re.compile(
    r'canipull.*?"args":\s*\["-v6",\s*"(?P<registry>[a-z0-9][\w.-]*)"\]', re.I
)
_EVENTS = re.compile(r"\bkubectl\s+get\s+(ev|events?)\b")
_NODES = re.compile(r"\bkubectl\s+get\s+(no|nodes?)\b")


@dataclass
class Command:
    """One command; `logs` and `exit_code` are known when it has ended."""

    id: str
    cluster: Cluster
    text: str
    operation: Operation
    started_at: datetime
    exit_code: int = 0
    logs: str = ""

    def document(self) -> dict[str, Any]:
        """The body of a look at the result."""
        properties: dict[str, Any] = {"provisioningState": "Running"}
        if not self.operation.running:
            ended = self.operation.ended_at or self.started_at
            properties = {
                "provisioningState": "Succeeded",
                "exitCode": self.exit_code,
                "startedAt": arm_time(self.started_at),
                "finishedAt": arm_time(ended),
                "logs": self.logs,
            }
        return {"id": self.id, "properties": properties}


class RunCommand:
    """The commands of all clusters."""

    def __init__(
        self,
        world: World,
        operations: Operations,
        clusters: Clusters,
        resources: Resources,
        access: Access,
    ) -> None:
        self._world = world
        self._operations = operations
        self._clusters = clusters
        self._resources = resources
        self._access = access
        self._commands: dict[str, Command] = {}

    def register(self, router: Router) -> None:
        """Routes below a cluster."""
        router.add("POST", CLUSTER_PATH + "/runCommand", self._run)
        router.add("GET", CLUSTER_PATH + "/commandResults/(?P<guid>[^/]+)", self._result)

    def _run(self, call: Call, subscription: str, group: str, name: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        text = call.request.json_object().get("command")
        if not isinstance(text, str) or not text.strip():
            raise ArmError(400, "BadRequest", "The command must not be empty.", flat=True)
        profile = cluster.properties.get("apiServerAccessProfile") or {}
        if profile.get("disableRunCommand"):
            raise ArmError(400, "BadRequest", "Run command is disabled.", flat=True)
        if not cluster.kubelet_object_id or cluster.properties["powerState"]["code"] != "Running":
            raise ArmError(
                409, "OperationNotAllowed", "The cluster is not ready to run commands.", flat=True
            )
        command = self._start(cluster, text)
        return Response(202, None, self._headers(call.request, command))

    def _start(self, cluster: Cluster, text: str) -> Command:
        guid = self._world.new_guid().replace("-", "")
        seconds = self._world.draw_seconds(self._world.knobs.run_command_seconds, "command", guid)

        def finish(_operation: Operation) -> None:
            command.exit_code, command.logs = self._answer(cluster, text)
            self._world.after(RESULT_KEPT_SECONDS, lambda: self._commands.pop(guid, None))

        operation = self._operations.start(cluster.id, seconds, finish)
        started_at = self._world.clock.now()
        command = Command(guid, cluster, text, operation, started_at)
        self._commands[guid] = command
        return command

    def _result(self, call: Call, subscription: str, group: str, name: str, guid: str) -> Response:
        cluster = self._clusters.require(subscription, group, name)
        command = self._commands.get(guid.lower())
        if command is None or command.cluster is not cluster:
            raise ArmError(404, "NotFound", f"The command '{guid}' was not found.", flat=True)
        if command.operation.running:
            headers = self._headers(call.request, command)
            return Response(202, command.document(), headers)
        return Response(200, command.document())

    def _headers(self, request: Request, command: Command) -> dict[str, str]:
        version = request.query["api-version"]
        path = f"{command.cluster.id}/commandResults/{command.id}"
        headers = {"Location": f"{request.origin}{path}?api-version={version}"}
        seconds = self._world.knobs.retry_after_seconds
        return headers | ({"Retry-After": str(seconds)} if seconds else {})

    def _answer(self, cluster: Cluster, text: str) -> tuple[int, str]:
        """Exit code and output."""
        if found := _CANIPULL_POD.search(text) or _CANIPULL.search(text):
            return self._pull_check(cluster, found["registry"])
        if _EVENTS.search(text):
            items = [self._event(cluster, link) for link in self._links_outside(cluster)]
            return 0, _listing(items)
        if _NODES.search(text):
            return 0, _listing(_nodes(cluster))
        return 1, f"error: the emulator does not know the command: {text}\n"

    def _pull_check(self, cluster: Cluster, registry: str) -> tuple[int, str]:
        """Like the canipull image: can the kubelet's identity pull from the registry?"""
        wanted = registry.lower().removesuffix(".azurecr.io")
        found = next(
            (r for r in self._resources.of_type(_REGISTRY_TYPE) if r.name.lower() == wanted), None
        )
        host = f"{wanted}.azurecr.io"
        head = f"Checking host name resolution ({host}): "
        if found is None:
            return 1, f"{head}FAILED\nlookup {host}: no such host\n"
        if self._may_pull(cluster.kubelet_object_id, found):
            return (
                0,
                f"{head}SUCCEEDED\nValidating image pull: SUCCEEDED\n\nYour cluster can "
                f"pull images from {host}!\n",
            )
        return 1, (
            f"{head}SUCCEEDED\nValidating image pull: FAILED\n"
            f"failed to fetch oauth token: unexpected status from {host}: 401 Unauthorized\n"
        )

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
            for link in cluster_links.of_network(cluster.properties)
            if arm_ids.group_of(link.resource_id).lower() != node_group
        }
        return list(links.values())

    def _event(self, cluster: Cluster, link: Link) -> dict[str, Any]:
        """What the cloud controller would say after using a link with the cluster's identity."""
        principal = self._world.directory.get(cluster.control_plane_principal_id)
        if principal is None:
            text = "FailedIdentity: the identity of the cluster does not exist"
            return self._event_document("Warning", "SyncLoadBalancerFailed", text, link)
        decision = self._access.allows(principal.object_id, link.action, link.resource_id)
        if decision.allowed:
            text = f"Ensured load balancer ({link.resource_id})"
            return self._event_document("Normal", "EnsuredLoadBalancer", text, link)
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
        return self._event_document("Warning", "SyncLoadBalancerFailed", text, link)

    def _event_document(self, kind: str, reason: str, message: str, link: Link) -> dict[str, Any]:
        moment = self._world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        name = arm_ids.name_of(link.resource_id)
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "type": kind,
            "reason": reason,
            "message": message,
            "metadata": {"name": f"probe-{name}.{reason.lower()}", "namespace": "default"},
            "involvedObject": {"kind": "Service", "namespace": "default", "name": f"probe-{name}"},
            "source": {"component": "service-controller"},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }


def _nodes(cluster: Cluster) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": f"aks-{pool['name']}-vmss{number:06d}"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }
        for pool in cluster.pools
        for number in range(pool["count"])
    ]


def _listing(items: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}) + "\n"
