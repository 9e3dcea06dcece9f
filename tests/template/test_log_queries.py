"""The template's log queries: Microsoft's parser takes them, and that of the takeover finds one."""

import itertools
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.template import alert_law
from tests.template.deployment import deploy
from tests.template.log_tables import TABLES, Row, found
from tests.template.variants import APP_GROUP, HERE, ROOT, VARIANTS

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUERY = alert_law.QUERY.read_text()
OURS, SOMEBODY = alert_law.PLACEHOLDER, "somebody"
WRITE, DELETE = (f"Microsoft.Authorization/roleAssignments/{verb}" for verb in ("write", "delete"))
KNOWN, UNKNOWN = "aaaaaaaa-1111-4111-8111-111111111111", "BBBBBBBB-2222-4222-8222-222222222222"
SCOPE = f"/subscriptions/{HERE}/resourceGroups/net-1"


def queries(**more: Any) -> Iterator[str]:
    deployed = deploy(ROOT / "infra/main.bicep", VARIANTS["usual"] | more, HERE, APP_GROUP)
    for each in deployed.resources:
        if each.type == alert_law.RULES:
            yield alert_law.query_of(each)


def target(name: str) -> str:
    return f"{SCOPE}/providers/Microsoft.Authorization/roleAssignments/{name}"


def announced(name: str, action: str, minutes: float) -> Row:
    """A line as shared/audit.py writes it; tests/flow/test_announced.py has real ones."""
    text = f"cluster={SCOPE} effect=e action={action} target={target(name)}"
    return {"TimeGenerated": NOW - timedelta(minutes=minutes), "Message": text}


def activity(name: str, minutes: float, **columns: Any) -> Row:
    return {
        "TimeGenerated": NOW - timedelta(minutes=minutes),
        "ActivityStatusValue": "Success",
        "Caller": OURS,
        "OperationNameValue": WRITE.upper(),
        "_ResourceId": target(name).lower(),
        **columns,
    }


def told(*records: Row) -> list[str]:
    """Which assignments the query tells of, when the app has announced to write `KNOWN`."""
    rows = {"AppTraces": [announced(KNOWN, WRITE, 61)], "AzureActivity": records}
    return [row["Target"].rpartition("/")[2] for row in found(QUERY, rows, NOW)]


def parsed(texts: list[str]) -> list[list[str]]:
    ran = subprocess.run(
        ["node", str(ROOT / "tests/template/log_queries.mjs")],
        input=json.dumps({"tables": TABLES, "queries": texts}),
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(ran.stdout))


def test_microsofts_parser_takes_every_query_of_an_alert() -> None:
    texts = list(queries())
    assert len(texts) > 5
    assert parsed(texts) == [[] for _ in texts]


def test_the_parser_tells_of_a_query_that_is_wrong() -> None:
    wrong = [("where", "were"), ("Caller", "Callr"), ("2h", "2hh"), ("in~", "in")]
    *broken, sound = parsed([QUERY.replace(old, new) for old, new in wrong])
    assert all(broken)
    assert sound == []


def test_without_the_activity_log_nothing_asks_for_it() -> None:
    assert [each for each in queries(activityLog=False) if "AzureActivity" in each] == []
    deployed = deploy(
        ROOT / "infra/main.bicep", VARIANTS["usual"] | {"activityLog": False}, HERE, APP_GROUP
    )
    assert [each for each in deployed.resources if each.type == alert_law.SETTINGS] == []


def test_what_the_app_has_announced_is_no_alert_and_anything_else_of_its_identity_is() -> None:
    assert told(activity(KNOWN, 60)) == []
    assert told(activity(KNOWN, 60), activity(UNKNOWN, 60)) == [UNKNOWN.lower()]
    assert told(activity(KNOWN, 60, OperationNameValue=DELETE)) == [KNOWN]


def test_it_asks_for_nobody_else_and_for_nothing_that_did_not_happen() -> None:
    assert told(activity(UNKNOWN, 60, Caller=SOMEBODY)) == []
    assert told(activity(UNKNOWN, 60, ActivityStatusValue="Start")) == []
    assert told(activity(UNKNOWN, 60, ActivityStatusValue="Failure")) == []


def test_the_identity_is_known_by_its_claim_too_and_the_assignment_by_the_scope_asked_for() -> None:
    claim = "http://schemas.microsoft.com/identity/claims/objectidentifier"
    by_claim = activity(UNKNOWN, 60, Caller="", Claims_d={claim: OURS.upper()})
    assert told(by_claim) == [UNKNOWN.lower()]
    by_scope = {"_ResourceId": SCOPE, "Authorization_d": {"scope": target(KNOWN)}}
    assert told(activity(KNOWN, 60, **by_scope)) == []
    assert told(activity("", 60, _ResourceId="", Authorization_d={})) == [""]


def test_a_record_that_comes_late_is_found_and_none_before_its_line_can_be_there() -> None:
    records = [activity(UNKNOWN, age, CorrelationId=str(age)) for age in range(180)]
    rows = found(QUERY, {"AzureActivity": records}, NOW)
    seen = {int(row["CorrelationId"]) for row in rows}
    assert seen == set(range(30, 121))
    for late, first in itertools.product((3, 20, 100), range(15)):  # a look each quarter of an hour
        assert seen & {age for age in range(first, 180, 15) if age >= late}
