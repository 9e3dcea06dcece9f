"""How far each grant got: written, readable, effective; never mixed up (pure).

    pending ──accepted, or found──► written ──k looks show it──► readable ──evidence──► effective
       ▲                               │                            │                      │
       └───────────── k looks in a row do not show it any more ─────┴──────────────────────┘

*Evidence* is one of: `Readable` (policy is content with reading), `Probe` (the cluster acted with
its identity), `WindowPassed` (Azure's documented propagation window is over).
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from shared import schedule
from shared.delays import kind_of
from shared.diagnosis import Diagnosis
from shared.errors import Failure, Transient, outlasted
from shared.evidence import CANNOT_RUN, Diagnose, owes_probe, settle
from shared.held import Stronger, find, held_as
from shared.model import Assignment, Grant, Progress
from shared.policy import Drift, Looks, Propagation
from shared.revocation import foretold, left
from shared.schedule import NO_PLANS, Plans
from shared.wanted import INVALID_SCOPE, assignment_name, remedy

_SPACING = 360  # 10 s of 60 min
_RETRY_LEAST, _RETRY_MOST = 240, 12  # 15 s to 5 min of 60 min
SOON = timedelta(seconds=1)  # a look that is due already
REMOVED = "AssignmentRemoved"


def follow(
    wanted: tuple[Grant, ...],
    known: tuple[Progress, ...],
    now: datetime,
    former: tuple[Progress, ...] = (),
) -> tuple[tuple[Progress, ...], tuple[Progress, ...]]:
    """The progress of what is wanted now, and of what no longer is but was written, or `former`."""
    by_key = {progress.grant.key: progress for progress in (*former, *known)}
    current = tuple(
        replace(by_key.get(grant.key, Progress(grant)), grant=grant, left_at=None)
        for grant in wanted
    )
    keys = {progress.grant.key for progress in current}
    return current, tuple(p for p in left(former, known, now) if p.grant.key not in keys)


def look(
    progress: Progress,
    held: tuple[Assignment, ...] | None,
    propagation: Propagation,
    now: datetime,
    stronger: Stronger = frozenset(),
    diagnose: Diagnose = lambda *_: Diagnosis(),
    *,
    drift: Drift = "restore",
    gone: bool = False,
) -> Progress:
    """One look at the assignments `held` by principals: what does it change for this grant?

    `held` need not have those of a grant that is not `to_read`, and is None when it could not be
    read. A grant that is refused is looked for all the same: somebody else may have made it.
    `diagnose` is asked what stands in the way of a grant before reading alone calls it effective,
    and when it is late. `gone` says that a second read has confirmed what the list lacks.
    """
    grant = progress.grant
    if not grant.principal_id and not grant.refused:
        return replace(progress, reason="AwaitingIdentity", message="the identity is not there yet")
    if progress.withheld and drift == "restore":
        progress = replace(progress, withheld="")
    found = None
    if held is not None and to_read(progress, propagation, now):
        found = find(grant, held, stronger)
        if found is None:
            progress = _missed(progress, propagation, now, drift, gone=gone)
    if found:
        progress = _found(progress, found, propagation, now)
        return settle(progress, found, now, diagnose)
    if progress.refused:
        return replace(progress, reason=progress.refused, message=remedy(grant))
    return progress


def to_read(progress: Progress, propagation: Propagation, now: datetime) -> bool:
    """Whether the grant's assignment is to be looked for in this turn: not so soon after the last
    look, unless the window has passed in between."""
    if progress.grant.refused == INVALID_SCOPE or not progress.grant.principal_id:
        return False
    if progress.read_at is None:
        return True
    if progress.deadline and progress.read_at < progress.deadline <= now:
        return True
    return now - progress.read_at >= spacing(propagation)


def spacing(propagation: Propagation) -> timedelta:
    """Looks closer together than this are one look."""
    return propagation.window / _SPACING


def waits(
    progress: Progress, looks: Looks, now: datetime, plans: Plans = NO_PLANS, *, woken: bool
) -> bool:
    """Whether the grant only waits for its next planned look, so that a turn which is taken for
    something else need not read it. One that works, or was missed, is also read by a turn that was
    `woken` and not planned by us: what woke it may have been its removal."""
    if not progress.written_at or progress.read_at is None:
        return False
    if woken and (progress.effective_at or progress.misses):
        return False
    planned = due(progress, looks, progress.read_at, plans)
    return planned is None or now < planned


def written(progress: Progress, assignment_id: str, window: timedelta, now: datetime) -> Progress:
    """Our write was accepted: the clock of the propagation window starts.

    `assignment_id` is empty when the same grant was there under another name.
    """
    return replace(
        progress,
        assignment_id=assignment_id,
        made_by_us=bool(assignment_id),
        written_at=now,
        deadline=progress.deadline or now + window,
        read_at=now,
        failing_since=None,
        retry_at=None,
        reason="Written",
        message="",
    )


def failed(
    progress: Progress, failure: Failure, propagation: Propagation, looks: Looks, now: datetime
) -> Progress:
    """Our write failed: why, and when to try again."""
    since = progress.failing_since or now
    reason, retry_at = after_failure(failure, since, propagation.window, looks, now)
    return replace(
        progress, failing_since=since, retry_at=retry_at, reason=reason, message=failure.message
    )


def after_failure(
    failure: Failure, since: datetime, window: timedelta, looks: Looks, now: datetime
) -> tuple[str, datetime]:
    """The reason to show for a failed write, and when to repeat it; waits grow with its age."""
    if overdue := outlasted(failure.reason, since, now):
        return overdue, now + looks.blocked
    if not isinstance(failure, Transient):
        return failure.reason, now + looks.blocked
    if failure.retry_after:
        return failure.reason, now + timedelta(seconds=failure.retry_after)
    wait = min(max((now - since) / 4, window / _RETRY_LEAST), window / _RETRY_MOST)
    return failure.reason, now + wait


def proven(
    progress: Progress,
    works: bool | None,
    message: str,
    now: datetime,
    *,
    takes_back: bool = False,
) -> Progress:
    """A probe has ended: it worked, was denied, or could not tell (None), which does not take back
    an earlier denial unless `takes_back` says so.

    One command may answer for several grants; of one that did not wait for it, it says nothing.
    """
    if not progress.readable_at or progress.effective_at:
        return progress
    if works is None and progress.reason == "ProbeDenied" and not takes_back:
        return replace(progress, probed_at=now)
    probed = replace(progress, probed_at=now, message=message)
    if works:
        return replace(probed, effective_at=now, evidence="Probe", reason="Probe")
    return replace(probed, reason="ProbeDenied" if works is False else "ProbeInconclusive")


def unprovable(progress: Progress, why: str, now: datetime) -> Progress:
    """The probe cannot run in this cluster: reading is all there is, and the next look settles it,
    unless the grant was denied before. `why` is one word, such as `RunCommandDisabled`."""
    if not progress.readable_at or progress.effective_at:
        return progress
    if progress.reason == "ProbeDenied":
        return replace(progress, probed_at=now)
    return replace(progress, probed_at=now, reason=CANNOT_RUN, message=why)


def late(progress: Progress, now: datetime) -> bool:
    """Past its deadline and still not effective, though policy allows it."""
    if progress.grant.refused or progress.effective_at or _is_unconfirmed(progress):
        return False
    return not owes_probe(progress) and is_past(progress, now)


def is_past(progress: Progress, now: datetime) -> bool:
    """Whether the grant's window is over."""
    return progress.deadline is not None and now >= progress.deadline


def to_write(progress: Progress, now: datetime) -> bool:
    """Whether the grant's assignment has to be written in this turn."""
    if progress.refused or not progress.grant.principal_id or progress.written_at:
        return False
    return progress.retry_at is None or progress.retry_at <= now


def to_probe(progress: Progress, looks: Looks, now: datetime, plans: Plans = NO_PLANS) -> bool:
    """Whether a probe is due: at most one for each look of the schedule, however often a turn is
    taken in between."""
    if not progress.readable_at or progress.effective_at:
        return False
    if progress.grant.verify == "read":
        return False
    next_probe = due(progress, looks, progress.probed_at, plans) if progress.probed_at else now
    return next_probe is not None and next_probe <= now


def due(
    progress: Progress, looks: Looks, now: datetime, plans: Plans = NO_PLANS
) -> datetime | None:
    """When this grant wants the next look; None when only the slow resync should."""
    if not progress.grant.principal_id or progress.refused == INVALID_SCOPE:
        return None
    if progress.refused:  # until somebody else makes the grant, or policy allows it
        return now + looks.blocked
    if progress.written_at is None or progress.deadline is None:
        return progress.retry_at or now
    if progress.misses:  # gone, or a stale read: the next looks tell
        return now + looks.absent
    if is_past(progress, now) and (_is_unconfirmed(progress) or owes_probe(progress)):
        return now + looks.absent  # others made it long ago, or its record was lost
    if progress.evidence in {"Probe", "WindowPassed"}:
        return None
    if progress.evidence == "Readable":
        return progress.deadline
    if late(progress, now):
        return now + looks.blocked
    if progress.grant.verify != "read" and not progress.readable_at:
        # A probe is the evidence, and reading only what it waits for: let it not wait long.
        soon = (progress.deadline - progress.written_at) / _RETRY_LEAST
        return max((progress.read_at or now) + soon, now + SOON)
    plan = plans.get(kind_of(progress.grant), schedule.DEFAULT)
    seed = str(progress.grant.key)
    return schedule.next_look(progress.written_at, progress.deadline, now, seed, plan)


def _found(
    progress: Progress, found: Assignment, propagation: Propagation, now: datetime
) -> Progress:
    written_at = progress.written_at or found.created_at or now
    deadline = progress.deadline or written_at + propagation.window
    if found.created_at:
        # Removed before it was ever seen, and made again: its window is the new one's.
        deadline = max(deadline, found.created_at + propagation.window)
    reads = progress.reads + 1
    readable = reads >= propagation.consecutive_reads
    return replace(
        progress,
        assignment_id=found.id,
        made_by_us=found.id.lower().endswith(assignment_name(progress.grant)),
        held_as=held_as(progress.grant, found),
        written_at=written_at,
        deadline=deadline,
        reads=reads,
        misses=0,
        read_at=now,
        readable_at=progress.readable_at or (now if readable else None),
        failing_since=None,
        retry_at=None,
    )


def _is_unconfirmed(progress: Progress) -> bool:
    """Seen in the last look, but not in as many as it takes to believe."""
    return progress.reads > 0 and progress.readable_at is None


def _missed(
    progress: Progress, propagation: Propagation, now: datetime, drift: Drift, *, gone: bool
) -> Progress:
    """Not in the list: a stale read, unless a second read says so, too, or as many looks in a row
    as it takes to believe."""
    if not progress.written_at:
        return replace(progress, read_at=now) if progress.refused else progress
    misses = progress.misses + 1
    if misses < propagation.consecutive_reads and not gone:
        return replace(progress, misses=misses, reads=0, read_at=now)
    if progress.readable_at:
        # It was there, and somebody has removed it.
        withheld = REMOVED if drift == "report" else ""
        return Progress(progress.grant, reason="AssignmentMissing", withheld=withheld)
    # An assignment that was never seen is the same one when it is written again: its clock runs on.
    again = Progress(progress.grant, deadline=progress.deadline, reason="AssignmentMissing")
    return foretold(again) if progress.made_by_us else again
