"""Only importer of azure.eventgrid: tells a custom topic what happened to a cluster.

CloudEvents 1.0, at least once; an event's id is the same however often it is sent, also by two
turns at once, so receivers can tell: it names what the event happened to, in its former state. A
topic that is down delays nothing: the loss is logged and the work goes on.
"""

import logging
import uuid
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any

from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.exceptions import AzureError
from azure.eventgrid import EventGridPublisherClient

from shared.model import Condition, Progress, Record
from shared.roles import role_name
from shared.settings import Settings

Event = dict[str, Any]  # a CloudEvent in its JSON form

_log = logging.getLogger(__name__)
_IDS = uuid.UUID("0f0c6a3e-9d3b-4c53-8c0e-2f7f3f0a8b55")
_PREFIX = "Grantkeeper."
# For the call: the client's constructor drops them (azure-eventgrid 4.22.1, _patch.py).
_CALL: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
_TOLD = {
    ("Ready", "True"): "AccessReady",
    ("PermissionsEffective", "False"): "AccessLate",
    ("ClusterProvisioned", "False"): "ClusterFailed",
}


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
        except (AzureError, JSONDecodeError) as error:
            # The second is azure-identity's when the token endpoint answers with a page of HTML.
            _log.warning(
                "cluster=%s lifecycle_events=%d lost=%s",
                after.cluster_id, len(events), type(error).__name__,
            )  # fmt: skip


def happened(before: Record, after: Record) -> Iterator[Event]:
    """The events between two versions of a record (pure)."""
    if after.put_at and not before.put_at and after.request:
        yield _event(after, "ClusterCreating", after.request.request_id, {})
    known = {p.grant.key: p.written_at for p in before.grants}
    for progress in after.grants:
        earlier = known.get(progress.grant.key)
        if progress.written_at and progress.written_at != earlier:
            occurrence = f"{after.resource_uid}|{progress.grant.key}|{earlier}"
            yield _event(after, "GrantWritten", occurrence, _grant(progress))
    for new in after.conditions:
        old = before.condition(new.type)
        name = _told_by(new)
        if name and name != _told_by(old):
            occurrence = f"{after.resource_uid}|{old.since if old else None}"
            yield _event(after, name, occurrence, {"reason": new.reason, "message": new.message})


def _told_by(condition: Condition | None) -> str:
    """The event that tells of a condition's being as it is; empty when none does."""
    if condition is None:
        return ""
    name = _TOLD.get((condition.type, condition.status), "")
    return "ClusterDeleted" if name == "ClusterFailed" and condition.reason == "Deleted" else name


def _event(record: Record, kind: str, occurrence: str, data: dict[str, Any]) -> Event:
    seed = f"{record.cluster_id.lower()}|{kind}|{occurrence}"
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
