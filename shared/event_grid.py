"""Azure's own events, as Event Grid writes them to a queue or a container (pure).

Of each, its type and its subject are read, and nothing else: the rest has the claims of whoever
caused it.
"""

import msgspec

Events = frozenset[tuple[str, str]]
"""Of each event its type and its subject."""


class Unreadable(ValueError):
    """A text that holds no events."""


class _Event(msgspec.Struct, frozen=True):
    """An event: `eventType` in Event Grid's schema, `type` in a CloudEvent."""

    subject: str
    event_type: str = msgspec.field(name="eventType", default="")
    type: str = ""


def events_in(text: bytes) -> Events:
    """The events in a text. Raises `Unreadable`.

    One event, as a queue gets it, or an array, as dead letters may be (the examples of event-grid/
    delivery-and-retry), of Event Grid's schema or as CloudEvents.
    """
    try:
        found = msgspec.json.decode(text, type=list[_Event] | _Event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable from None
    events = found if isinstance(found, list) else [found]
    return frozenset((event.event_type or event.type, event.subject) for event in events)


def without_claims(event_type: str, subject: str) -> bytes:
    """The event, in Event Grid's schema, with no more than what is read of it."""
    return msgspec.json.encode({"eventType": event_type, "subject": subject})
