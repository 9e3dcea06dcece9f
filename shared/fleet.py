"""The timer's look at all clusters: which need a turn.

It finds what nothing else told us about: lost messages and events, clusters made by others,
clusters that are gone. It only wakes; the work is the turn's.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.arm import Arm
from shared.errors import Failure
from shared.model import Record
from shared.policy import Policy
from shared.queues import Queues
from shared.resource_id import ClusterId, InvalidId, parse_cluster_id
from shared.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Compares the records with what there is in Azure. `clock` gives aware UTC times."""

    arm: Arm
    store: Store
    queues: Queues
    policy: Policy
    managed: tuple[str, ...]
    clock: Callable[[], datetime]

    def wake_all(self) -> None:
        """Wake every cluster that needs a turn; two passes at once are harmless."""
        now = self.clock()
        records = {
            cluster_id: record
            for record in self.store.all()
            if self._manages(cluster_id := parse_cluster_id(record.cluster_id))
        }
        digest = self.policy.digest
        due = {key for key, record in records.items() if self._is_due(record, digest, now)}
        for subscription in self.managed:
            due |= set(self._unlike(subscription, records))
        for cluster_id in sorted(due, key=str):
            self.queues.wake(cluster_id)
        _log.info("fleet records=%d woken=%d", len(records), len(due))

    def _manages(self, cluster_id: ClusterId) -> bool:
        return cluster_id.subscription_id in self.managed and self.policy.manages(cluster_id)

    def _is_due(self, record: Record, digest: str, now: datetime) -> bool:
        """Unsettled, last judged by another policy, not looked at for longer than the resync, or
        with events that were not told yet."""
        if not record.settled or record.untold:
            return True
        if record.deleted:
            return False
        if record.policy != digest:
            return True
        return record.turn_at is None or now - record.turn_at >= self.policy.looks.resync

    def _unlike(self, subscription: str, records: dict[ClusterId, Record]) -> Iterator[ClusterId]:
        """The clusters that are new, another incarnation, or gone."""
        try:
            listed = dict(self._listed(subscription))
        except Failure as failure:
            _log.warning("fleet subscription=%s unread=%s", subscription, failure.reason)
            return
        for cluster_id, resource_uid in listed.items():
            record = records.get(cluster_id)
            if record is None or record.deleted or record.resource_uid != resource_uid:
                yield cluster_id
        for cluster_id, record in records.items():
            known = cluster_id.subscription_id == subscription and record.seen_at
            if known and cluster_id not in listed and not record.deleted:
                yield cluster_id

    def _listed(self, subscription: str) -> Iterator[tuple[ClusterId, str]]:
        """The ids of the clusters there, with their incarnations; their bodies are let go."""
        for cluster in self.arm.list_clusters(subscription):
            try:
                cluster_id = parse_cluster_id(cluster.id)
            except InvalidId as error:
                _log.warning("fleet subscription=%s passed_over=%s", subscription, error)
                continue
            if self._manages(cluster_id):
                yield cluster_id, cluster.resource_uid
