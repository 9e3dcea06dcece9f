"""One turn of one cluster: load, observe, decide, act, requeue, save.

Assignments that a step is to write are on the record before they are written: a process that dies
over it, or a cluster that needs others when the turn comes again, leaves none that nobody knows.

The only place that sends delayed messages, by the requeue rule: send, then save; send only if no
turn is already pending as soon as this one. A crash between the two leaves a spare message, never
a forgotten cluster, and a spare message finds a turn pending and adds none. (Without the rule
every duplicate lives for ever: docs/decisions/0002-send-then-save.md.)
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared import conditions, messages, progress
from shared.act import Actor
from shared.arm import Arm
from shared.budget import Budget
from shared.decide import Assign, ReadProbe, Step, decide, next_turn
from shared.errors import NEEDS_ADMINISTRATOR, Deferred, Failure, Terminal
from shared.ledger import Ledger
from shared.lifecycle import Lifecycle
from shared.model import Record
from shared.observe import Observer, is_woken
from shared.planning import Planner
from shared.policy import Policy
from shared.queues import RECONCILE, Queues
from shared.rejections import Rejection
from shared.resource_id import ClusterId
from shared.revocation import foretold
from shared.store import Changed, Store

_log = logging.getLogger(__name__)
_LOST_RACE = "LostRace"
_SAME_MOMENT = timedelta(seconds=1)  # a queue's delays are whole seconds


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Takes turns. `clock` gives aware UTC times."""

    arm: Arm
    store: Store
    ledger: Ledger
    budget: Budget
    queues: Queues
    lifecycle: Lifecycle
    observer: Observer
    actor: Actor
    planner: Planner
    policy: Policy
    managed: tuple[str, ...]
    clock: Callable[[], datetime]

    def changed(self, event_type: object, subject: object) -> None:
        """An event says that the cluster, or the role assignment, named by `subject` may have
        changed. Nothing in the event is believed but that name, and only if it is a managed
        cluster's, or an assignment that such clusters use."""
        if cluster := messages.cluster_named_by(event_type, subject, self.managed):
            self.queues.wake(cluster)
            return
        users = self._users(messages.deleted_assignment(event_type, subject))
        for cluster in users:  # by when no look from before the removal is taken for a new one
            self.queues.wake(cluster, progress.spacing(self.policy.propagation))
        if not users:
            _log.info("event dropped reason=NotAManagedCluster")

    def _users(self, assignment_id: str) -> tuple[ClusterId, ...]:
        """The managed clusters that use the assignment."""
        users = self.ledger.users(assignment_id) if assignment_id else ()
        return tuple(user.cluster for user in users if user.cluster.subscription_id in self.managed)

    def turn_for(self, text: bytes) -> None:
        """Take the turn a message on the reconcile queue names; a message that names no managed
        cluster is kept as a rejection."""
        text = messages.decoded(text)
        try:
            cluster = messages.cluster_to_wake(text.decode(errors="replace"), self.managed)
        except messages.Refusal as refusal:
            self.store.reject(
                Rejection(
                    refusal.reason, "", str(refusal), self.clock(), text=text, queue=RECONCILE
                )
            )
            _log.warning("rejected=%s queue=%s", refusal.reason, RECONCILE)
            return
        self.turn(cluster)

    def turn(self, cluster_id: ClusterId) -> None:
        """Take one turn. Raises only when storage fails; then the message comes again."""
        if not self.policy.manages(cluster_id):
            _log.info("cluster=%s step=None reason=NotManaged", cluster_id)
            return
        loaded = self.store.load(cluster_id)
        before, etag = loaded or (Record(cluster_id=str(cluster_id)), None)
        self.budget.begin()
        try:
            self._take(before, etag, cluster_id)
        except Deferred as wait:
            self._defer(before, etag, cluster_id, wait, self.clock())

    def _take(self, before: Record, etag: str | None, cluster_id: ClusterId) -> None:
        try:
            cluster = self.arm.get_cluster(cluster_id)
            now = self.clock()  # which that answer has set right
            record = self.observer.look(before, cluster, cluster_id, now)
        except Failure as failure:
            self._put_off(before, etag, cluster_id, failure, self.clock())
            return
        if cluster is None and etag is None:
            _log.info("cluster=%s step=None reason=NotFound", cluster_id)
            return
        plans = self.planner.plans()
        step = decide(record, cluster, self.policy, now, plans)
        ahead = before
        if isinstance(step, Assign):
            step = Assign(tuple(map(foretold, step.grants)))
            record, ahead = _with(record, step), _with(before, step)
            try:
                etag = self._save_ahead(before, ahead, etag, cluster_id, now)
            except Changed:
                self._requeue_and_save(before, etag, cluster_id, None, now, now, _LOST_RACE)
                return
        record = self.actor.act(step, record, cluster, cluster_id, now)
        if cluster and isinstance(step, ReadProbe):
            record = self.observer.with_denials(record, cluster, now)
        record = replace(
            record,
            conditions=conditions.update(record, cluster, self.policy, now),
            policy=self.policy.digest,
        )
        record = replace(record, untold=self.lifecycle.publish(before, record, now))
        for assignment_id in sorted(_needed(record) - _needed(ahead)):
            self.ledger.enter(assignment_id, cluster_id, now)
        at = next_turn(record, cluster, self.policy, now, plans)
        if self._requeue_and_save(record, etag, cluster_id, step, at, now):
            self.planner.learn(before, record)
            # A turn that lost the race knows of nothing that the cluster does not use any more.
            for assignment_id in sorted(ahead.assignment_ids - record.assignment_ids):
                self.ledger.leave(assignment_id, cluster_id)

    def _save_ahead(
        self, before: Record, ahead: Record, etag: str | None, cluster: ClusterId, now: datetime
    ) -> str | None:
        """Save what may be there from now on; the version of the record then. Raises `Changed`."""
        if ahead.assignment_ids <= before.assignment_ids:
            return etag
        for assignment_id in sorted(_needed(ahead) - _needed(before)):
            self.ledger.enter(assignment_id, cluster, now)
        return self.store.save(ahead, etag)

    def _defer(
        self, before: Record, etag: str | None, cluster: ClusterId, wait: Deferred, now: datetime
    ) -> None:
        """The turn comes again when there is room for it: nothing was seen, nothing has failed."""
        if etag is None:  # perhaps there is no such cluster, so there is no record yet
            self.queues.wake(cluster, timedelta(seconds=wait.retry_after))
            _log.info("cluster=%s step=None reason=%s", cluster, wait.reason)
            return
        at = now + timedelta(seconds=wait.retry_after)
        owed = before.unread_since or (now if is_woken(before, now) else None)
        record = replace(before, unread_since=owed)
        self._requeue_and_save(record, etag, cluster, None, at, now, wait.reason)

    def _put_off(
        self, before: Record, etag: str | None, cluster: ClusterId, failure: Failure, now: datetime
    ) -> None:
        """Azure could not be read: nothing is concluded; look again later."""
        if etag is None:
            # Nothing is known of it, so the timer's list decides whether there is such a cluster.
            _log.warning("cluster=%s step=None reason=%s", cluster, failure.reason)
            return
        since = before.unread_since or now
        window, looks = self.policy.propagation.window, self.policy.looks
        reason, at = progress.after_failure(failure, since, window, looks, now)
        record = replace(before, unread_since=since)
        if isinstance(failure, Terminal) or reason == NEEDS_ADMINISTRATOR:
            found: dict[str, conditions.Finding] = {"Ready": ("Unknown", reason, failure.message)}
            record = replace(record, conditions=conditions.merge(record.conditions, found, now))
        record = replace(record, untold=self.lifecycle.publish(before, record, now))
        self._requeue_and_save(record, etag, cluster, None, at, now, reason)

    def _requeue_and_save(
        self,
        record: Record,
        etag: str | None,
        cluster: ClusterId,
        step: Step | None,
        at: datetime | None,
        now: datetime,
        reason: str = "",
    ) -> bool:
        """Whether the record could be saved; else somebody else has taken a turn meanwhile."""
        pending = tuple(time for time in record.pending if time > now)
        take_back: Callable[[], None] | None = None
        if at is not None:
            delay = timedelta(seconds=max(1, math.ceil((at - now).total_seconds())))
            if not any(time <= now + delay for time in pending):
                take_back = self.queues.wake(cluster, delay)  # send first …
                pending = (*pending, now + delay)
        record = replace(record, pending=pending, settled=at is None, turn_at=now)
        try:
            self.store.save(record, etag)  # … then save
        except Changed:
            reason = _LOST_RACE
            if take_back and self._is_awaited(cluster, now, pending[-1]):
                take_back()
        ready = record.condition("Ready")
        _log.info(
            "cluster=%s step=%s ready=%s reason=%s requeue_at=%s arm_calls=%d",
            cluster,
            type(step).__name__,
            ready.status if ready else "Unknown",
            reason or (ready.reason if ready else ""),
            record.requeue_at.isoformat() if record.requeue_at else "-",
            self.budget.calls_here,
        )
        return reason != _LOST_RACE

    def _is_awaited(self, cluster: ClusterId, now: datetime, by: datetime) -> bool:
        """Whether the turn that won the race left another one pending, about as soon as `by`.

        Messages that are picked up together are worked off at the same moment, and each sees no
        turn pending: a loser that left its own would walk beside the winner for ever.
        """
        loaded = self.store.load(cluster)
        pending = loaded[0].pending if loaded else ()
        return any(now < time <= by + _SAME_MOMENT for time in pending)


def _with(record: Record, step: Assign) -> Record:
    """The record with the grants of a step as that has them."""
    new = {progress.grant.key: progress for progress in step.grants}
    known = tuple(new.pop(progress.grant.key, progress) for progress in record.grants)
    return replace(record, grants=(*known, *new.values()))


def _needed(record: Record) -> set[str]:
    """The role assignments of the grants that the cluster needs."""
    return {progress.assignment_id for progress in record.grants if progress.assignment_id}
