"""What happened to a cluster between two versions of its record, as CloudEvents 1.0 (pure).

An event's id names what it happened to, in its former state. So the id is the same when two turns
begin with the same record, or one dies before it has saved, and receivers can tell.
docs/operations.md has the data of each.
"""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.errors import TABLE, Transient
from shared.model import Condition, Event, Grant, Progress, Record
from shared.rejections import Rejection
from shared.roles import role_name

CLUSTER_EXISTS = "ClusterExists"
EXISTS_ALREADY = "a cluster with this id was there already; it is looked after, not changed"
PREFIX = "Grantkeeper."
LATE = f"{PREFIX}AccessLate"
_IDS = uuid.UUID("0f0c6a3e-9d3b-4c53-8c0e-2f7f3f0a8b55")
_TOLD = {
    ("Ready", "True"): "AccessReady",
    ("PermissionsEffective", "False"): "AccessLate",
    ("ClusterProvisioned", "False"): "ClusterFailed",
}
# Why a write fails until somebody acts.
_BLOCKED = frozenset(
    {row.reason or row.code for row in TABLE if row.kind is not Transient}
    | {row.then for row in TABLE if row.then}
    | {"RoleDefinitionChanged", "RoleNotSafe"}
)


def happened(before: Record, after: Record, now: datetime) -> Iterator[Event]:
    """The events between two versions of a record, of which `before` was loaded by this turn."""
    asked = before.request
    if asked and before.turn_at is None:
        data = {"profile": asked.profile, "location": asked.location}
        yield _event("ClusterRequested", before, asked.request_id, data, now)
    if asked and after.request is None:
        data = {"reason": CLUSTER_EXISTS, "field": "name", "message": EXISTS_ALREADY}
        yield _event("RequestRejected", before, asked.request_id, data, now)
    if after.request and after.put_at and not before.put_at:
        yield _event("ClusterCreating", after, after.request.request_id, {}, now)
    known = {progress.grant.key: progress for progress in before.grants}
    for progress in after.grants:
        yield from _of_grant(after, known.get(progress.grant.key), progress, now)
    for condition in after.conditions:
        yield from _of_condition(after, before.condition(condition.type), condition, now)


def rejected(rejection: Rejection) -> Event:
    """A request was refused; the same text refused again for the same reason is the same event."""
    text = hashlib.sha256(rejection.text).hexdigest()
    occurrence = f"{rejection.request_id}|{rejection.reason}|{text}"
    about = Record(rejection.cluster_id)
    data = {
        "requestId": rejection.request_id,
        "reason": rejection.reason,
        "field": rejection.field,
        "message": rejection.message,
    }
    return _event("RequestRejected", about, occurrence, data, rejection.at)


def _of_grant(
    record: Record, old: Progress | None, new: Progress, now: datetime
) -> Iterator[Event]:
    # What tells this write or refusal from an earlier one of the same grant.
    former = (old.written_at or old.failing_since) if old else None
    occurrence = f"{record.resource_uid}|{new.grant.key}|{former}"
    if new.written_at and new.written_at != (old.written_at if old else None):
        data = {
            **_grant(new.grant),
            "assignmentId": new.assignment_id,
            "madeByUs": new.made_by_us,
            "heldAs": new.held_as,
            **_times(new),
        }
        yield _event("GrantWritten", record, occurrence, data, now)
    reason = _refusal(new)
    # A kubelet's or an add-on's refusal waits for its identity: it is part of the remedy.
    if reason and new.grant.principal_id and (old is None or reason != _refusal(old)):
        data = {**_grant(new.grant), "reason": reason, "message": new.message}
        yield _event("GrantRefused", record, f"{occurrence}|{reason}", data, now)


def _refusal(progress: Progress) -> str:
    """Why the grant is not made, and will not be until somebody acts; empty otherwise."""
    if progress.written_at or not progress.failing_since:
        return progress.refused
    return progress.reason if progress.reason in _BLOCKED else progress.refused


def _of_condition(
    record: Record, old: Condition | None, new: Condition, now: datetime
) -> Iterator[Event]:
    kind = _told_by(old, new)
    if not kind:
        return
    data: dict[str, Any] = {"reason": new.reason, "message": new.message}
    if kind == "AccessReady":
        data["evidence"] = new.reason
    if kind == "AccessLost":
        data["condition"] = next(c.type for c in record.conditions if c.status != "True")
    if kind in {"AccessReady", "AccessLate"}:
        data["grants"] = [_access(progress) for progress in record.grants]
    occurrence = f"{record.resource_uid}|{old.since if old else None}"
    yield _event(kind, record, occurrence, data, now)


def _told_by(old: Condition | None, new: Condition) -> str:
    """The event that tells of the change of a condition; empty when none does."""
    kind = _state(new)
    if kind:
        return "" if old and _state(old) == kind else kind
    was_ready = old is not None and _state(old) == "AccessReady"
    return "AccessLost" if was_ready else ""


def _state(condition: Condition) -> str:
    """The event that tells of a condition's being as it is; empty when none does."""
    kind = _TOLD.get((condition.type, condition.status), "")
    return "ClusterDeleted" if kind == "ClusterFailed" and condition.reason == "Deleted" else kind


def _event(
    kind: str, record: Record, occurrence: str, data: dict[str, Any], now: datetime
) -> Event:
    seed = f"{record.cluster_id.lower()}|{kind}|{occurrence}"
    about = {
        "clusterId": record.cluster_id,
        "resourceUid": record.resource_uid,
        "requestId": record.request_id,
    }
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(_IDS, seed)),
        "source": "/grantkeeper",
        "type": f"{PREFIX}{kind}",
        "time": now.isoformat(),
        "subject": record.cluster_id or "requests",  # a subject is never empty
        "datacontenttype": "application/json",
        "data": {**about, **data},
    }


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "identity": grant.identity,
        "principalId": grant.principal_id,
        "role": role_name(grant.role),
        "scope": grant.scope,
        "because": grant.because,
    }


def _access(progress: Progress) -> dict[str, Any]:
    """How far a grant got, and how many seconds after it was written."""
    return {
        **_grant(progress.grant),
        "state": progress.state,
        "evidence": progress.evidence,
        "reason": progress.reason,
        "message": progress.message,
        **_times(progress),
        "readableSeconds": _seconds(progress.written_at, progress.readable_at),
        "effectiveSeconds": _seconds(progress.written_at, progress.effective_at),
    }


def _times(progress: Progress) -> dict[str, Any]:
    written_at, deadline = progress.written_at, progress.deadline
    return {
        "writtenAt": written_at.isoformat() if written_at else None,
        "deadline": deadline.isoformat() if deadline else None,
    }


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    return round((end - start).total_seconds()) if start and end else None
