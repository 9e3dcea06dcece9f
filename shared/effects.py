"""The nouns of the audit: a write to Azure, and the two rows it leaves (pure)."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from shared.model import ClusterRequest, Grant
from shared.resource_id import ClusterId


class Effect(Struct, frozen=True, rename="camel"):
    """One write to Azure: `action` is the operation as ARM names it, `target` the id written to.

    `principal_id`, `role` (GUID) and `scope` are those of a role assignment, empty otherwise;
    `request_id` is that of the cluster's request, if there is one.
    """

    cluster_id: str
    action: str
    target: str
    because: str
    principal_id: str = ""
    role: str = ""
    scope: str = ""
    request_id: str = ""


class AuditEntry(Effect, frozen=True, kw_only=True, rename="camel"):
    """What the audit says of an effect: a row before it (intent), one after it (outcome).

    `effect_id` is what the two share; it begins with the time of the intent. `policy` is the
    digest of the policy it was done under. `outcome` is `succeeded`, `existed` (it was there
    already) or the reason why it failed; `correlation_id` is ARM's, empty if it did not answer.
    An intent without an outcome: the process ended in between, and the effect may have happened.
    """

    effect_id: str
    phase: Literal["intent", "outcome"]
    at: datetime
    policy: str
    outcome: str = ""
    correlation_id: str = ""


def cluster_write(cluster: ClusterId, request: ClusterRequest) -> Effect:
    """The cluster a request asks for is made."""
    return Effect(
        str(cluster),
        "Microsoft.ContainerService/managedClusters/write",
        str(cluster),
        f"profile {request.profile}",
        request_id=request.request_id,
    )


def cluster_repair(cluster: ClusterId, failure: str, request_id: str) -> Effect:
    """The cluster is sent again as it was read, since it failed for lack of a permission."""
    return Effect(
        str(cluster),
        "Microsoft.ContainerService/managedClusters/write",
        str(cluster),
        f"repair after {failure.partition(':')[0]}",
        request_id=request_id,
    )


def resource_group_write(cluster: ClusterId, request: ClusterRequest) -> Effect:
    """The resource group of that cluster is made."""
    return Effect(
        str(cluster),
        "Microsoft.Resources/subscriptions/resourceGroups/write",
        str(cluster.group),
        f"createResourceGroup of profile {request.profile}",
        request_id=request.request_id,
    )


def role_assignment_write(cluster: ClusterId, grant: Grant, target: str, request_id: str) -> Effect:
    """A role that the cluster needs is assigned, under the id `target`."""
    return Effect(
        str(cluster),
        "Microsoft.Authorization/roleAssignments/write",
        target,
        grant.because,
        grant.principal_id,
        grant.role,
        grant.scope,
        request_id,
    )


def role_assignment_delete(
    cluster: ClusterId, grant: Grant, target: str, request_id: str
) -> Effect:
    """A role that the cluster needs no more is revoked; `target` is the assignment's id."""
    return Effect(
        str(cluster),
        "Microsoft.Authorization/roleAssignments/delete",
        target,
        f"no longer needed: {grant.because}",
        grant.principal_id,
        grant.role,
        grant.scope,
        request_id,
    )


def run_command(cluster: ClusterId, target: str, request_id: str) -> Effect:
    """A probe runs in the cluster."""
    return Effect(
        str(cluster),
        "Microsoft.ContainerService/managedClusters/runCommand/action",
        str(cluster),
        f"probe {target}",
        request_id=request_id,
    )
