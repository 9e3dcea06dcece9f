"""What the event queue's door does: a message → what the Event Grid door is told, or a rejection.

Event Grid writes one event a message, as the base64 of its JSON; formerly it wrote the JSON itself
(MicrosoftDocs/azure-docs#102923, #69702). Nothing of a message is logged or kept: events have the
claims of whoever caused them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared import messages
from shared.event_grid import Unreadable, events_in
from shared.queues import EVENTS
from shared.rejections import EVENT_UNREADABLE, Rejection
from shared.store import Store

_log = logging.getLogger(__name__)
_NO_EVENT = "the message holds no event; see who may write to the queue"


@dataclass(frozen=True, slots=True)
class EventQueue:
    """`changed` is told the type and the subject of an event, as the Event Grid door tells them.
    `clock` gives aware UTC times."""

    store: Store
    changed: Callable[[object, object], None]
    clock: Callable[[], datetime]

    def hear(self, text: bytes) -> None:
        """Work off one message. Raises only when storage fails; then the message comes again."""
        try:
            events = events_in(messages.decoded(text))
        except Unreadable:
            refuse(self.store, text, self.clock())
            return
        for kind, subject in sorted(events):
            self.changed(kind, subject)


def refuse(store: Store, text: bytes, now: datetime) -> None:
    """Say where people look that this message holds no event. Of its text only the length is kept:
    what looks like no event may still have the claims of one."""
    length = b"%d bytes, not kept" % len(text)
    store.reject(Rejection(EVENT_UNREADABLE, "", _NO_EVENT, now, text=length, queue=EVENTS))
    _log.warning("rejected=%s queue=%s bytes=%d", EVENT_UNREADABLE, EVENTS, len(text))
