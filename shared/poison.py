"""What the poison doors do: leave a visible trace, never lose the text.

A message is poison after its function has failed five times; what a door can refuse never gets
that far.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from shared import conditions, messages
from shared.model import Record, Rejection
from shared.store import Changed, Damaged, Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Poison:
    """Turns poisoned messages into conditions and rejections."""

    store: Store
    managed: tuple[str, ...]
    clock: Callable[[], datetime]

    def request(self, text: bytes) -> None:
        """A request that could not be worked off: keep it, with its text, as a rejection."""
        text = messages.decoded(text)
        request_id = ""
        try:
            request_id = messages.parse_request(text, self.managed).request_id
        except messages.Refusal as refusal:
            request_id = refusal.request_id
        self._keep("Poisoned", "working off the request failed five times", text, request_id)

    def turn(self, text: bytes) -> None:
        """A turn that failed five times: say so on the cluster's record."""
        text = messages.decoded(text)
        try:
            cluster = messages.cluster_to_wake(text.decode(errors="replace"), self.managed)
        except messages.Refusal as refusal:
            self._keep(refusal.reason, str(refusal), text)
            return
        try:
            loaded = self.store.load(cluster)
        except Damaged:
            remedy = "the cluster's record cannot be read; delete its row of table clusters"
            self._keep("RecordDamaged", remedy, text)
            return
        record, etag = loaded or (Record(cluster_id=str(cluster)), None)
        found: dict[str, conditions.Finding] = {
            "Stalled": ("True", "Poisoned", "a turn failed five times; see the log")
        }
        marked = replace(
            record,
            conditions=conditions.merge(record.conditions, found, self.clock()),
            settled=False,
            pending=(),
        )
        try:
            self.store.save(marked, etag)
        except Changed:
            _log.info("cluster=%s poisoned, and another turn has been taken since", cluster)
            return
        _log.error("cluster=%s stalled=Poisoned", cluster)

    def _keep(self, reason: str, message: str, text: bytes, request_id: str = "") -> None:
        self.store.reject(Rejection(reason, "", message, self.clock(), request_id, text=text))
        _log.error("request=%s rejected=%s", request_id or "-", reason)
