"""Event subscriptions: which events go where, in which form.

The words are those of Microsoft.EventGrid/eventSubscriptions; destinations name a URL or a
connection string instead of an Azure resource.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from .resource_events import Event

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class _Destination(
    msgspec.Struct,
    frozen=True,
    rename="camel",
    forbid_unknown_fields=True,
    tag_field="endpointType",
    tag=True,  # the name of the class
):
    """Where events go."""


class WebHook(_Destination, frozen=True):
    """Events are POSTed to a URL on this machine (`http` too, unlike Azure)."""

    endpoint_url: str

    def __post_init__(self) -> None:
        """ValueError for any other URL, and for a port that is none."""
        parts = urlsplit(self.endpoint_url)
        is_here = parts.hostname in _LOOPBACK and parts.port != 0
        if parts.scheme not in ("http", "https") or not is_here:
            raise ValueError("endpointUrl must be an http or https URL on the loopback interface")


class StorageQueue(_Destination, frozen=True):
    """Events become messages of a storage queue that exists; they are kept for seven days, or so
    many seconds, or with -1 for ever."""

    connection_string: str
    queue_name: str
    queue_message_time_to_live_in_seconds: int | None = None


class StorageBlob(_Destination, frozen=True):
    """Events that are given up become blobs of a container that exists."""

    connection_string: str
    blob_container_name: str


class AdvancedFilter(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A test of one value of the event; comparisons ignore case, as in Azure."""

    operator_type: Literal["StringIn", "StringContains", "StringBeginsWith", "StringEndsWith"]
    key: str
    values: tuple[str, ...]

    def passes(self, event: Event) -> bool:
        """Whether the value at `key` ('data.operationName') meets any of `values`."""
        value: Any = event
        for name in self.key.split("."):
            value = _member(value, name)
        if not isinstance(value, str):
            return False
        found = value.lower()
        return any(self._meets(found, wanted.lower()) for wanted in self.values)

    def _meets(self, found: str, wanted: str) -> bool:
        match self.operator_type:
            case "StringIn":
                return found == wanted
            case "StringContains":
                return wanted in found
            case "StringBeginsWith":
                return found.startswith(wanted)
            case "StringEndsWith":
                return found.endswith(wanted)


class Filter(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """All parts must pass; an empty part passes everything."""

    included_event_types: tuple[str, ...] = ()
    subject_begins_with: str = ""
    subject_ends_with: str = ""
    advanced_filters: tuple[AdvancedFilter, ...] = ()

    def passes(self, event: Event) -> bool:
        """Whether the event is wanted."""
        subject = event["subject"].lower()
        kinds = {each.lower() for each in self.included_event_types}
        return (
            (not kinds or event["eventType"].lower() in kinds)
            and subject.startswith(self.subject_begins_with.lower())
            and subject.endswith(self.subject_ends_with.lower())
            and all(each.passes(event) for each in self.advanced_filters)
        )


class RetryPolicy(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """When to give an event up, whichever comes first."""

    max_delivery_attempts: int = 30
    event_time_to_live_in_minutes: int = 1440


class EventSubscription(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One subscription to the emulator's one topic of ARM events."""

    destination: WebHook | StorageQueue
    event_delivery_schema: Literal["EventGridSchema", "CloudEventSchemaV1_0"] = "EventGridSchema"
    filter: Filter = Filter()
    retry_policy: RetryPolicy = RetryPolicy()
    dead_letter_destination: StorageBlob | None = None


def describe(subscription: EventSubscription) -> dict[str, Any]:
    """The JSON form without keys: neither the URL's query nor a connection string."""
    document: dict[str, Any] = msgspec.to_builtins(subscription)
    destination = document["destination"]
    destination.pop("connectionString", None)
    if dead_letters := document["deadLetterDestination"]:
        del dead_letters["connectionString"]
    if url := destination.pop("endpointUrl", None):
        destination["endpointBaseUrl"] = url.partition("?")[0]
    return document


def _member(value: Any, name: str) -> Any:
    """A member by name, ignoring case."""
    if not isinstance(value, dict):
        return None
    return next((v for k, v in value.items() if k.lower() == name.lower()), None)
