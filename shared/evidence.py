"""What a look that finds a grant's assignment proves: the conclusion from reading alone (pure).

Reading calls a grant effective only where policy is content with it, where no probe can run, or
once the window has passed; and never with something certain in the way, or against a probe.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from shared.diagnosis import CERTAIN, Diagnosis
from shared.model import Assignment, Evidence, Progress
from shared.probes import target_of

# What stands in the way of a grant whose assignment was found.
Diagnose = Callable[[Progress, Assignment], Diagnosis]

CANNOT_RUN = "ProbeCannotRun"


def settle(
    progress: Progress,
    found: Assignment,
    now: datetime,
    diagnose: Diagnose,
) -> Progress:
    """Draw the conclusion of a look that found the assignment. `diagnose` is asked what stands in
    the way before reading alone calls the grant effective, and when it is late."""
    if not progress.readable_at:
        return replace(progress, reason="Written", message="")
    passed = progress.deadline is not None and now >= progress.deadline
    if progress.effective_at:
        closes = passed and progress.evidence == "Readable"
        return _effective(progress, "WindowPassed", now) if closes else progress
    if owes_probe(progress):
        return replace(progress, reason="AwaitingProbe")
    if progress.grant.verify == "read" or progress.reason == CANNOT_RUN or passed:
        return _by_reading(progress, diagnose(progress, found), now, passed=passed)
    return progress if progress.probed_at else replace(progress, reason="AwaitingWindow")


def owes_probe(progress: Progress) -> bool:
    """Whether a probe has still to try the grant for the first time. Until then not even the end
    of the window says that it works: a new record may be of an old assignment that never did."""
    if progress.grant.verify == "read" or progress.probed_at or progress.effective_at:
        return False
    return progress.reason != CANNOT_RUN and bool(target_of(progress.grant))


def _by_reading(
    progress: Progress, diagnosis: Diagnosis, now: datetime, *, passed: bool
) -> Progress:
    """Draw the conclusion that reading allows, unless a probe was denied: that counts for more."""
    reason, message = diagnosis
    progress = replace(progress, diagnosis=message)
    if progress.reason == "ProbeDenied":
        return progress
    if reason in CERTAIN or (reason and not passed):
        return replace(progress, reason=reason, message=message)
    return _effective(progress, "WindowPassed" if passed else "Readable", now)


def _effective(progress: Progress, evidence: Evidence, now: datetime) -> Progress:
    reason, message = str(evidence), ""
    if evidence == "Readable" and progress.reason == CANNOT_RUN:
        reason, message = CANNOT_RUN, progress.message  # why there is no better evidence
    return replace(
        progress,
        effective_at=progress.effective_at or now,
        evidence=evidence,
        reason=reason,
        message=message,
        diagnosis="",
    )
