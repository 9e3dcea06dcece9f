"""Only importer of azure.eventgrid: tells a custom topic what happened to a cluster.

CloudEvents 1.0, at least once; an event's id is the same however often it is sent, so receivers
can tell. A topic that is down delays nothing: the loss is logged and the work goes on.
"""

import logging
import uuid
from collections.abc import Iterator
from typing import Any

from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.exceptions import AzureError
from azure.eventgrid import EventGridPublisherClient

from shared.model import Progress, Record
from shared.policy import role_name
from shared.settings import Settings

Event = dict[str, Any]  # a CloudEvent in its JSON form

_log = logging.getLogger(__name__)
_IDS = uuid.UUID("0f0c6a3e-9d3b-4c53-8c0e-2f7f3f0a8b55")
_PREFIX = "Grantkeeper."
# For the call: the client's constructor drops them (azure-eventgrid 4.22.1, _patch.py).
_CALL: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
_TOLD = (  # condition, the event told when it takes this status
    ("Ready", "AccessReady", "True"),
    ("PermissionsEffective", "AccessLate", "False"),
    ("ClusterProvisioned", "ClusterFailed", "False"),
)


def connect(settings: Settings, credential: TokenCredential) -> "Lifecycle":
    """The publisher; without a topic endpoint it tells nobody."""
    if not settings.topic_endpoint:
        return Lifecycle(None)
    key = AzureKeyCredential(settings.topic_key) if settings.topic_key else credential
    return Lifecycle(EventGridPublisherClient(settings.topic_endpoint, key))


class Lifecycle:
    """Publishes the difference a turn made."""

    def __init__(self, client: EventGridPublisherClient | None) -> None:
        self._client = client

    def close(self) -> None:
        """Close the connection."""
        if self._client:
            self._client.close()

    def publish(self, before: Record, after: Record) -> None:
        """Tell what is new in `after`."""
        if self._client is None:
            return
        events = list(happened(before, after))
        if not events:
            return
        try:
            self._client.send(events, **_CALL)
        except AzureError as error:
            _log.warning(
                "cluster=%s lifecycle_events=%d lost=%s",
                after.cluster_id, len(events), type(error).__name__,
            )  # fmt: skip


def happened(before: Record, after: Record) -> Iterator[Event]:
    """The events between two versions of a record (pure)."""
    if after.put_at and not before.put_at:
        yield _event(after, "ClusterCreating", "", {})
    known = {p.grant.key: p for p in before.grants}
    for progress in after.grants:
        earlier = known.get(progress.grant.key)
        if progress.written_at and not (earlier and earlier.written_at):
            yield _event(after, "GrantWritten", str(progress.grant.key), _grant(progress))
    for kind, name, status in _TOLD:
        old, new = before.condition(kind), after.condition(kind)
        if new and new.status == status and not (old and old.status == status):
            event = "ClusterDeleted" if new.reason == "Deleted" else name
            data = {"reason": new.reason, "message": new.message}
            yield _event(after, event, new.since.isoformat(), data)


def _event(record: Record, kind: str, occurrence: str, data: dict[str, Any]) -> Event:
    seed = f"{record.cluster_id.lower()}|{record.resource_uid}|{kind}|{occurrence}"
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid5(_IDS, seed)),
        "source": "/grantkeeper",
        "type": f"{_PREFIX}{kind}",
        "subject": record.cluster_id,
        "datacontenttype": "application/json",
        "data": {"clusterId": record.cluster_id, "resourceUid": record.resource_uid, **data},
    }


def _grant(progress: Progress) -> dict[str, str]:
    grant = progress.grant
    return {
        "identity": grant.identity,
        "principalId": grant.principal_id,
        "role": role_name(grant.role),
        "scope": grant.scope,
        "because": grant.because,
        "assignmentId": progress.assignment_id,
    }
