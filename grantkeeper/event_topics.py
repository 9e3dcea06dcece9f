"""System topics and their event subscriptions, read with the caller's own credential.

learn.microsoft.com/rest/api/eventgrid/controlplane/system-topics; nothing else is asked for.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TypeVar

import msgspec
from azure.core.credentials import TokenCredential
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential
from msgspec import Struct

from grantkeeper.arm_reader import ReadOnly
from shared import bulk, pipeline
from shared.answers import classified
from shared.resource_id import InvalidId, parse_scope, subscription_id
from shared.settings import Settings

_T = TypeVar("_T")
_VERSION = "2025-02-15"
_TYPE = "/providers/Microsoft.EventGrid/systemTopics"
_TOPIC = re.compile(rf"(?i)(?P<group>.+){re.escape(_TYPE)}/(?P<name>[a-z0-9-]{{3,128}})")


class _Json(Struct, frozen=True, rename="camel"):
    pass


class _TopicProperties(_Json, frozen=True):
    source: str = ""
    topic_type: str = ""


class Topic(_Json, frozen=True):
    """A system topic: `source` is what its events are about."""

    id: str
    properties: _TopicProperties = _TopicProperties()


class AdvancedFilter(_Json, frozen=True):
    """A test of one value of an event."""

    operator_type: str
    key: str
    values: tuple[str, ...] = ()


class Filter(_Json, frozen=True):
    """Which events are let through; no types are all."""

    included_event_types: tuple[str, ...] | None = None
    subject_begins_with: str | None = None
    advanced_filters: tuple[AdvancedFilter, ...] | None = None


class _Endpoint(_Json, frozen=True):
    resource_id: str | None = None
    endpoint_base_url: str | None = None
    queue_name: str | None = None


class _Destination(_Json, frozen=True):
    endpoint_type: str = ""
    properties: _Endpoint = _Endpoint()


class _Blobs(_Json, frozen=True):
    blob_container_name: str = ""


class _DeadLetters(_Json, frozen=True):
    properties: _Blobs = _Blobs()


class _WithIdentity(_Json, frozen=True):
    destination: _Destination | None = None
    dead_letter_destination: _DeadLetters | None = None


class _Properties(_Json, frozen=True):
    provisioning_state: str = ""
    destination: _Destination | None = None
    delivery_with_resource_identity: _WithIdentity | None = None
    dead_letter_destination: _DeadLetters | None = None
    dead_letter_with_resource_identity: _WithIdentity | None = None
    filter: Filter = Filter()


class EventSubscription(_Json, frozen=True):
    """Where a topic's events go."""

    name: str
    properties: _Properties = _Properties()

    @property
    def leads_to(self) -> str:
        """The resource, or the address, of the destination; a queue's is its account."""
        found = self._endpoint
        return found.resource_id or found.endpoint_base_url or ""

    @property
    def queue(self) -> str:
        """The name of the queue that it leads to; empty when it leads elsewhere."""
        return self._endpoint.queue_name or ""

    @property
    def container(self) -> str:
        """The container of its dead letters; empty when there is none."""
        with_identity = self.properties.dead_letter_with_resource_identity
        found = self.properties.dead_letter_destination or (
            with_identity and with_identity.dead_letter_destination
        )
        return found.properties.blob_container_name if found else ""

    @property
    def _endpoint(self) -> _Endpoint:
        with_identity = self.properties.delivery_with_resource_identity
        found = self.properties.destination or (with_identity and with_identity.destination)
        return found.properties if found else _Endpoint()


class _Topics(_Json, frozen=True):
    value: tuple[Topic, ...] = ()


class _Subscriptions(_Json, frozen=True):
    value: tuple[EventSubscription, ...] = ()


class EventTopics:
    """Reads; as far as the first page of a list has it, which is a hundred."""

    def __init__(self, credential: TokenCredential, settings: Settings) -> None:
        self._endpoint = settings.arm_endpoint
        self._client = bulk.client(credential, pipeline.options(settings, [ReadOnly()]))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def topics(self, subscription: str) -> tuple[Topic, ...]:
        """The system topics in a subscription. Raises `Failure`."""
        return self._get(f"/subscriptions/{subscription_id(subscription)}{_TYPE}", _Topics).value

    def subscriptions(self, topic: Topic) -> tuple[EventSubscription, ...]:
        """The event subscriptions of a topic. Raises `Failure`."""
        return self._get(f"{_rebuilt(topic.id)}/eventSubscriptions", _Subscriptions).value

    def _get(self, path: str, answer_type: type[_T]) -> _T:
        request = HttpRequest("GET", f"{self._endpoint}{path}?api-version={_VERSION}")
        with classified():
            answer = self._client.send_request(request)
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=answer_type)


@contextmanager
def open_topics(settings: Settings) -> Iterator[EventTopics]:
    """The topics, for reading, where `settings` say that ARM is."""
    with ExitStack() as opened:
        credential = opened.enter_context(closing(DefaultAzureCredential()))
        yield opened.enter_context(closing(EventTopics(credential, settings)))


def _rebuilt(topic_id: str) -> str:
    """The id from its checked parts. Raises `InvalidId`."""
    parts = _TOPIC.fullmatch(topic_id)
    if not parts:
        raise InvalidId("the id is not a system topic's")
    return f"{parse_scope(parts['group'])}{_TYPE}/{parts['name']}"
