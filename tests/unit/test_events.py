"""Which events tell the difference between two versions of a record, or of a refused request."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shared.conditions import merge
from shared.events import happened, rejected
from shared.model import Condition, Progress, Record
from shared.rejections import Rejection
from tests.unit.nouns import CLUSTER, NOW, PRINCIPAL, SUBNET, at, grant, progress, record, request


def told(before: Record, after: Record) -> list[str]:
    return [event["type"].removeprefix("Grantkeeper.") for event in happened(before, after, NOW)]


def having(kind: str, status: Any, reason: str = "X", moment: Any = NOW) -> Record:
    return record(conditions=merge((), {kind: (status, reason, "text")}, moment))


def failing(reason: str) -> Progress:
    return progress(failing_since=NOW, reason=reason)


WRITTEN = progress(written_at=NOW, assignment_id="/a")
REFUSED = progress(grant=grant(refused="ScopeNotAllowed"), message="az role assignment create")
ASKED = record(request=request(), turn_at=NOW)


CHANGES = [
    (record(), record(), []),
    (record(request=request()), record(request=request()), ["ClusterRequested"]),
    (ASKED, ASKED, []),
    (record(request=request()), record(request=request(), put_at=NOW),
     ["ClusterRequested", "ClusterCreating"]),
    (record(request=request()), record(), ["ClusterRequested", "RequestRejected"]),
    (ASKED, record(), ["RequestRejected"]),
    (ASKED, replace(ASKED, put_at=NOW), ["ClusterCreating"]),
    (record(), record(put_at=NOW), []),
    (record(), record(grants=(WRITTEN,)), ["GrantWritten"]),
    (record(grants=(progress(),)), record(grants=(WRITTEN,)), ["GrantWritten"]),
    (record(grants=(WRITTEN,)), record(grants=(WRITTEN,)), []),
    (record(), record(grants=(progress(),)), []),
    (record(grants=(WRITTEN,)), record(grants=(replace(WRITTEN, written_at=at(60)),)),
     ["GrantWritten"]),
    (record(), record(grants=(REFUSED,)), ["GrantRefused"]),
    (record(grants=(REFUSED,)), record(grants=(REFUSED,)), []),
    (record(), record(grants=(replace(REFUSED, grant=grant(principal_id="", refused="X")),)),
     []),
    (record(grants=(REFUSED,)), record(grants=(replace(REFUSED, written_at=NOW),)),
     ["GrantWritten"]),
    (record(grants=(replace(REFUSED, written_at=NOW),)), record(grants=(REFUSED,)),
     ["GrantRefused"]),
    (record(), record(grants=(failing("ScopeLocked"),)), ["GrantRefused"]),
    (record(), record(grants=(failing("RoleNotSafe"),)), ["GrantRefused"]),
    (record(), record(grants=(failing("AuthorizationFailed"),)), []),
    (record(grants=(failing("AuthorizationFailed"),)),
     record(grants=(failing("NeedsAdministrator"),)), ["GrantRefused"]),
    (record(grants=(failing("ScopeLocked"),)), record(grants=(failing("ScopeLocked"),)), []),
    (record(grants=(failing("ScopeLocked"),)), record(grants=(WRITTEN,)), ["GrantWritten"]),
    (record(), having("Ready", "True"), ["AccessReady"]),
    (record(), having("Ready", "False"), []),
    (having("Ready", "True"), having("Ready", "True"), []),
    (having("Ready", "False"), having("Ready", "True"), ["AccessReady"]),
    (having("Ready", "True"), having("Ready", "False"), ["AccessLost"]),
    (having("Ready", "True"), having("Ready", "Unknown"), ["AccessLost"]),
    (having("Ready", "Unknown"), having("Ready", "False"), []),
    (record(), having("PermissionsEffective", "False"), ["AccessLate"]),
    (having("PermissionsEffective", "False", "X"), having("PermissionsEffective", "False", "Y"),
     []),
    (having("PermissionsEffective", "True"), having("PermissionsEffective", "Unknown"), []),
    (record(), having("ClusterProvisioned", "False"), ["ClusterFailed"]),
    (record(), having("ClusterProvisioned", "False", "Deleted"), ["ClusterDeleted"]),
    (record(), having("ClusterProvisioned", "Unknown"), []),
    (having("ClusterProvisioned", "False"), having("ClusterProvisioned", "False"), []),
    (having("ClusterProvisioned", "False"), having("ClusterProvisioned", "False", "Deleted"),
     ["ClusterDeleted"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "events"), CHANGES)
def test_what_is_told(before: Record, after: Record, events: list[str]) -> None:
    assert told(before, after) == events


def test_the_documentation_has_a_row_for_each_event() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    table = page.partition("| type `Grantkeeper.…` |")[2].partition("\n\n")[0]
    rows = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted({kind for _, _, kinds in CHANGES for kind in kinds})


def ids(before: Record, after: Record) -> list[str]:
    return [event["id"] for event in happened(before, after, NOW)]


def test_an_event_sent_again_has_the_same_id() -> None:
    """As when two turns began with the same record, or one died before it saved."""
    before = record(request=request())
    after = replace(having("Ready", "True"), put_at=NOW, request=request(), grants=(WRITTEN,))
    later = replace(
        having("Ready", "True", moment=at(60)),
        put_at=at(60),
        request=request(),
        grants=(replace(WRITTEN, written_at=at(60)),),
    )
    assert ids(before, after) == ids(before, later)
    assert len(set(ids(before, after))) == 4


def test_a_create_found_after_a_crash_is_the_same_create() -> None:
    sent = record(put_at=NOW, request=request(), turn_at=NOW)
    assert ids(ASKED, sent) == ids(ASKED, replace(sent, resource_uid="uid"))


def test_another_occurrence_has_another_id() -> None:
    ready, unready = having("Ready", "True"), having("Ready", "False")
    failing = record(grants=(progress(failing_since=at(30)),))
    occurrences = (
        ids(record(), ready),
        ids(unready, ready),
        ids(having("Ready", "False", moment=at(60)), ready),
        ids(record(), replace(ready, resource_uid="other")),
        ids(ready, unready),
        ids(having("Ready", "True", moment=at(60)), unready),
        ids(ASKED, replace(ASKED, put_at=NOW)),
        ids(ASKED, replace(ASKED, put_at=NOW, request=request(request_id="r-2"))),
        ids(ASKED, record()),
        ids(record(request=request()), ASKED),
        ids(record(request=request(request_id="r-2")), ASKED),
        ids(record(), record(grants=(WRITTEN,))),
        ids(failing, record(grants=(WRITTEN,))),
        ids(record(grants=(WRITTEN,)), record(grants=(replace(WRITTEN, written_at=at(60)),))),
        ids(record(), record(grants=(REFUSED,))),
        ids(record(grants=(replace(REFUSED, written_at=NOW),)), record(grants=(REFUSED,))),
    )
    assert len({one for (one,) in occurrences}) == len(occurrences)


def test_events_name_the_cluster_and_the_grant() -> None:
    after = record(grants=(replace(WRITTEN, deadline=at(3600)),), resource_uid="uid")
    (event,) = happened(record(), after, at(5))
    assert event["subject"] == str(CLUSTER)
    assert event["source"] == "/grantkeeper"
    assert event["time"] == "2026-01-01T00:00:05+00:00"
    assert event["data"] == {
        "clusterId": str(CLUSTER),
        "resourceUid": "uid",
        "requestId": "",
        "identity": "controlPlane",
        "principalId": PRINCIPAL,
        "role": "Network Contributor",
        "scope": SUBNET,
        "because": "node subnet",
        "assignmentId": "/a",
        "madeByUs": False,
        "heldAs": "",
        "writtenAt": "2026-01-01T00:00:00+00:00",
        "deadline": "2026-01-01T01:00:00+00:00",
    }


def test_ready_comes_with_the_evidence_and_the_delays_of_each_grant() -> None:
    works = replace(
        WRITTEN,
        readable_at=at(30),
        effective_at=at(300),
        evidence="Probe",
        reason="Probe",
        deadline=at(3600),
    )
    after = replace(having("Ready", "True", "Probe"), grants=(works,))
    (event,) = happened(record(grants=(works,)), after, NOW)
    assert event["data"]["evidence"] == "Probe"
    (access,) = event["data"]["grants"]
    assert (access["state"], access["evidence"]) == ("effective", "Probe")
    assert (access["readableSeconds"], access["effectiveSeconds"]) == (30, 300)


def test_late_shows_what_works_and_what_does_not() -> None:
    after = replace(having("PermissionsEffective", "False"), grants=(WRITTEN,))
    (event,) = happened(record(grants=(WRITTEN,)), after, NOW)
    (access,) = event["data"]["grants"]
    assert (access["state"], access["effectiveSeconds"]) == ("written", None)


def test_a_refusal_says_what_an_administrator_can_run() -> None:
    (event,) = happened(record(), record(grants=(REFUSED,)), NOW)
    assert event["data"]["reason"] == "ScopeNotAllowed"
    assert event["data"]["message"] == "az role assignment create"


def test_a_loss_names_the_condition_at_fault() -> None:
    conditions = (
        Condition("ClusterProvisioned", "True", "Succeeded", "", NOW),
        Condition("RolesAssigned", "Unknown", "AssignmentMissing", "waiting", NOW),
        Condition("Ready", "False", "AssignmentMissing", "waiting", NOW),
    )
    (event,) = happened(having("Ready", "True"), record(conditions=conditions), NOW)
    assert event["data"]["condition"] == "RolesAssigned"
    assert event["data"]["reason"] == "AssignmentMissing"


def test_a_refused_request_is_told_with_its_field_and_without_its_text() -> None:
    refused = Rejection("UnknownProfile", "profile", "no such profile", NOW, "r-9", text=b"{secret")
    event = rejected(refused)
    assert event["type"] == "Grantkeeper.RequestRejected"
    assert event["data"] == {
        "clusterId": "",
        "resourceUid": "",
        "requestId": "r-9",
        "reason": "UnknownProfile",
        "field": "profile",
        "message": "no such profile",
    }
    assert "secret" not in str(event)


def test_the_same_text_refused_again_is_the_same_event() -> None:
    refused = Rejection("InvalidRequest", "", "not JSON", NOW, text=b"hello")
    assert rejected(refused)["id"] == rejected(replace(refused, at=at(60)))["id"]
    assert rejected(refused)["id"] != rejected(replace(refused, text=b"other"))["id"]
