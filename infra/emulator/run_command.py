"""Run command: what a cluster's identities can do at this moment, seen from inside the cluster.

Lines of kubectl calls are understood (kubectl.py); what they make is in the cluster until it is
removed (kubernetes.py), and their answers come from the role assignments in effect when the command
runs (cluster_acts.py). Protocol: recording of the Azure CLI's test_aks_run_command.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import kubectl
from .cluster_acts import ClusterActs
from .cluster_routes import CLUSTER_PATH
from .cluster_state import Cluster
from .clusters import Clusters
from .kubernetes import Kubernetes
from .operations import RESULT_KEPT_SECONDS, Operation, Operations
from .timestamps import arm_time
from .wire import ArmError, Call, Request, Response, Router
from .world import World


@dataclass
class Command:
    """One command; `logs` and `exit_code` are known when it has ended. `reason` is why the
    platform did not see it through; empty when it did."""

    id: str
    cluster: Cluster
    text: str
    operation: Operation
    started_at: datetime
    exit_code: int = 0
    logs: str = ""
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """The body of a look at the result."""
        properties: dict[str, Any] = {"provisioningState": "Running"}
        if not self.operation.running:
            ended = self.operation.ended_at or self.started_at
            if self.reason:
                properties = {"provisioningState": "Failed", "reason": self.reason}
                return {"id": self.id, "properties": properties}
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
        acts: ClusterActs,
    ) -> None:
        self._world = world
        self._operations = operations
        self._clusters = clusters
        self._acts = acts
        self._commands: dict[str, Command] = {}
        self._objects: dict[str, Kubernetes] = {}

    def objects(self, cluster: Cluster) -> Kubernetes:
        """What commands have made in a cluster, and is still there."""
        return self._objects.setdefault(cluster.resource_uid, Kubernetes(self._world))

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
        command = self.start(cluster, text)
        return Response(202, None, self._headers(call.request, command))

    def start(self, cluster: Cluster, text: str) -> Command:
        """Begin a command; it takes the time that the knob says."""
        guid = self._world.new_guid().replace("-", "")
        seconds = self._world.draw_seconds(self._world.knobs.run_command_seconds, "command", guid)

        def finish(_operation: Operation) -> None:
            self._run_line(command)
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

    def _run_line(self, command: Command) -> None:
        """Run the command's line, or as many of its steps as a cut leaves of it."""
        chance = self._world.seeded("cut", command.id)
        try:
            line = kubectl.parse(command.text)
        except ValueError as error:
            command.exit_code, command.logs = 2, f"sh: {error}\n"
            return
        if chance.random() < self._world.knobs.run_command_cut_probability:
            line = line.cut_after(chance.randint(0, len(line.calls)))
            command.reason = "KubernetesOperationError"
        command.exit_code, command.logs = self._answer(command.cluster, line)

    def _answer(self, cluster: Cluster, line: kubectl.Line) -> tuple[int, str]:
        """Exit code and output; the code is that of the pull check, if there was one."""
        if not line.calls:
            return 127, "sh: the emulator knows kubectl only\n"
        exit_code, output, owner = 0, "", ""
        for call in (*line.calls, *line.trapped):
            match call.verb, call.noun:
                case "create", "":
                    made = self._create(cluster, call.stdin.replace("$owner", owner))
                    if made is None:
                        return 1, "Error from server (AlreadyExists)\n"
                    owner = made
                case "get", "pods":
                    exit_code, _ = self._pull_check(cluster, call)
                case "delete", "jobs,services":
                    self.objects(cluster).delete(call.flags["selector"])
                case _:
                    output += self._told(cluster, call)
        return exit_code, output

    def _told(self, cluster: Cluster, call: kubectl.Call) -> str:
        """What a call that changes nothing prints."""
        match call.verb, call.noun:
            case "logs", "":
                return self._pull_check(cluster, call)[1]
            case "get", "events" | "ev" | "event":
                return _listing(self._events(cluster, call))
            case "get", "nodes" | "no" | "node":
                return _listing(_nodes(cluster))
            case verb, noun:
                return f"error: the emulator does not know kubectl {verb} {noun}\n"

    def _create(self, cluster: Cluster, text: str) -> str | None:
        """The uid of the new object; None when there is one of its name."""
        objects, manifest = self.objects(cluster), json.loads(text)
        if objects.named(manifest["kind"], manifest["metadata"]["name"]):
            return None
        return objects.create(manifest).uid

    def _pull_check(self, cluster: Cluster, call: kubectl.Call) -> tuple[int, str]:
        (job,) = self.objects(cluster).selected("Job", call.flags["selector"])
        (container,) = job.manifest["spec"]["template"]["spec"]["containers"]
        return self._acts.pull_check(cluster, container["args"][-1])

    def _events(self, cluster: Cluster, call: kubectl.Call) -> list[dict[str, Any]]:
        _, named, name = call.flags.get("field-selector", "").partition("involvedObject.name=")
        if not named:
            return self._acts.events(cluster)
        service = self.objects(cluster).named("Service", name)
        return [self._acts.balance(cluster, service.manifest)] if service else []


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
