"""What the app writes is announced in its log first; what its identity writes past it is found.

The lines are the app's own, the activity log is what the emulator's ARM was asked, and the query is
the template's (infra/app/unknown-assignments.kql).
"""

import json
import logging
import uuid
from datetime import UTC, timedelta
from typing import Any

import pytest

from infra.emulator.identity import PrincipalCredential
from infra.emulator.wire import Request
from infra.emulator.world import LedgerEntry
from shared.roles import ACR_PULL
from tests.flow.conftest import Found
from tests.flow.test_audit import is_ours
from tests.flow.town import POLICY, Town
from tests.template.alert_law import PLACEHOLDER, QUERY
from tests.template.log_tables import Row, found

VERBS = {"PUT": "write", "DELETE": "delete"}
CLEANING = POLICY.read_bytes() + b"cleanup: delete\ncleanupAfter: PT10M\n"


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "shared.audit")
    return caplog


def activity(town: Town, entry: LedgerEntry) -> Row:
    """What the activity log has of a request."""
    ours = is_ours(town, entry)
    return {
        "TimeGenerated": entry.at,
        "Caller": town.azure.app_identity.object_id if ours else "somebody",
        "OperationNameValue": (
            f"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/{VERBS[entry.method].upper()}"
        ),
        "ActivityStatusValue": "Success" if entry.status < 300 else "Failure",
        "_ResourceId": entry.path.lower(),
        "CorrelationId": entry.correlation_id,
    }


def unknown(town: Town, told: pytest.LogCaptureFixture) -> list[str]:
    """The ids that the alert tells of, half an hour after the last that happened."""
    requests = [
        entry
        for entry in town.azure.world.ledger.entries
        if "/roleassignments/" in entry.path.lower() and entry.method in VERBS
    ]
    begun = requests[0].at - timedelta(minutes=1)
    rows: dict[str, list[Row]] = {
        "AppTraces": [{"TimeGenerated": begun, "Message": text} for text in told.messages],
        "AzureActivity": [activity(town, entry) for entry in requests],
    }
    query = QUERY.read_text().replace(PLACEHOLDER, town.azure.app_identity.object_id)
    looked_at = requests[-1].at.astimezone(UTC) + timedelta(minutes=31)
    return [row["Target"] for row in found(query, rows, looked_at)]


def past_the_app(town: Town, method: str, path: str, body: Any = None) -> int:
    """Somebody else acts as the app's identity."""
    credential = PrincipalCredential(town.azure.identities, town.azure.app_identity)
    token = credential.get_token("https://management.azure.com/.default").token
    url = f"https://management.azure.com{path}?api-version=2022-04-01"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    text = json.dumps(body).encode() if body else b""
    return town.azure.handle(Request.build(method, url, headers, text)).status


def lived(found_town: Found) -> Town:
    """A cluster was made, granted what it needs, and deleted; so were its grants."""
    town = found_town(CLEANING)
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    town.delete_cluster()
    town.run_until(
        lambda: not [each for each in town.azure.role_assignments.all() if each.description]
    )
    return town


def test_a_whole_life_of_a_cluster_is_no_alert(
    found_town: Found, told: pytest.LogCaptureFixture
) -> None:
    town = lived(found_town)
    methods = [
        entry.method
        for entry in town.azure.world.ledger.entries
        if "/roleassignments/" in entry.path.lower() and entry.is_write and is_ours(town, entry)
    ]
    assert sorted(methods) == ["DELETE", "DELETE", "PUT", "PUT"]
    assert unknown(town, told) == []


def assignment_to(town: Town, principal_id: str) -> tuple[str, dict[str, Any]]:
    """The path and the body of one more assignment: a role on the registry."""
    provider = "providers/Microsoft.Authorization"
    properties = {
        "roleDefinitionId": (
            f"/subscriptions/{town.subscription}/{provider}/roleDefinitions/{ACR_PULL}"
        ),
        "principalId": principal_id,
        "principalType": "ServicePrincipal",
    }
    return f"{town.registry}/{provider}/roleAssignments/{uuid.uuid4()}", {"properties": properties}


def test_what_is_done_with_the_apps_identity_past_the_app_is_told_and_nothing_else(
    found_town: Found, told: pytest.LogCaptureFixture
) -> None:
    town = lived(found_town)
    path, body = assignment_to(town, town.azure.app_identity.object_id)
    assert past_the_app(town, "PUT", path, body) == 201
    assert unknown(town, told) == [path.lower()]


def test_what_an_administrator_does_is_not_told(
    found_town: Found, told: pytest.LogCaptureFixture
) -> None:
    town = lived(found_town)
    path, body = assignment_to(town, town.azure.operator.object_id)
    town.arm("PUT", path, body, "2022-04-01")
    assert unknown(town, told) == []
