"""Which events tell the difference between two versions of a record."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.conditions import merge
from shared.lifecycle import happened
from shared.model import Record
from tests.unit.nouns import CLUSTER, NOW, PRINCIPAL, SUBNET, at, progress, record


def told(before: Record, after: Record) -> list[str]:
    return [event["type"].removeprefix("Grantkeeper.") for event in happened(before, after)]


def having(kind: str, status: Any, reason: str = "X", moment: Any = NOW) -> Record:
    return record(conditions=merge((), {kind: (status, reason, "text")}, moment))


WRITTEN = progress(written_at=NOW, assignment_id="/a")


@pytest.mark.parametrize(
    ("before", "after", "events"),
    [
        (record(), record(), []),
        (record(), record(put_at=NOW), ["ClusterCreating"]),
        (record(put_at=NOW), record(put_at=NOW), []),
        (record(), record(grants=(WRITTEN,)), ["GrantWritten"]),
        (record(grants=(progress(),)), record(grants=(WRITTEN,)), ["GrantWritten"]),
        (record(grants=(WRITTEN,)), record(grants=(WRITTEN,)), []),
        (record(), record(grants=(progress(),)), []),
        (record(), having("Ready", "True"), ["AccessReady"]),
        (record(), having("Ready", "False"), []),
        (having("Ready", "True"), having("Ready", "True"), []),
        (having("Ready", "False"), having("Ready", "True"), ["AccessReady"]),
        (record(), having("PermissionsEffective", "False"), ["AccessLate"]),
        (record(), having("ClusterProvisioned", "False"), ["ClusterFailed"]),
        (record(), having("ClusterProvisioned", "False", "Deleted"), ["ClusterDeleted"]),
        (record(), having("ClusterProvisioned", "Unknown"), []),
    ],
)
def test_what_is_told(before: Record, after: Record, events: list[str]) -> None:
    assert told(before, after) == events


def test_an_event_sent_again_has_the_same_id() -> None:
    after = replace(having("Ready", "True"), put_at=NOW, grants=(WRITTEN,))
    first, second = list(happened(record(), after)), list(happened(record(), after))
    assert [event["id"] for event in first] == [event["id"] for event in second]
    assert len({event["id"] for event in first}) == 3


def test_another_occurrence_has_another_id() -> None:
    (first,) = happened(record(), having("Ready", "True"))
    (later,) = happened(record(), having("Ready", "True", moment=at(60)))
    (reborn,) = happened(record(), replace(having("Ready", "True"), resource_uid="other"))
    assert len({event["id"] for event in (first, later, reborn)}) == 3


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
