"""What the poison doors do: leave a visible trace, never lose the text, but for claims in it.

A message is poison after its function has failed five times; what a door can refuse never gets
that far.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from shared import conditions, event_queue, messages
from shared.event_grid import Unreadable, events_in, without_claims
from shared.lifecycle import Lifecycle
from shared.model import Record
from shared.queues import EVENTS, RECONCILE, REQUESTS
from shared.rejections import POISONED, RECORD_DAMAGED, Rejection
from shared.resource_id import ClusterId, parse_cluster_id
from shared.store import Changed, Damaged, Store

_log = logging.getLogger(__name__)
_REQUEST_FAILED = "working off the request failed five times; see the log"
_EVENT_FAILED = "working off the event failed five times; see the log. The timer finds what changed"
_DAMAGED = "the cluster's record cannot be read; delete its row of table clusters"


@dataclass(frozen=True, slots=True)
class Poison:
    """Turns poisoned messages into conditions and rejections."""

    store: Store
    lifecycle: Lifecycle
    managed: tuple[str, ...]
    clock: Callable[[], datetime]

    def request(self, text: bytes) -> None:
        """A request that could not be worked off: say so on its record, if it got one, or keep it
        as a rejection with its text."""
        text = messages.decoded(text)
        try:
            request = messages.parse_request(text, self.managed)
        except messages.Refusal as refusal:
            self._reject(text, refusal.request_id)
            return
        cluster = parse_cluster_id(request.cluster_id)
        loaded = self._load(cluster)
        if loaded and loaded[0].is_for(request.request_id):
            self._stall(*loaded, _REQUEST_FAILED)
        else:
            self._reject(text, request.request_id)

    def turn(self, text: bytes) -> None:
        """A turn that failed five times: say so on the cluster's record."""
        text = messages.decoded(text)
        try:
            cluster = messages.cluster_to_wake(text.decode(errors="replace"), self.managed)
            loaded = self.store.load(cluster)
        except messages.Refusal as refusal:
            self._keep(refusal.reason, str(refusal), text, RECONCILE)
        except Damaged:
            self._keep(RECORD_DAMAGED, _DAMAGED, text, RECONCILE)
        else:
            record, etag = loaded or (Record(cluster_id=str(cluster)), None)
            self._stall(record, etag, "a turn failed five times; see the log")

    def event(self, text: bytes) -> None:
        """An event that failed five times: keep what is read of it, if it may be about anything of
        ours. The rest has claims, and is not kept."""
        try:
            events = events_in(messages.decoded(text))
        except Unreadable:
            event_queue.refuse(self.store, text, self.clock())
            return
        for kind, subject in sorted(events):
            assignment = messages.deleted_assignment(kind, subject)
            if assignment or messages.cluster_named_by(kind, subject, self.managed):
                self._keep(POISONED, _EVENT_FAILED, without_claims(kind, subject), EVENTS)

    def _load(self, cluster: ClusterId) -> tuple[Record, str] | None:
        try:
            return self.store.load(cluster)
        except Damaged:
            return None

    def _stall(self, record: Record, etag: str | None, message: str) -> None:
        found: dict[str, conditions.Finding] = {"Stalled": ("True", "Poisoned", message)}
        marked = replace(
            record,
            conditions=conditions.merge(record.conditions, found, self.clock()),
            settled=False,
            pending=(),
        )
        try:
            self.store.save(marked, etag)
        except Changed:
            _log.info("cluster=%s poisoned, and a turn has been taken since", record.cluster_id)
            return
        _log.error("cluster=%s stalled=Poisoned", record.cluster_id)

    def _reject(self, text: bytes, request_id: str) -> None:
        rejection = self._keep(POISONED, _REQUEST_FAILED, text, REQUESTS, request_id)
        self.lifecycle.rejected(rejection)

    def _keep(
        self, reason: str, message: str, text: bytes, queue: str, request_id: str = ""
    ) -> Rejection:
        rejection = Rejection(reason, "", message, self.clock(), request_id, text=text, queue=queue)
        self.store.reject(rejection)
        _log.error("request=%s rejected=%s", request_id or "-", reason)
        return rejection
