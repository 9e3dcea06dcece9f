"""Is this grant effective? What the cluster is asked to do, and what its answer proves (pure).

No API says whether another principal may do something; only that principal's own attempt does.
A probe is a command that AKS runs in the cluster (learn.microsoft.com/azure/aks/
access-private-cluster, `az aks command invoke`), so the cluster acts with its own identities. Add
a probe by naming a target in `target_of` and reading its output in `verdicts`.

    target                    proves                             by
    pull:<login server>       the right to pull, kubelet         a pull check from a node
    cloud-controller          network grants, control plane      the cloud controller's own events
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import Struct

from shared.model import CONTROL_PLANE, KUBELET, Grant, Progress
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR, REPOSITORY_READER

CLOUD_CONTROLLER = "cloud-controller"
LIMIT = timedelta(minutes=5)  # the patience of `az aks command invoke` (azure-cli acs _polling.py)
PULL = "pull:"

# The image `az aks check-acr` uses; it reads the node's own cloud configuration.
_CANIPULL = "mcr.microsoft.com/aks/canipull:v0.1.0"
_REGISTRY_REFUSES = re.compile(r"(?i)\b40[13]\b|unauthorized|forbidden")
_DENIED = ("AuthorizationFailed", "LinkedAuthorizationFailed")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe says of one grant: it works, it is denied, or the probe cannot tell (None)."""

    works: bool | None
    message: str = ""


def target_of(grant: Grant) -> str:
    """The probe that could prove this grant; empty when there is none and the window must pass.

    A pull target names the registry's id; its login server is one read away.
    """
    pulls = grant.role in {ACR_PULL, REPOSITORY_READER} and "/registries/" in grant.scope
    if grant.identity == KUBELET and pulls:
        return f"{PULL}{grant.scope}"
    if grant.identity == CONTROL_PLANE and grant.role == NETWORK_CONTRIBUTOR:
        return CLOUD_CONTROLLER
    return ""


def command(target: str, login_server: str, token: str) -> str:
    """The command to run in the cluster. `token` makes the pod's name unique.

    The pull check's pod is removed by kubectl itself (`--rm`), whatever its end.
    """
    if target == CLOUD_CONTROLLER:
        return "kubectl get events --all-namespaces --output json"
    name = f"canipull-{token}"
    overrides = json.dumps({"spec": _pull_pod(name, login_server)}, separators=(",", ":"))
    return (
        f"kubectl run {name} --namespace default --image {_CANIPULL} --restart=Never --rm "
        f"--attach --quiet --overrides={shlex.quote(overrides)}"
    )


def verdicts(
    target: str, grants: tuple[Progress, ...], exit_code: int, output: str
) -> Iterator[tuple[Progress, Verdict]]:
    """What the command's end says of each grant the target could prove."""
    concerned = [p for p in grants if target_of(p.grant) == target]
    if target == CLOUD_CONTROLLER:
        events = _events(output) if exit_code == 0 else ()
        for progress in concerned:
            yield progress, _heard(progress, events, alone=len(concerned) == 1)
        return
    for progress in concerned:
        yield progress, _pulled(exit_code, output)


def _pulled(exit_code: int, output: str) -> Verdict:
    """What the pull check proves. It fails for many reasons, such as an image that cannot be had;
    only a registry that refuses the identity says that the grant does not work."""
    if exit_code == 0:
        return Verdict(True)
    if _REGISTRY_REFUSES.search(output):
        return Verdict(False, "the registry refused the kubelet identity")
    return Verdict(None, f"the pull check ended with {exit_code}, and no word of the registry")


class _Object(Struct, frozen=True, rename="camel"):
    creation_timestamp: str | None = None


class _Event(Struct, frozen=True, rename="camel"):
    """A Kubernetes event (core/v1), as far as it is read."""

    type: str = ""
    reason: str = ""
    message: str = ""
    last_timestamp: str | None = None
    event_time: str | None = None
    metadata: _Object = _Object()

    @property
    def at(self) -> str:
        return self.last_timestamp or self.event_time or self.metadata.creation_timestamp or ""


class _EventList(Struct, frozen=True):
    items: tuple[_Event, ...] = ()


def _events(output: str) -> tuple[_Event, ...]:
    try:
        return msgspec.json.decode(output.encode(), type=_EventList).items
    except msgspec.DecodeError:
        return ()


def _heard(progress: Progress, events: tuple[_Event, ...], *, alone: bool) -> Verdict:
    """The cloud controller's latest word on the grant's scope since the grant was written.

    A denial names its scope. A success names none on AKS, so it proves a grant only where that is
    the only one it could be about, or where it does name the scope. In one second a denial wins.
    """
    since = progress.written_at.strftime("%Y-%m-%dT%H:%M:%SZ") if progress.written_at else ""
    named = re.compile(rf"(?i){re.escape(progress.grant.scope)}(?![-\w.()]*[-\w(/])")
    denied, worked, message = "", "", ""
    for event in events:
        if event.at < since:
            continue
        if any(code in event.message for code in _DENIED):
            if named.search(event.message) and event.at >= denied:
                denied, message = event.at, _missing(event.message)
        elif event.reason == "EnsuredLoadBalancer" and (alone or named.search(event.message)):
            worked = max(worked, event.at)
    if denied and denied >= worked:
        return Verdict(False, message)
    if worked:
        return Verdict(True)
    return Verdict(None, "the cloud controller has not used this grant yet")


def _missing(message: str) -> str:
    """The missing action that a 403 text names, without the rest of it.

    A linked refusal names the action that is there before the one that is not.
    """
    found = re.search(r"does not have \w+ to perform action(?:\(s\))? '([^']{1,200})'", message)
    return f"denied: {found[1]}" if found else "denied"


def _pull_pod(name: str, login_server: str) -> dict[str, Any]:
    """The pod of `az aks check-acr` (azure-cli acs/custom.py): it acts as the node's kubelet."""
    mounts = {
        "azurejson": "/etc/kubernetes",
        "sslcerts": "/etc/ssl/certs",
        "pkicerts": "/etc/pki",
    }
    return {
        "restartPolicy": "Never",
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [
            {
                "name": name,
                "image": _CANIPULL,
                "args": ["-v6", login_server],
                "securityContext": {"runAsUser": 0},
                "volumeMounts": [
                    {"name": volume, "mountPath": path} for volume, path in mounts.items()
                ],
            }
        ],
        "volumes": [
            {"name": volume, "hostPath": {"path": path}} for volume, path in mounts.items()
        ],
    }
