"""Role assignments of ours that may be there, and are needed no more: what is kept of them, and
when each is revoked (pure).

Only what we made is ever removed, and only when the cluster is gone in two looks, or all that it
needs could be read. Whether other clusters use it is in the ledger; that it still bears our
description is read right before (`is_ours`).
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from shared.model import Assignment, Cluster, Progress, Record
from shared.policy import Policy
from shared.wanted import assignment_id

STAMP = "grantkeeper: "  # every description of ours begins with it
_MOST = 20  # in one turn, which has to stay short
_NEVER = datetime.min.replace(tzinfo=UTC)
_REMEMBERED = 100  # grants of former identities; a row of the table holds a few hundred in all


def foretold(progress: Progress) -> Progress:
    """A grant that is about to be written, as one whose assignment may be there: the process may
    die before it has said that it is."""
    return replace(progress, assignment_id=assignment_id(progress.grant), made_by_us=True)


def left(
    former: tuple[Progress, ...], known: tuple[Progress, ...], now: datetime
) -> tuple[Progress, ...]:
    """What is kept of grants once they are needed no more: the latest of each that was, or may have
    been, written, and so many of the latest."""
    may_be = (p for p in (*former, *known) if p.written_at or p.assignment_id)
    marked = (p if p.left_at else _left(p, now) for p in may_be)
    latest = {progress.grant.key: progress for progress in reversed(tuple(marked))}
    return tuple(reversed(tuple(latest.values())[:_REMEMBERED]))


def ours(record: Record) -> tuple[Progress, ...]:
    """Those of the assignments left behind that we made."""
    return tuple(p for p in record.former if p.made_by_us and p.left_at)


def due(
    record: Record, cluster: Cluster | None, policy: Policy, now: datetime
) -> tuple[Progress, ...]:
    """Those to be revoked in this turn. `record` holds this turn's look at the `cluster`."""
    if not _may_revoke(record, cluster, policy):
        return ()
    return tuple(p for p in ours(record) if _at(p, policy) <= now)[:_MOST]


def next_at(record: Record, cluster: Cluster | None, policy: Policy) -> datetime | None:
    """When the next is to be revoked; None when none is."""
    if not _may_revoke(record, cluster, policy):
        return None
    return min((_at(p, policy) for p in ours(record)), default=None)


def is_ours(progress: Progress, found: Assignment) -> bool:
    """Whether the assignment found under our name is still what we made: somebody may have taken it
    over since."""
    grant = progress.grant
    same = (found.principal_id, found.role) == (grant.principal_id, grant.role)
    return same and found.description.startswith(STAMP)


def _left(progress: Progress, now: datetime) -> Progress:
    """That its write failed says nothing of its revocation."""
    return replace(progress, left_at=now, failing_since=None, retry_at=None)


def _at(progress: Progress, policy: Policy) -> datetime:
    times = (progress.left_at or _NEVER) + policy.cleanup_after, progress.retry_at or _NEVER
    return max(times)


def _may_revoke(record: Record, cluster: Cluster | None, policy: Policy) -> bool:
    """Whether policy says so, and it is certain that what was left is not needed after all."""
    if policy.cleanup != "delete":
        return False
    if cluster is None:
        return record.deleted or record.create_refused
    understood = not record.faults and all(link.read_at for link in record.links)
    return understood and cluster.has_managed_identity and cluster.provisioning_state == "Succeeded"
