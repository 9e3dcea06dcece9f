"""Which events tell the difference between two versions of a record."""

import json
from contextlib import closing
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from msgspec.structs import replace

from shared import settings
from shared.conditions import merge
from shared.lifecycle import connect, happened
from shared.model import Record
from tests.unit.nouns import CLUSTER, NOW, PRINCIPAL, SUB, SUBNET, at, progress, record, request


def told(before: Record, after: Record) -> list[str]:
    return [event["type"].removeprefix("Grantkeeper.") for event in happened(before, after)]


def having(kind: str, status: Any, reason: str = "X", moment: Any = NOW) -> Record:
    return record(conditions=merge((), {kind: (status, reason, "text")}, moment))


WRITTEN = progress(written_at=NOW, assignment_id="/a")


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (record(), record(), []),
        (record(), record(put_at=NOW, request=request()), ["ClusterCreating"]),
        (record(put_at=NOW), record(put_at=NOW), []),
        (record(), record(grants=(WRITTEN,)), ["GrantWritten"]),
        (record(grants=(progress(),)), record(grants=(WRITTEN,)), ["GrantWritten"]),
        (record(grants=(WRITTEN,)), record(grants=(WRITTEN,)), []),
        (record(), record(grants=(progress(),)), []),
        (record(grants=(WRITTEN,)), record(grants=(replace(WRITTEN, written_at=at(60)),)),
         ["GrantWritten"]),
        (record(), having("Ready", "True"), ["AccessReady"]),
        (record(), having("Ready", "False"), []),
        (having("Ready", "True"), having("Ready", "True"), []),
        (having("Ready", "False"), having("Ready", "True"), ["AccessReady"]),
        (record(), having("PermissionsEffective", "False"), ["AccessLate"]),
        (record(), having("ClusterProvisioned", "False"), ["ClusterFailed"]),
        (record(), having("ClusterProvisioned", "False", "Deleted"), ["ClusterDeleted"]),
        (record(), having("ClusterProvisioned", "Unknown"), []),
        (having("ClusterProvisioned", "False"), having("ClusterProvisioned", "False"), []),
        (having("ClusterProvisioned", "False"), having("ClusterProvisioned", "False", "Deleted"),
         ["ClusterDeleted"]),
    ],
)  # fmt: skip
def test_what_is_told(before: Record, after: Record, events: list[str]) -> None:
    assert told(before, after) == events


def ids(before: Record, after: Record) -> list[str]:
    return [event["id"] for event in happened(before, after)]


def test_an_event_sent_again_has_the_same_id() -> None:
    """As when two turns began with the same record, or one died before it saved."""
    after = replace(having("Ready", "True"), put_at=NOW, request=request(), grants=(WRITTEN,))
    later = replace(
        having("Ready", "True", moment=at(60)),
        put_at=at(60),
        request=request(),
        grants=(replace(WRITTEN, written_at=at(60)),),
    )
    assert ids(record(), after) == ids(record(), later)
    assert len(set(ids(record(), after))) == 3


def test_a_create_found_after_a_crash_is_the_same_create() -> None:
    sent = record(put_at=NOW, request=request())
    assert ids(record(), sent) == ids(record(), replace(sent, resource_uid="uid"))


def test_another_occurrence_has_another_id() -> None:
    ready, unready = having("Ready", "True"), having("Ready", "False")
    occurrences = (
        ids(record(), ready),
        ids(unready, ready),
        ids(having("Ready", "False", moment=at(60)), ready),
        ids(record(), replace(ready, resource_uid="other")),
        ids(record(), record(put_at=NOW, request=request())),
        ids(record(), record(put_at=NOW, request=request(request_id="r-2"))),
        ids(record(), record(grants=(WRITTEN,))),
        ids(record(grants=(WRITTEN,)), record(grants=(replace(WRITTEN, written_at=at(60)),))),
    )
    assert len({one for (one,) in occurrences}) == len(occurrences)


def test_events_name_the_cluster_and_the_grant() -> None:
    (event,) = happened(record(), record(grants=(WRITTEN,), resource_uid="uid"))
    assert event["subject"] == str(CLUSTER)
    assert event["source"] == "/grantkeeper"
    assert event["data"] == {
        "clusterId": str(CLUSTER),
        "resourceUid": "uid",
        "identity": "controlPlane",
        "principalId": PRINCIPAL,
        "role": "Network Contributor",
        "scope": SUBNET,
        "because": "node subnet",
        "assignmentId": "/a",
    }


class PageInPlaceOfAToken:
    """What azure-identity does when the token endpoint answers with a page of HTML."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        raise json.JSONDecodeError("Expecting value", "<html>", 0)


def test_a_turn_goes_on_when_the_topic_gives_no_token() -> None:
    environment = {
        "MANAGED_SUBSCRIPTIONS": SUB,
        "Work": "UseDevelopmentStorage=true",
        "EVENTGRID_TOPIC_ENDPOINT": "https://topic.westus2-1.eventgrid.azure.net/api/events",
    }
    with closing(connect(settings.read(environment), PageInPlaceOfAToken())) as lifecycle:
        lifecycle.publish(record(), having("Ready", "True"))
