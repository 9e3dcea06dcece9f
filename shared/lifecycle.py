"""Only importer of azure.eventgrid: tells a custom topic what happened to a cluster.

At least once: what a topic does not take is kept on the cluster's record and sent again by a later
turn. A topic that is down, slow or refuses delays nothing: after a failure it is left alone for a
minute.
"""

import logging
from datetime import datetime, timedelta
from json import JSONDecodeError
from typing import Any

import msgspec
from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.eventgrid import EventGridPublisherClient

from shared import events
from shared.model import Event, Record
from shared.rejections import Rejection
from shared.settings import Settings

_log = logging.getLogger(__name__)
_QUIET = timedelta(minutes=1)
_ROOM = 60_000  # characters of events kept on a record, whose row holds 1 MiB in all
_TOO_LARGE = 413  # and stays so (learn.microsoft.com/azure/event-grid/post-to-custom-topic)


def connect(settings: Settings, credential: TokenCredential) -> "Lifecycle":
    """The publisher; without a topic endpoint it tells nobody."""
    if not settings.topic_endpoint:
        return Lifecycle(None)
    key = AzureKeyCredential(settings.topic_key) if settings.topic_key else credential
    return Lifecycle(EventGridPublisherClient(settings.topic_endpoint, key))


class Lifecycle:
    """Publishes the difference a turn made. The topic has `timeout` seconds to be reached, and as
    many to answer."""

    def __init__(self, client: EventGridPublisherClient | None, timeout: float = 3) -> None:
        self._client = client
        # For the call: the client's constructor drops them (azure-eventgrid 4.22.1, _patch.py).
        self._call: dict[str, Any] = {
            "retry_total": 0,
            "connection_timeout": timeout,
            "read_timeout": timeout,
        }
        self._quiet_until: datetime | None = None

    def close(self) -> None:
        """Close the connection."""
        if self._client:
            self._client.close()

    def publish(self, before: Record, after: Record, now: datetime) -> tuple[Event, ...]:
        """Tell what is new in `after`, and what of it was not told before. Returns what is still
        to be told."""
        new = tuple(events.happened(before, after, now))
        for event in new:
            if event["type"] == events.LATE:
                reason = event["data"]["reason"]
                _log.warning("alert=AccessLate cluster=%s reason=%s", after.cluster_id, reason)
        return self._tell((*after.untold, *new), after.cluster_id, now)

    def rejected(self, rejection: Rejection) -> None:
        """Tell that a request was refused. It has no record to be kept on: a topic that is down
        does not learn of it, the table of rejections does."""
        self._tell((events.rejected(rejection),), rejection.cluster_id or "-", rejection.at)

    def _tell(self, told: tuple[Event, ...], cluster: str, now: datetime) -> tuple[Event, ...]:
        if self._client is None or not told:
            return ()
        if self._quiet_until and now < self._quiet_until:
            return _kept(told)
        try:
            self._client.send(list(told), **self._call)
        except (AzureError, JSONDecodeError) as error:
            # The second is azure-identity's when the token endpoint answers with a page of HTML.
            too_large = isinstance(error, HttpResponseError) and error.status_code == _TOO_LARGE
            kept = () if too_large else _kept(told)
            _log.warning(
                "cluster=%s lifecycle_events=%d kept=%d reason=%s",
                cluster, len(told), len(kept), type(error).__name__,
            )  # fmt: skip
            self._quiet_until = now + _QUIET
            return kept
        return ()


def _kept(told: tuple[Event, ...]) -> tuple[Event, ...]:
    """As many of the latest as there is room for."""
    kept: list[Event] = []
    room = _ROOM
    for event in reversed(told):
        room -= len(msgspec.json.encode(event))
        if room < 0:
            break
        kept.append(event)
    return tuple(reversed(kept))
