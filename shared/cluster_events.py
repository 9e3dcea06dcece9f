"""What a cluster's cloud controller says in its events, and what that proves of a grant (pure).

Texts: kubernetes-sigs/cloud-provider-azure#1999, MicrosoftDocs/azure-docs#62754. A refusal names
who was refused what, and where; a success names nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from shared.denials import Missing, all_missing
from shared.model import Grant


class Involved(Struct, frozen=True):
    """The object that an event is about."""

    kind: str = ""
    namespace: str = ""
    name: str = ""


class _Object(Struct, frozen=True, rename="camel"):
    creation_timestamp: str | None = None


class Event(Struct, frozen=True, rename="camel"):
    """A Kubernetes event (core/v1), as far as it is read."""

    reason: str = ""
    message: str = ""
    involved_object: Involved = Involved()
    last_timestamp: str | None = None
    event_time: str | None = None
    metadata: _Object = _Object()

    @property
    def at(self) -> str:
        """When it last happened, to the second, in UTC."""
        moment = self.last_timestamp or self.event_time or self.metadata.creation_timestamp
        return (moment or "")[:19]

    @property
    def is_success(self) -> bool:
        """The load balancer of a Service is as the Service wants it."""
        return self.reason == "EnsuredLoadBalancer"

    def denials(self, grant: Grant) -> Iterator[Missing]:
        """What the grant's principal may not do at the grant's scope or below, by this event."""
        scope = grant.scope.lower()
        for missing in all_missing(self.message):
            is_there = f"{missing.scope.lower()}/".startswith(f"{scope}/")
            if is_there and missing.principal == grant.principal_id.lower():
                yield missing


class _EventList(Struct, frozen=True):
    items: tuple[Event, ...] = ()


def read(output: str) -> tuple[Event, ...]:
    """The events that a command printed; none, when it printed something else."""
    try:
        return msgspec.json.decode(output.encode(), type=_EventList).items
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return ()


def denial(events: Iterable[Event], grant: Grant, since: datetime | None) -> Missing | None:
    """The latest refusal of the grant's principal at its scope since then, unless it was overcome.
    In the same second, the refusal counts."""
    events = tuple(events)
    start = max(_text(since), _overcome_at(events, grant))
    for event in sorted(events, key=lambda event: event.at, reverse=True):
        if event.at >= start:
            for missing in event.denials(grant):
                return missing
    return None


def is_overcome(events: Iterable[Event], grant: Grant, since: datetime | None) -> bool:
    """Whether, since then, an object succeeded that had been refused at the grant's scope: it did
    what it could not do before. Nothing else is known of what a success needed."""
    moment = _overcome_at(events, grant)
    return moment != "" and moment >= _text(since)


def _overcome_at(events: Iterable[Event], grant: Grant) -> str:
    """When an object last succeeded after it had been refused at the grant's scope; empty when
    none did."""
    events = tuple(events)
    refused = [event for event in events if any(event.denials(grant))]
    return max(
        (
            success.at
            for success in events
            if success.is_success
            and any(
                event.involved_object == success.involved_object and event.at < success.at
                for event in refused
            )
        ),
        default="",
    )


def _text(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S") if moment else ""
