"""Is this grant effective? What the cluster is asked to do, and what its answer proves (pure).

No API says whether another principal may do something; only that principal's own attempt does.
A probe is a command that AKS runs in the cluster (learn.microsoft.com/azure/aks/
access-private-cluster, `az aks command invoke`), so the cluster acts with its own identities. Add
a probe by naming a target in `target_of`, giving it a line in `probe_commands` and reading its
output in `verdicts`.

    target                    proves                              by
    pull:<registry's id>      the registry lets the kubelet in    a pull check from a node
    load-balancer:<subnet>    the control plane may join it       a load balancer made there
    cloud-controller          a network grant that was refused    the cloud controller's events of
                              works now                           the cluster's own Services
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from shared import cluster_events, probe_commands
from shared.denials import Missing
from shared.model import CONTROL_PLANE, KUBELET, Cluster, Grant, Progress
from shared.roles import ACR_PULL, BUILT_IN_ROLES, NETWORK_CONTRIBUTOR, REPOSITORY_READER

CLOUD_CONTROLLER = "cloud-controller"
LIMIT = timedelta(minutes=5)  # the patience of `az aks command invoke` (azure-cli acs _polling.py)
PULL = "pull:"
LOAD_BALANCER = "load-balancer:"

_NODE_SUBNETS = "nodeSubnets"  # the rule of `grants`; its scopes are all of one network
# A custom role may stand in for Network Contributor (policy.yaml's `roles`).
_NO_NETWORK_ROLES = frozenset(BUILT_IN_ROLES.values()) - {NETWORK_CONTRIBUTOR}
# Exit codes and words of the pull check (Azure/aks-canipull, pkg/exitcode and main.go). It ends
# with 60 as well when the registry cannot be reached, and with 0 when it was told no registry.
_NOT_LET_IN = 60
_REFUSED = re.compile(r"(?i)\b40[13]\b|unauthorized|forbidden|denied")
_LET_IN = "Your cluster can pull images from"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe says of one grant: it works, it is denied, or the probe cannot tell (None)."""

    works: bool | None
    message: str = ""


def target_of(grant: Grant) -> str:
    """The probe that could prove this grant; empty when there is none and the window must pass.

    A pull target names the registry's id; its login server is one read away. A load balancer is
    put into subnets of nodes only: a Service names its subnet, and the network is the nodes'.
    """
    pulls = grant.role in {ACR_PULL, REPOSITORY_READER} and "/registries/" in grant.scope
    if grant.identity == KUBELET and pulls:
        return f"{PULL}{grant.scope}"
    of_network = "/Microsoft.Network/" in grant.scope and grant.role not in _NO_NETWORK_ROLES
    if grant.identity != CONTROL_PLANE or not of_network:
        return ""
    if grant.verify == "loadBalancer" and grant.rule == _NODE_SUBNETS:
        return f"{LOAD_BALANCER}{grant.scope}"
    return CLOUD_CONTROLLER


def obstacle(cluster: Cluster) -> str:
    """Why a command cannot run in the cluster, as its JSON says; empty when it may."""
    properties = cluster.body.at("properties")
    if properties.flag("apiServerAccessProfile", "disableRunCommand"):
        return "RunCommandDisabled"
    if properties.says("Stopped", "powerState", "code"):
        return "ClusterStopped"
    return ""


def command(target: str, login_server: str, token: str) -> str:
    """The line to run in the cluster. `token` makes the names of what it makes unique."""
    if target.startswith(PULL):
        return probe_commands.pull(login_server, token)
    if target.startswith(LOAD_BALANCER):
        return probe_commands.load_balancer(target.rpartition("/")[2], token)
    return probe_commands.listen()


def verdicts(
    target: str, grants: tuple[Progress, ...], exit_code: int, output: str
) -> Iterator[tuple[Progress, Verdict]]:
    """What the command's end says of each grant the target could prove."""
    for progress in grants:
        if target_of(progress.grant) != target:
            continue
        if target.startswith(PULL):
            yield progress, _pulled(exit_code, output)
        elif target.startswith(LOAD_BALANCER):
            yield progress, _joined(progress, exit_code, output)
        else:
            yield progress, _heard(progress, exit_code, output)


def _pulled(exit_code: int, output: str) -> Verdict:
    """What the pull check proves: that the registry gave the kubelet's identity a token. It fails
    for many reasons, such as an image that cannot be had; only a registry that refuses the
    identity says that the grant does not work."""
    if exit_code == 0 and _LET_IN in output:
        return Verdict(True)
    if exit_code == _NOT_LET_IN and _REFUSED.search(output):
        return Verdict(False, "the registry refused the kubelet identity")
    return Verdict(None, f"the pull check ended with {exit_code}, and no word of the registry")


def _joined(progress: Progress, exit_code: int, output: str) -> Verdict:
    """What became of the load balancer that the probe asked for. Its Service is minutes old."""
    events = [
        event
        for event in (cluster_events.read(output) if exit_code == 0 else ())
        if event.involved_object.name.startswith(f"{probe_commands.LABEL}-")
    ]
    if missing := cluster_events.denial(events, progress.grant, None):
        return _denied(missing)
    if any(event.is_success for event in events):
        return Verdict(True)
    return Verdict(None, f"no word of the load balancer; the command ended with {exit_code}")


def _heard(progress: Progress, exit_code: int, output: str) -> Verdict:
    """The cloud controller's latest word on the grant's scope since the grant was written."""
    events = cluster_events.read(output) if exit_code == 0 else ()
    if missing := cluster_events.denial(events, progress.grant, progress.written_at):
        return _denied(missing)
    if cluster_events.is_overcome(events, progress.grant, progress.written_at):
        return Verdict(True)
    return Verdict(None, "the cloud controller has not been seen to use this grant")


def _denied(missing: Missing) -> Verdict:
    return Verdict(False, f"denied: {missing.action} at {missing.scope}")
