"""One turn of one cluster: load, observe, decide, act, requeue, save.

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
from shared.audit import Audit
from shared.decide import Step, decide, may_be_stale, next_turn
from shared.errors import NEEDS_ADMINISTRATOR, Failure, Terminal
from shared.lifecycle import Lifecycle
from shared.links import Links
from shared.model import Assignment, Cluster, Progress, Record, Rejection
from shared.policy import Policy
from shared.profiles import REQUEST_TAG
from shared.queues import Queues
from shared.resource_id import ClusterId, parse_scope
from shared.store import Changed, Store
from shared.wanted import wanted as wanted_by

_log = logging.getLogger(__name__)
_SAME_MOMENT = timedelta(seconds=1)  # a queue's delays are whole seconds


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Takes turns. `clock` gives aware UTC times."""

    arm: Arm
    store: Store
    queues: Queues
    lifecycle: Lifecycle
    policy: Policy
    managed: tuple[str, ...]
    clock: Callable[[], datetime]

    def changed(self, event_type: object, subject: object) -> None:
        """An event says that the cluster named by `subject` may have changed; nothing in the
        event is believed but that name, and only if it is a managed cluster's."""
        cluster = messages.cluster_named_by(event_type, subject, self.managed)
        if cluster is None:
            _log.info("event dropped reason=NotAManagedCluster")
            return
        self.queues.wake(cluster)

    def turn_for(self, text: bytes) -> None:
        """Take the turn a message on the reconcile queue names; a message that names no managed
        cluster is kept as a rejection."""
        text = messages.decoded(text)
        try:
            cluster = messages.cluster_to_wake(text.decode(errors="replace"), self.managed)
        except messages.Refusal as refusal:
            self.store.reject(Rejection(refusal.reason, "", str(refusal), self.clock(), text=text))
            _log.warning("rejected=%s queue=reconcile", refusal.reason)
            return
        self.turn(cluster)

    def turn(self, cluster_id: ClusterId) -> None:
        """Take one turn. Raises only when storage fails; then the message comes again."""
        now = self.clock()
        if not self.policy.manages(cluster_id):
            _log.info("cluster=%s step=None reason=NotManaged", cluster_id)
            return
        loaded = self.store.load(cluster_id)
        before, etag = loaded or (Record(cluster_id=str(cluster_id)), None)
        try:
            cluster = self.arm.get_cluster(cluster_id)
            record = self._observe(replace(before, unread_since=None), cluster, cluster_id, now)
        except Failure as failure:
            self._put_off(before, etag, cluster_id, failure, now)
            return
        if cluster is None and etag is None:
            _log.info("cluster=%s step=None reason=NotFound", cluster_id)
            return
        step = decide(record, cluster, self.policy, now)
        audit = Audit(self.store, self.policy, self.clock)
        record = Actor(self.arm, audit, self.policy).act(step, record, cluster_id, now)
        record = replace(
            record,
            conditions=conditions.update(record, cluster, self.policy, now),
            policy=self.policy.digest,
        )
        self.lifecycle.publish(before, record)
        at = next_turn(record, cluster, self.policy, now)
        self._requeue_and_save(record, etag, cluster_id, step, at, now)

    def _observe(
        self, record: Record, cluster: Cluster | None, cluster_id: ClusterId, now: datetime
    ) -> Record:
        """The record with this look at Azure in it."""
        if cluster is None:
            seen_before = record.seen_at or record.put_at
            if not seen_before or may_be_stale(record, self.policy, now):
                return record
            return replace(record, absent_since=record.absent_since or now, probe=None)
        record = self._same_incarnation(self._ours(record, cluster, now), cluster)
        record = replace(record, seen_at=now, absent_since=None, failure="")
        links = Links(self.arm, self.policy, now, {link.id.lower(): link for link in record.links})
        wanted = (
            wanted_by(cluster, cluster_id, record.profile, self.policy, self.managed, links.facts)
            if cluster.has_managed_identity
            else ()
        )
        current, former = progress.follow(wanted, record.grants)
        propagation = self.policy.propagation
        held = self._held([p for p in current if progress.to_read(p, propagation, now)])
        stronger = self._stronger(current, held)
        return replace(
            record,
            faults=tuple(f"{path} {what}" for path, what in sorted(cluster.body.faults.items())),
            links=tuple(links.used.values()),
            grants=tuple(progress.look(p, held, propagation, now, stronger) for p in current),
            former=progress.remembered(record.former + former),
        )

    def _ours(self, record: Record, cluster: Cluster, now: datetime) -> Record:
        """Reject the request at first sight of a cluster that somebody else made for this name."""
        request = record.request
        if request is None or record.seen_at:
            return record
        if cluster.tags.get(REQUEST_TAG) == request.request_id:
            return replace(record, put_at=record.put_at or now)
        message = "a cluster with this id was there already; it is looked after, not changed"
        self.store.reject(
            Rejection("ClusterExists", "name", message, now, request.request_id, request.cluster_id)
        )
        return replace(record, request=None, put_at=None, retry_at=None)

    def _same_incarnation(self, record: Record, cluster: Cluster) -> Record:
        """A cluster deleted and made again under the same name is another cluster."""
        known = record.resource_uid
        if known and cluster.resource_uid and known != cluster.resource_uid:
            written = tuple(p for p in record.grants if p.written_at)
            record = replace(record, grants=(), former=record.former + written, probe=None)
        return replace(record, resource_uid=cluster.resource_uid or known)

    def _held(self, wanted: list[Progress]) -> tuple[Assignment, ...]:
        """What the principals hold: one list for each principal and subscription."""
        pairs = {(p.grant.principal_id, parse_scope(p.grant.scope).subscription_id) for p in wanted}
        return tuple(
            assignment
            for principal, subscription in sorted(pairs)
            for assignment in self.arm.assignments(principal, subscription)
        )

    def _stronger(
        self, grants: tuple[Progress, ...], held: tuple[Assignment, ...]
    ) -> progress.Stronger:
        """Which of the other roles held where a grant is wanted give all that it would."""
        return frozenset()

    def _put_off(
        self, record: Record, etag: str | None, cluster: ClusterId, failure: Failure, now: datetime
    ) -> None:
        """Azure could not be read: nothing is concluded; look again later."""
        if etag is None:
            # Nothing is known of it, so the timer's list decides whether there is such a cluster.
            _log.warning("cluster=%s step=None reason=%s", cluster, failure.reason)
            return
        since = record.unread_since or now
        window, looks = self.policy.propagation.window, self.policy.looks
        reason, at = progress.after_failure(failure, since, window, looks, now)
        record = replace(record, unread_since=since)
        if isinstance(failure, Terminal) or reason == NEEDS_ADMINISTRATOR:
            found: dict[str, conditions.Finding] = {"Ready": ("Unknown", reason, failure.message)}
            record = replace(record, conditions=conditions.merge(record.conditions, found, now))
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
    ) -> None:
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
            reason = "LostRace"
            if take_back and self._is_awaited(cluster, now, pending[-1]):
                take_back()
        ready = record.condition("Ready")
        _log.info(
            "cluster=%s step=%s ready=%s reason=%s requeue_at=%s",
            cluster,
            type(step).__name__,
            ready.status if ready else "Unknown",
            reason or (ready.reason if ready else ""),
            record.requeue_at.isoformat() if record.requeue_at else "-",
        )

    def _is_awaited(self, cluster: ClusterId, now: datetime, by: datetime) -> bool:
        """Whether the turn that won the race left another one pending, about as soon as `by`.

        Messages that are picked up together are worked off at the same moment, and each sees no
        turn pending: a loser that left its own would walk beside the winner for ever.
        """
        loaded = self.store.load(cluster)
        pending = loaded[0].pending if loaded else ()
        return any(now < time <= by + _SAME_MOMENT for time in pending)
