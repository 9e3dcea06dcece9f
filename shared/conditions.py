"""What is true of a cluster, for people: conditions as in Kubernetes (pure).

    ClusterProvisioned    the cluster is there and its last operation succeeded
    ManagedIdentity       its identity is managed: servicePrincipalProfile.clientId is `msi`
    RolesAssigned         every grant it needs is written
    PermissionsEffective  every grant works, by the evidence named in the reason
    Ready                 all of the above
    Stalled               a message about it was poisoned; set by the poison door

Everything but `since` and `Stalled` can be derived again from one look.
"""

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime

from shared import progress, repair, revocation
from shared.decide import is_deleted
from shared.diagnosis import CERTAIN
from shared.evidence import CANNOT_RUN
from shared.model import Cluster, Condition, Denial, Grant, Progress, Record, Status
from shared.policy import Policy
from shared.roles import role_name
from shared.wanted import assignment_id, remedy

Finding = tuple[Status, str, str]  # status, reason, message

_NO_ROLE = "policy has no role for it there"
_SHOWN = 20  # of a list in a message
_WEAKEST_FIRST = ("Readable", "WindowPassed", "Probe")


def update(
    record: Record, cluster: Cluster | None, policy: Policy, now: datetime
) -> tuple[Condition, ...]:
    """The conditions after this turn; `since` moves only when a status changes."""
    provisioned = _provisioned(record, cluster, policy, now)
    identity = _managed_identity(cluster)
    assigned = _assigned(record, cluster, policy)
    effective = _effective(record.grants, assigned, cluster, now)
    if cluster and (refusals := _denied(record.denials, cluster, policy)):
        status, reason, message = effective
        effective = status, reason, "; ".join(filter(None, (message, refusals)))
    found = {
        "ClusterProvisioned": provisioned,
        "ManagedIdentity": identity,
        "RolesAssigned": assigned,
        "PermissionsEffective": effective,
        "Ready": _ready([provisioned, identity, assigned, effective]),
    }
    if record.condition("Stalled"):
        found["Stalled"] = ("False", "Reconciled", "")
    return merge(record.conditions, found, now)


def merge(
    known: tuple[Condition, ...], found: dict[str, Finding], now: datetime
) -> tuple[Condition, ...]:
    """Put findings in place of the known conditions of their type; others stay."""
    before = {condition.type: condition for condition in known}
    for kind, (status, reason, message) in found.items():
        old = before.get(kind)
        since = old.since if old and old.status == status else now
        before[kind] = Condition(kind, status, reason, message, since)
    return tuple(before.values())


def _provisioned(record: Record, cluster: Cluster | None, policy: Policy, now: datetime) -> Finding:
    if cluster is None:
        if is_deleted(record, policy, now):
            rest = _left_behind(record, policy)
            return "False", "Deleted", "; ".join(filter(None, ("the cluster is gone", rest)))
        if record.failure:
            reason, _, message = record.failure.partition(": ")
            return "False", reason, message
        if record.absent_since:
            return "Unknown", "NotFound", "not found in the last look"
        if record.request is None:
            return "Unknown", "NotFound", "there is no such cluster, and none was asked for"
        return "Unknown", "Creating" if record.put_at else "Requested", ""
    state = cluster.provisioning_state
    if state == "Succeeded":
        return "True", "Succeeded", ""
    if cluster.broken:
        said = cluster.failure or f"provisioning state is {state}"
        then = repair.advice(record, cluster)
        return "False", f"Provisioning{state}", "; ".join(filter(None, (said, then)))
    return "Unknown", state or "Unknown", ""


def _managed_identity(cluster: Cluster | None) -> Finding:
    if cluster is None:
        return "Unknown", "NoCluster", ""
    if cluster.has_managed_identity:
        return "True", cluster.identity_type, ""
    if cluster.identity_type == "Unknown":
        message = "the cluster's identity is of a type that is not known; it gets no grants"
        return "False", "UnknownIdentity", message
    message = (
        "the cluster uses a service principal, whose credential expires; it gets no grants; "
        "explain --as-managed-identity has the way to managed identity"
    )
    return "False", "ServicePrincipal", message


def _assigned(record: Record, cluster: Cluster | None, policy: Policy) -> Finding:
    if cluster is None:
        return "Unknown", "NoCluster", ""
    if not cluster.has_managed_identity:
        return "Unknown", _managed_identity(cluster)[1], ""
    grants = record.grants
    if refused := [p for p in grants if p.refused]:
        return "False", refused[0].refused, _refusals(refused)
    if record.faults:
        return "False", "InvalidProperty", _some(record.faults)
    if unread := [link for link in record.links if link.read_at is None]:
        texts = [f"{link.id}: {link.message or link.reason}" for link in unread]
        return "Unknown", unread[0].reason, f"cannot be read: {_some(texts)}"
    failing = [p for p in grants if p.failing_since and not p.written_at]
    if failing:
        return "False", failing[0].reason, _list(failing[0].message, failing)
    pending = [p for p in grants if not p.written_at]
    if pending:
        return "Unknown", pending[0].reason or "Pending", _list("waiting", pending)
    return "True", "Written" if grants else "NothingNeeded", _left_behind(record, policy)


def _left_behind(record: Record, policy: Policy) -> str:
    """What becomes of the assignments we made that are needed no more, if somebody has to act."""
    left = revocation.ours(record)
    if failing := [p for p in left if p.failing_since]:
        return _list(f"cannot be revoked ({failing[0].reason}: {failing[0].message})", failing)
    if not left or policy.cleanup == "delete":
        return ""
    run = f"an administrator can run: az role assignment delete --ids {_ids(left)}"
    return f"{_list('needed no more', left)}; {run}"


def _ids(left: Iterable[Progress]) -> str:
    return " ".join(shlex.quote(assignment_id(p.grant)) for p in left)


def _effective(
    grants: tuple[Progress, ...], assigned: Finding, cluster: Cluster | None, now: datetime
) -> Finding:
    late = [p for p in grants if cluster and progress.late(p, now)]
    if late:
        return "False", "WindowExceeded", _some([_why("late", p, p.diagnosis) for p in late])
    blocked = [p for p in grants if not p.effective_at and p.reason in CERTAIN]
    if cluster and blocked:
        whys = [_why("cannot work", p, p.message) for p in blocked]
        return "False", blocked[0].reason, _some(whys)
    if assigned[0] != "True":
        return "Unknown", assigned[1], ""
    waiting = [p for p in grants if not p.effective_at]
    if waiting:
        first = waiting[0]
        what = f"not effective yet ({first.message})" if first.message else "not effective yet"
        return "Unknown", first.reason, _list(what, waiting)
    if not grants:
        return "True", "NothingNeeded", ""
    evidence = {p.evidence for p in grants}
    weakest = next(e for e in _WEAKEST_FIRST if e in evidence)
    only_read = [p for p in grants if p.reason == CANNOT_RUN]
    if not only_read:
        return "True", weakest, ""
    return (
        "True",
        weakest,
        _list(f"only read, the probe cannot run ({only_read[0].message})", only_read),
    )


def _ready(parts: Iterable[Finding]) -> Finding:
    """The first part that is not true explains; else the evidence of the last part does."""
    reason = ""
    for status, reason, message in parts:
        if status != "True":
            return "False", reason, message
    return "True", reason, ""


def _denied(denials: Sequence[Denial], cluster: Cluster, policy: Policy) -> str:
    """What the cluster was refused and no grant answers, with what an administrator can do."""
    texts = []
    for denial in denials:
        if denial.role and policy.propagation.learn:
            continue  # it has become a grant
        principal = cluster.principals.get(denial.identity, "")
        role = Grant(denial.identity, principal, denial.role, denial.scope, denial.action)
        run = f"an administrator can run: {remedy(role)}" if denial.role else _NO_ROLE
        texts.append(
            f"{denial.source} says that {denial.identity} is denied {denial.action} at "
            f"{denial.scope}: {run}"
        )
    return _some(texts)


def _refusals(refused: list[Progress]) -> str:
    """What an administrator can do, in a form that can be copied into a shell."""
    commands = [p.message for p in refused if p.message.startswith("az ")]
    others = [p.message for p in refused if p.message and not p.message.startswith("az ")]
    run = f"an administrator can run: {_some(commands)}" if commands else ""
    texts = (_list("not granted", refused), _some(others), run)
    return "; ".join(text for text in texts if text)


def _why(what: str, progress: Progress, why: str) -> str:
    return f"{_list(what, [progress])} ({why or 'its assignment was not found again'})"


def _list(what: str, grants: Iterable[Progress]) -> str:
    names = [f"{p.grant.identity}: {role_name(p.grant.role)} at {p.grant.scope}" for p in grants]
    return f"{what}: {_some(names)}"


def _some(texts: Sequence[str]) -> str:
    """Not more than can be read; the record has them all."""
    more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return f"{'; '.join(texts[:_SHOWN])}{more}"
