"""The lines that AKS run command runs in the cluster, and how none of them leaves anything (pure).

A line may be cut off at any step: its pod is evicted, its node dies. So what it makes is a Job, or
is owned by one, and Kubernetes itself removes it: a Job ends at `activeDeadlineSeconds`, is deleted
`ttlSecondsAfterFinished` later, and what it owns with it (kubernetes.io/docs/concepts/workloads/
controllers/job and …/ttlafterfinished). Besides, each line removes what it made when it ends, and
begins by removing what others of its kind left.
"""

import json
import shlex
from typing import Any

LABEL = "grantkeeper-probe"  # of everything a probe makes; its value is the probe's token

# Together less than the five minutes that a command is waited for.
_DEADLINE_SECONDS, _TTL_SECONDS = 220, 60
# The image `az aks check-acr` uses; it reads the node's own cloud configuration.
_CANIPULL = "mcr.microsoft.com/aks/canipull:v0.1.0"
_NOT_MADE = 125  # what could not be created; `timeout` and `docker run` say the same
_NO_END = 124

_REMOVE = (
    f"kubectl delete jobs,services --namespace default --selector {LABEL} --ignore-not-found "
    "--wait=false >/dev/null 2>&1"
)
_BEGIN = f"trap {shlex.quote(_REMOVE)} EXIT; trap 'exit 143' HUP INT TERM; {_REMOVE}"
_CREATE = "kubectl create --filename -"


def listen() -> str:
    """What the cloud controller says of all Services: its events, as JSON. Those of everything else
    could be more than the 512 kB of output there may be (learn.microsoft.com/azure/aks/
    access-private-cluster)."""
    return (
        "kubectl get events --all-namespaces --field-selector source=service-controller "
        "--output json"
    )


def pull(login_server: str, token: str) -> str:
    """The check of `az aks check-acr`, from a node; the line ends with the check's exit code."""
    job = _job(token, parallelism=1, pod=_pull_pod(login_server))
    chosen = f"--namespace default --selector {LABEL}={token}"
    ended = "jsonpath={.items[*].status.containerStatuses[*].state.terminated.exitCode}"
    return (
        f"{_BEGIN}; printf %s {_quoted(job)} | {_CREATE} >/dev/null || exit {_NOT_MADE}; "
        f"for look in $(seq 60); do code=$(kubectl get pods {chosen} --output '{ended}'); "
        'test -n "$code" && break; sleep 3; done; '
        f'kubectl logs {chosen} --tail 100; exit "${{code:-{_NO_END}}}"'
    )


def load_balancer(subnet: str, token: str) -> str:
    """An internal load balancer in a subnet (by name) of the nodes' network, until the cloud
    controller has made it, or was refused; the output is its events, as JSON.

    Its owner is a Job without pods: a timer that Kubernetes keeps. The Service goes when the cloud
    controller has removed the load balancer (its finalizer, Kubernetes enhancement 980).
    """
    name = f"{LABEL}-{token}"
    chosen = f"involvedObject.kind=Service,involvedObject.name={name}"
    get = f"kubectl get events --namespace default --field-selector {chosen} --output json"
    timer = _job(token, parallelism=0, pod=_pull_pod(""))
    return (
        f"{_BEGIN}; owner=$(printf %s {_quoted(timer)} | {_CREATE} "
        f"--output 'jsonpath={{.metadata.uid}}') || exit {_NOT_MADE}; "
        f"printf %s {_quoted(_service(name, subnet, token))} | {_CREATE} >/dev/null "
        f"|| exit {_NOT_MADE}; for look in $(seq 35); do events=$({get}); "
        'case "$events" in *EnsuredLoadBalancer*|*AuthorizationFailed*) break;; esac; sleep 5; '
        "done; printf '%s\\n' \"$events\""
    )


def _quoted(manifest: dict[str, Any]) -> str:
    """One word of a shell, with the uid of the owner in it where `$owner` stands."""
    text = shlex.quote(json.dumps(manifest, separators=(",", ":")))
    return text.replace('"uid":"$owner"', '"uid":"\'"$owner"\'"')


def _job(token: str, *, parallelism: int, pod: dict[str, Any]) -> dict[str, Any]:
    labels = {LABEL: token}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{LABEL}-{token}", "namespace": "default", "labels": labels},
        "spec": {
            "parallelism": parallelism,
            "backoffLimit": 0,
            "activeDeadlineSeconds": _DEADLINE_SECONDS,
            "ttlSecondsAfterFinished": _TTL_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _service(name: str, subnet: str, token: str) -> dict[str, Any]:
    """Annotations: learn.microsoft.com/azure/aks/internal-lb."""
    internal = "service.beta.kubernetes.io/azure-load-balancer-internal"
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": "$owner"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {LABEL: token},
            "annotations": {internal: "true", f"{internal}-subnet": subnet},
            "ownerReferences": [owner],
        },
        "spec": {"type": "LoadBalancer", "ports": [{"port": 9, "protocol": "TCP"}]},
    }


def _pull_pod(login_server: str) -> dict[str, Any]:
    """The pod of `az aks check-acr` (azure-cli acs/custom.py): it acts as the node's kubelet. It
    may run where only system pods may, as Azure/aks-canipull's own script lets it."""
    mounts = {
        "azurejson": "/etc/kubernetes",
        "sslcerts": "/etc/ssl/certs",
        "pkicerts": "/etc/pki",
    }
    return {
        "restartPolicy": "Never",
        "hostNetwork": True,
        "automountServiceAccountToken": False,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
        "containers": [
            {
                "name": "canipull",
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
