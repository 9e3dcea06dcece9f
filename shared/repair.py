"""Repair: a cluster that failed for lack of a permission stays Failed until somebody sends its PUT
again; when, and what to say of it (pure).

What is sent is what was read, so that nobody's change is undone (docs/decisions/0010). A cluster
that failed runs no commands, so a grant need not be proven by a probe: the PUT is the probe.
"""

import shlex
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared.denials import missing
from shared.diagnosis import CERTAIN
from shared.model import Cluster, Progress, Record
from shared.profiles import REQUEST_TAG
from shared.resource_id import covers_text, parse_cluster_id

MOST = 3
# Parts of the window between one PUT and the next: the last comes when the window is over.
_GAPS = (1 / 6, 1.0)

# AKS's own codes for a grant of the cluster's identities that is missing (Azure/azure-service-
# operator, managed_cluster customizations; Azure/AKS#3470).
_CODES = (
    "AuthorizationFailed",
    "CustomKubeletIdentityMissingPermissionError",
    "CustomPrivateDNSZoneMissingPermissionError",
    "CustomRouteTableMissingPermission",
    "LinkedAuthorizationFailed",
)


def lacks_permission(cluster: Cluster) -> bool:
    """Whether the cluster's last operation failed because an identity may not do something."""
    if cluster.provisioning_state != "Failed":
        return False
    code = cluster.failure.partition(":")[0]
    return code in _CODES or missing(cluster.failure) is not None


def due(record: Record, cluster: Cluster) -> datetime | None:
    """When the PUT is to be sent again; None when it is not, or not by us.

    Only for a cluster that we created, whose JSON has an ETag, and only when all that it needs is
    there: no grant is refused, and each is readable with nothing certain in its way.
    """
    if not lacks_permission(cluster) or not _is_for_us(record, cluster):
        return None
    return record.repair_at or record.put_at if _is_there(record, cluster) else None


def _is_for_us(record: Record, cluster: Cluster) -> bool:
    """Whether we created this cluster, it still says so, and it was not sent too often."""
    tag = cluster.tags.get(REQUEST_TAG, "")
    ours = record.put_at is not None and record.is_for(tag)
    return ours and cluster.etag != "" and record.repairs < MOST


def _is_there(record: Record, cluster: Cluster) -> bool:
    """Whether the identity that was refused has what it needs; any, when none is named."""
    lack = missing(cluster.failure)
    if lack is None:
        grants = [p for p in record.grants if p.grant.principal_id]
    else:
        grants = [p for p in record.grants if p.grant.principal_id == lack.principal]
        if not any(covers_text(p.grant.scope, lack.scope) for p in grants):
            return False
    return bool(grants) and all(map(_may_work, grants))


def _may_work(progress: Progress) -> bool:
    if progress.effective_at:
        return True
    return progress.readable_at is not None and progress.reason not in CERTAIN


def tried(record: Record, window: timedelta, now: datetime) -> Record:
    """The record once the PUT was sent: counted, with the time at which the next may be."""
    gap = window * _GAPS[min(record.repairs, len(_GAPS) - 1)]
    return replace(record, repairs=record.repairs + 1, repair_at=now + gap, failing_since=None)


def advice(record: Record, cluster: Cluster) -> str:
    """What happens to a cluster that failed for lack of a permission, or who can do what."""
    if not lacks_permission(cluster):
        return ""
    if _is_for_us(record, cluster):
        return f"it is sent again once its roles work ({record.repairs} of {MOST} times so far)"
    in_vain = f"it was sent again {record.repairs} times, in vain; " if record.repairs else ""
    where = parse_cluster_id(record.cluster_id)
    # Without arguments it asks, and then moves the cluster to its goal state without changing it
    # (Azure/azure-cli#23682).
    return (
        f"{in_vain}once its roles work: az aks update --subscription {where.subscription_id} "
        f"--resource-group {shlex.quote(where.resource_group)} --name {where.name}"
    )
