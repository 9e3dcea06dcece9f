"""decide(record, cluster, now) → one step; next_turn → when to take the next (pure).

    no cluster, but a request    → Create
    a grant not written          → Assign
    failed, and its grants there → Repair (only a cluster that we created)
    a grant needed no more       → Revoke (only what we made, if policy says so)
    a grant readable, unproven   → Probe (only if policy asks for it)
    nothing to do now            → Wait

What is *true* of the cluster is said by `conditions`; here is only what to do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared import learning, progress, repair, revocation
from shared.evidence import owes_probe
from shared.held import gives
from shared.model import Cluster, Progress, Record
from shared.policy import Policy
from shared.probes import obstacle, target_of
from shared.schedule import NO_PLANS, Plans

# A read right after the create may say 404 for this many looks at an absent cluster
# (`ResourceNotFound` in the first minutes), before the cluster counts as gone.
_STALE_LOOKS = 5
_PROBE_POLLS = 720  # a command in the cluster is asked for every 5 s of a 60-minute window
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Create:
    """Send the create; the cluster is not there and has never been."""


@dataclass(frozen=True, slots=True)
class Assign:
    """Write the assignments of these grants."""

    grants: tuple[Progress, ...]


@dataclass(frozen=True, slots=True)
class Repair:
    """Send the PUT of a cluster that failed for lack of a permission again, as it was read."""


@dataclass(frozen=True, slots=True)
class Revoke:
    """Delete the assignments of these grants, unless another cluster uses them."""

    grants: tuple[Progress, ...]


@dataclass(frozen=True, slots=True)
class StartProbe:
    """Let the cluster act with its identity, to see whether the target's grants work. `obstacle` is
    why it cannot, as the cluster's JSON says; empty when it may."""

    target: str
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class ReadProbe:
    """Fetch the result of the probe that is under way."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now."""


Step = Create | Assign | Repair | Revoke | StartProbe | ReadProbe | Wait


def decide(
    record: Record,
    cluster: Cluster | None,
    policy: Policy,
    now: datetime,
    plans: Plans = NO_PLANS,
) -> Step:
    """The one step of this turn. `record.grants` already hold this turn's look."""
    if cluster is None:
        return _without_cluster(record, policy, now)
    if cluster.provisioning_state == "Deleting":
        return Wait()
    if missing := _to_write(record.grants, now):
        return Assign(missing)
    if (at := repair.due(record, cluster)) and at <= now:
        return Repair()
    if needless := revocation.due(record, cluster, policy, now):
        return Revoke(needless)
    if record.probe is not None:
        return ReadProbe()
    if cluster.provisioning_state == "Succeeded":
        for grant in sorted(record.grants, key=_last_probed):
            is_due = progress.to_probe(grant, policy.looks, now, plans)
            if is_due and (target := target_of(grant.grant)):
                return StartProbe(target, obstacle(cluster))
    return Wait()


def _without_cluster(record: Record, policy: Policy, now: datetime) -> Step:
    if to_create(record, now):
        return Create()
    needless = revocation.due(record, None, policy, now)
    return Revoke(needless) if needless else Wait()


def widest(missing: tuple[Progress, ...]) -> tuple[Progress, ...]:
    """Of grants to be written, those that no other of them gives as well: a role on a network is
    a role on its subnets, which the next look will find."""
    return tuple(p for p in missing if not any(gives(other.grant, p.grant) for other in missing))


def to_create(record: Record, now: datetime) -> bool:
    """Whether a requested cluster has still to be created: it has never been there."""
    if record.request is None or record.create_refused or record.put_at or record.seen_at:
        return False
    return record.retry_at is None or record.retry_at <= now


def is_deleted(record: Record, policy: Policy, now: datetime) -> bool:
    """Whether the cluster is believed to be gone: absent in two looks, a look's time apart."""
    return record.absent_since is not None and now - record.absent_since >= policy.looks.absent


def may_be_stale(record: Record, policy: Policy, now: datetime) -> bool:
    """Whether a cluster that is not found may only not be readable yet, so soon after the PUT."""
    if record.put_at is None or record.seen_at:
        return False
    return now - record.put_at < policy.looks.absent * _STALE_LOOKS


def next_turn(
    record: Record,
    cluster: Cluster | None,
    policy: Policy,
    now: datetime,
    plans: Plans = NO_PLANS,
) -> datetime | None:
    """When to look again; None when only the slow resync should."""
    revocation_at = revocation.next_at(record, cluster, policy)
    if revocation_at:
        revocation_at = max(revocation_at, now + progress.SOON)
    if cluster is None:
        return _next_without_cluster(record, policy, now) or revocation_at
    if cluster.provisioning_state == "Deleting":
        return now + policy.looks.provisioning
    times = [
        _due(grant, cluster, policy, now, plans)
        for grant in record.grants
        if not _is_given(grant, record.grants)
    ]
    times += [revocation_at, *(link.retry_at for link in record.links)]
    ends = [learning.forgotten_at(denial, policy) for denial in record.denials]
    times += [end for end in ends if end > now]
    awaited = any(not p.grant.principal_id and not p.refused for p in record.grants)
    if awaited or not cluster.terminal:
        # An identity that a failed cluster lacks comes when somebody has repaired it.
        times.append(now + (policy.looks.blocked if cluster.broken else policy.looks.provisioning))
    if at := repair.due(record, cluster):
        times.append(max(at, now + progress.SOON))
    if record.probe:
        times.append(now + policy.propagation.window / _PROBE_POLLS)
    return min((time for time in times if time is not None), default=None)


def _due(
    known: Progress, cluster: Cluster, policy: Policy, now: datetime, plans: Plans
) -> datetime | None:
    """When the grant wants the next look; one that a failed cluster cannot try waits for it."""
    if cluster.broken and owes_probe(known) and progress.is_past(known, now):
        return now + policy.looks.blocked
    return progress.due(known, policy.looks, now, plans)


def _next_without_cluster(record: Record, policy: Policy, now: datetime) -> datetime | None:
    if record.put_at and may_be_stale(record, policy, now):
        return now + min(max(now - record.put_at, progress.SOON), policy.looks.absent / 4)
    if record.request and not (record.seen_at or record.put_at or record.create_refused):
        return record.retry_at or now
    if record.absent_since and not is_deleted(record, policy, now):
        return record.absent_since + policy.looks.absent
    return None


def _last_probed(known: Progress) -> datetime:
    """One command runs at a time, and may take longer than a grant's gap between looks: in any
    other order the first grant would keep the others waiting until their window had passed."""
    return known.probed_at or _NEVER


def _to_write(grants: tuple[Progress, ...], now: datetime) -> tuple[Progress, ...]:
    missing = (p for p in grants if progress.to_write(p, now))
    return widest(tuple(p for p in missing if not _is_given(p, grants)))


def _is_given(missing: Progress, grants: tuple[Progress, ...]) -> bool:
    """Whether one that is written gives a missing grant as well, though no read shows it yet: the
    look that sees the one will find the other."""
    if missing.written_at or missing.refused:
        return False
    return any(p.written_at and not p.reads and gives(p.grant, missing.grant) for p in grants)
