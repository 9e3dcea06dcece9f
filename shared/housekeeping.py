"""What the timer does besides looking at the clusters: events that were given up are heard yet.

Each pass does a bounded piece of work, two at once are harmless, and what storage refuses is left
for the next pass.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from azure.core.exceptions import AzureError

from shared.dead_letters import CONTAINER, DeadLetters, Letter, Unreadable
from shared.rejections import Rejection
from shared.store import Store

_log = logging.getLogger(__name__)
_LETTERS_A_PASS = 500


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """`changed` is told the type and the subject of an event, as the Event Grid door tells them;
    `dead_letters` is None where there is no place for them. `clock` gives aware UTC times."""

    store: Store
    dead_letters: DeadLetters | None
    changed: Callable[[object, object], None]
    clock: Callable[[], datetime]

    def run(self) -> None:
        """One pass. Never raises for what Azure Storage refuses."""
        if self.dead_letters:
            try:
                self._hear(self.dead_letters)
            except AzureError as error:
                _log.warning("dead_letters=unread reason=%s", _reason(error))

    def close(self) -> None:
        """Close the connection to the dead letters."""
        if self.dead_letters:
            self.dead_letters.close()

    def _hear(self, dead_letters: DeadLetters) -> None:
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
        if told:
            _log.info("dead_letters=%d events=%d", len(told), len(events))

    def _note(self, name: str) -> None:
        """Say where people look that this blob cannot be read. It is left where it is: what it
        holds may not be for tables."""
        message = f"this blob of {CONTAINER} holds no events; look at it, then delete it"
        self.store.reject(
            Rejection("DeadLetterUnreadable", "", message, self.clock(), text=name.encode())
        )
        _log.error("dead_letter=%s unreadable", ascii(name))


def _reason(error: AzureError) -> str:
    """Storage's own code where it gave one; its text may quote what was sent."""
    return str(getattr(error, "error_code", None) or type(error).__name__)
