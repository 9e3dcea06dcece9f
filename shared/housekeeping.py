"""What the timer does besides looking at the clusters: events that were given up are heard after
all, and what was kept long enough goes.

Each pass does a bounded piece of work, two at once are harmless, and what storage refuses is left
for the next pass.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from azure.core.exceptions import AzureError

from shared.dead_letters import CONTAINER, DeadLetters, Letter
from shared.event_grid import Unreadable
from shared.ledger import Ledger
from shared.model import Record
from shared.old_rows import OldRows
from shared.rejections import Rejection
from shared.resource_id import parse_cluster_id
from shared.settings import Keep
from shared.store import Store

_log = logging.getLogger(__name__)
_LETTERS_A_PASS = 500


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """`changed` is told the type and the subject of an event, as the Event Grid door tells them;
    `dead_letters` is None where there is no place for them. `clock` gives aware UTC times."""

    store: Store
    ledger: Ledger
    old_rows: OldRows
    dead_letters: DeadLetters | None
    changed: Callable[[object, object], None]
    keep: Keep
    clock: Callable[[], datetime]

    def run(self) -> None:
        """One pass. Never raises for what Azure Storage refuses."""
        if self.dead_letters:
            self._try("dead_letters", partial(self._hear, self.dead_letters))
        now = self.clock()
        prune = {
            "audit": (self.old_rows.prune_audit, self.keep.audit),
            "rejections": (self.old_rows.prune_rejections, self.keep.rejections),
            "deleted": (self._forget, self.keep.deleted),
        }
        for name, (prune_before, age) in prune.items():
            if age is not None:
                self._try(name, partial(prune_before, now - age))

    def close(self) -> None:
        """Close the connections of its own."""
        self.old_rows.close()
        if self.dead_letters:
            self.dead_letters.close()

    def _try(self, name: str, work: Callable[[], int]) -> None:
        """Do a piece of work, and say how much there was."""
        try:
            done = work()
        except AzureError as error:
            _log.warning("housekeeping %s=failed reason=%s", name, _reason(error))
            return
        if done:
            _log.info("housekeeping %s=%d", name, done)

    def _forget(self, before: datetime) -> int:
        """Forget clusters that are gone since before that time, with all that is known of them."""
        forgotten = 0
        for record, row in self.old_rows.deleted_clusters():
            if not is_history(record, before):
                continue
            cluster = parse_cluster_id(record.cluster_id)
            for assignment_id in record.assignment_ids:
                self.ledger.leave(assignment_id, cluster)
            forgotten += self.old_rows.forget(record, row)
        return forgotten

    def _hear(self, dead_letters: DeadLetters) -> int:
        """Tell what the dead letters say, each thing once, and delete them after that."""
        told: list[Letter] = []
        events = set[tuple[str, str]]()
        for letter in islice(dead_letters.all(), _LETTERS_A_PASS):
            try:
                events |= dead_letters.read(letter)
            except Unreadable:
                self._note(letter.name)
                dead_letters.set_aside(letter)
            else:
                told.append(letter)
        for kind, subject in sorted(events):
            self.changed(kind, subject)
        for letter in told:
            dead_letters.delete(letter)
        return len(told)

    def _note(self, name: str) -> None:
        """Say where people look that this blob cannot be read. It is left where it is: what it
        holds may not be for tables."""
        message = f"this blob of {CONTAINER} holds no events; look at it, then delete it"
        self.store.reject(
            Rejection("DeadLetterUnreadable", "", message, self.clock(), text=name.encode())
        )
        _log.error("dead_letter=%s unreadable", ascii(name))


def is_history(record: Record, before: datetime) -> bool:
    """Whether the cluster is gone since before that time, and nothing of it is left to do: no turn
    is pending, every event is told, and of what we granted nothing stands any more, be it that
    policy only reports what should be revoked."""
    gone = record.condition("ClusterProvisioned")
    return (
        record.deleted
        and gone is not None
        and gone.since < before
        and record.settled
        and not record.untold
        and not any(p.made_by_us and p.written_at for p in (*record.former, *record.grants))
    )


def _reason(error: AzureError) -> str:
    """Storage's own code where it gave one; its text may quote what was sent."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or type(error).__name__)
