"""The timer's look at all clusters: which need a turn.

It finds what nothing else told us about: lost messages and events, clusters made by others or
gone, grants removed, clusters that need other grants. It only wakes; the work is the turn's.

Of each subscription two lists are read, whatever is in it: its clusters and its role assignments.
They are compared with the records at a glance; a record is read as a whole, and what the cluster
needs is worked out, only where its JSON is not the one that its last turn saw.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from shared import changes, glance, wire
from shared.budget import Budget
from shared.bulk import Bulk
from shared.document import decode
from shared.errors import Deferred, Failure, Transient
from shared.glance import Glance
from shared.passes import Passes
from shared.policy import Policy
from shared.queues import Queues
from shared.resource_id import InvalidId, parse_cluster_id
from shared.store import Damaged, Store
from shared.tally import Tally, quota_passed

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_LONGEST = timedelta(minutes=3)  # of a pass; the host ends a run after host.json's functionTimeout
# A queue brings a message seconds late, a queue that is full minutes. Who is woken in vain takes a
# turn too much; who is not waits for the next pass.
_OVERDUE = timedelta(minutes=2)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Pass:
    """What one pass has found so far: `known` are the records of the subscriptions looked at,
    `standing` the names of the role assignments there are in each."""

    until: datetime
    tally: Tally = field(default_factory=Tally)
    known: dict[str, Glance] = field(default_factory=dict)
    standing: dict[str, set[str]] = field(default_factory=dict)
    woken: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Compares the records with what there is in Azure. `clock` gives aware UTC times as Azure has
    them, `watch` those of this machine, which no answer of Azure sets while a pass is under way."""

    bulk: Bulk
    store: Store
    passes: Passes
    queues: Queues
    budget: Budget
    policy: Policy
    managed: tuple[str, ...]
    clock: Callable[[], datetime]
    watch: Callable[[], datetime]
    # What a list said of a cluster when that was last found to be what its record says.
    _same: dict[str, tuple[int, datetime | None]] = field(default_factory=dict)

    def wake_all(self) -> None:
        """Wake every cluster that needs a turn. Raises only when storage fails."""
        current = _Pass(until=self.watch() + _LONGEST)
        looked_at = self.passes.looked_at()
        for subscription in sorted(self.managed, key=lambda each: looked_at.get(each, _NEVER)):
            try:
                self._look(subscription, current)
            except (Deferred, Failure) as failure:
                current.tally.count("unread")
                _log.warning("fleet subscription=%s unread=%s", subscription, failure)
            self.passes.look(subscription, self.clock())
        self._wake("drifted", self._drifted(current), current)
        current.tally.include("arm", self.budget.take_figures())
        current.tally.include("queue", self.queues.lengths())
        _log.info("fleet %s", current.tally.line(self.clock()))

    def _look(self, subscription: str, current: _Pass) -> None:
        """Raises `Failure` when ARM cannot be read, or the pass has taken too long."""
        self._in_time(current)
        known = dict(self._known(subscription))
        current.known |= known
        for each in known.values():
            current.tally.see(each)
        now, digest = self.clock(), self.policy.digest
        due = [key for key, each in known.items() if self._is_due(each, digest, now)]
        self._wake("due", due, current)
        current.standing[subscription] = self._standing(subscription, current)
        listed: set[str] = set()
        for page in self._pages(self.bulk.clusters(subscription), current):
            for why, key in self._unlike(page, known, listed, current):
                self._wake(why, [key], current)
        gone = [key for key, each in known.items() if key not in listed and self._is_gone(each)]
        self._wake("gone", gone, current)

    def _known(self, subscription: str) -> Iterator[tuple[str, Glance]]:
        for each in self.store.glances(subscription):
            if self.policy.manages(parse_cluster_id(each.cluster_id)):
                yield each.cluster_id.lower(), each

    def _standing(self, subscription: str, current: _Pass) -> set[str]:
        """The names of the role assignments at, above and below a subscription."""
        standing: set[str] = set()
        inside, start = 0, f"/subscriptions/{subscription}"
        for page in self._pages(self.bulk.assignments(subscription), current):
            standing.update(glance.name_of(each.id) for each in page)
            inside += sum(each.scope.lower().startswith(start) for each in page)
        current.tally.count(f"assignments.{subscription}", inside)
        if above := quota_passed(inside):
            _log.warning(
                "alert=RoleAssignmentLimit subscription=%s assignments=%d above_percent=%d",
                subscription,
                inside,
                above,
            )
        return standing

    def _unlike(
        self,
        page: Iterable[msgspec.Raw],
        known: dict[str, Glance],
        listed: set[str],
        current: _Pass,
    ) -> Iterator[tuple[str, str]]:
        """The clusters of a page that are new, or not what their records say, each with why; adds
        all of them to `listed`."""
        for item in page:
            try:
                found = wire.listed_cluster(item)
                key = found.id.lower()
                listed.add(key)
                record = known.get(key)
                if record is None and not self.policy.manages(parse_cluster_id(found.id)):
                    continue
            except (msgspec.DecodeError, InvalidId) as error:
                _log.warning("fleet passed_over=%s", error)
                continue
            if record is None or record.deleted or record.resource_uid != found.resource_uid:
                yield "new", found.id
            elif key not in current.woken and not self._is_awaited(record):
                succeeded = found.provisioning_state == "Succeeded"
                if succeeded != record.provisioned or self._has_changed(item, key, record):
                    yield "changed", key

    def _has_changed(self, item: msgspec.Raw, key: str, known: Glance) -> bool:
        """Whether the cluster needs other grants than its record has."""
        seen = hash(bytes(item)), known.turn_at
        if self._same.get(key) == seen:
            return False
        if glance.digest(decode(item).value) != known.body:
            cluster_id = parse_cluster_id(known.cluster_id)
            try:
                loaded = self.store.load(cluster_id)
            except Damaged:
                return True
            cluster = wire.cluster(item)
            if loaded is None or changes.needs_other(
                loaded[0], cluster, cluster_id, self.policy, self.managed
            ):
                return True
        self._same[key] = seen
        return False

    def _drifted(self, current: _Pass) -> list[str]:
        """The clusters with a grant whose role assignment is in no list any more, as far as the
        subscriptions of their grants could be read."""
        return [
            key
            for key, each in current.known.items()
            if not each.deleted
            and not self._is_awaited(each)
            and any(
                not current.standing[subscription].issuperset(names)
                for subscription, names in each.held.items()
                if subscription in current.standing
            )
        ]

    def _is_due(self, known: Glance, digest: str, now: datetime) -> bool:
        """Its next turn is overdue, events were not told, it was last judged by another policy, or
        not looked at for longer than the resync."""
        if self._is_awaited(known):
            return False
        if known.untold or (not known.settled and _is_overdue(known, now)):
            return True
        if known.deleted:
            return known.left and known.policy != digest  # which may say now: delete it
        if known.policy != digest:
            return True
        return known.turn_at is None or now - known.turn_at >= self.policy.looks.resync

    def _is_gone(self, known: Glance) -> bool:
        return known.seen and not known.deleted and not self._is_awaited(known)

    def _is_awaited(self, known: Glance) -> bool:
        """Whether a turn is about to be taken, which sees all there is to see."""
        if known.settled or known.requeue_at is None:
            return False
        return abs(self.clock() - known.requeue_at) <= _OVERDUE

    def _wake(self, why: str, keys: Iterable[str], current: _Pass) -> None:
        """Wake clusters that were not woken in this pass yet."""
        for key in keys:
            if key.lower() not in current.woken:
                current.woken.add(key.lower())
                current.tally.count(f"woken.{why}")
                record = current.known.get(key.lower())
                self.queues.wake(parse_cluster_id(record.cluster_id if record else key))

    def _pages(self, pages: Iterable[_T], current: _Pass) -> Iterator[_T]:
        """The pages, as long as there is time. Raises `Transient`."""
        for page in pages:
            yield page
            self._in_time(current)

    def _in_time(self, current: _Pass) -> None:
        if self.watch() >= current.until:
            raise Transient("OutOfTime", "the rest is looked at first in the next pass")


def _is_overdue(known: Glance, now: datetime) -> bool:
    return known.requeue_at is None or now - known.requeue_at > _OVERDUE
