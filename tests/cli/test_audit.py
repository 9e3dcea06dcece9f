"""`audit` says what was written to Azure for a cluster."""

import json

from shared.effects import AuditEntry
from shared.roles import NETWORK_CONTRIBUTOR
from shared.store import Store
from tests.cli import records
from tests.typed import Type

ACTION = "Microsoft.Authorization/roleAssignments/write"
TARGET = f"{records.SUBNET}/providers/Microsoft.Authorization/roleAssignments/1"


def keep(store: Store, name: str, outcome: str = "", because: str = "node subnet") -> None:
    """A role assignment for the cluster `name`, of which this came; nothing, if that is empty."""
    phases = (("intent", ""), ("outcome", outcome)) if outcome else (("intent", ""),)
    for phase, end in phases:
        store.audit(
            AuditEntry(
                records.cluster_id(name),
                ACTION,
                TARGET,
                because,
                "principal-1",
                NETWORK_CONTRIBUTOR,
                records.SUBNET,
                "r-1",
                effect_id=f"20260101T120000.000000Z-{name}-{outcome}",
                phase=phase,  # type: ignore[arg-type]
                at=records.NOW,
                policy="digest",
                outcome=end,
                correlation_id="correlation-1" if end else "",
            )
        )


def test_each_write_is_shown_with_its_outcome_role_scope_reason_and_ids(
    grantkeeper: Type, store: Store
) -> None:
    store.save(records.ready("one"), None)
    keep(store, "one", "ScopeLocked")
    answer = grantkeeper("audit", "one")
    heading, _, first, *rest = answer.out.splitlines()
    assert heading == records.cluster_id("one")
    assert first.endswith(f"  {ACTION}  ScopeLocked")
    assert [line.strip() for line in rest] == [
        f"on {TARGET}",
        f"Network Contributor for principal-1 at {records.SUBNET}",
        "because node subnet",
        "policy digest · request r-1 · correlation id correlation-1",
    ]
    assert answer.code == 0


def test_an_interrupted_write_has_no_outcome(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    keep(store, "one")
    assert f"{ACTION}  no outcome\n" in grantkeeper("audit", "one").out


def test_json_is_every_row_in_order(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    keep(store, "one", "succeeded")
    keep(store, "two", "succeeded")
    found = json.loads(grantkeeper("audit", "team/one", "--json").out)
    intent, outcome = found["entries"]
    assert (found["apiVersion"], found["clusterId"]) == (
        "grantkeeper/v1",
        records.cluster_id("one"),
    )
    assert (intent["phase"], intent["outcome"], intent["correlationId"]) == ("intent", "", "")
    assert (outcome["phase"], outcome["outcome"]) == ("outcome", "succeeded")
    assert outcome["correlationId"] == "correlation-1"
    assert intent["effectId"] == outcome["effectId"]
    assert intent["at"].endswith("Z")


def test_a_cluster_whose_record_is_gone_has_its_audit_under_its_id(
    grantkeeper: Type, store: Store
) -> None:
    keep(store, "one", "succeeded")
    assert "succeeded" in grantkeeper("audit", records.cluster_id("one").upper()).out
    assert grantkeeper("audit", "one").code == 3


def test_a_known_cluster_may_have_none(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    answer = grantkeeper("audit", "one")
    assert answer.out == f"{records.cluster_id('one')}\nnothing was written to Azure for it\n"
    assert answer.code == 0


def test_an_unknown_name_is_said_with_the_names_there_are(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    for name in ("two", records.cluster_id("two")):
        answer = grantkeeper("audit", name)
        assert answer.code == 3
        assert answer.err == f"grantkeeper: {name}: no such cluster; there are: team/one\n"


def test_tables_that_are_not_there_yet_are_empty(grantkeeper: Type) -> None:
    assert grantkeeper("audit", records.cluster_id("one")).code == 3


def test_what_a_terminal_would_obey_is_shown_instead(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    keep(store, "one", "succeeded", because="\x1b[2Jreason")
    out = grantkeeper("audit", "one").out
    assert "\x1b" not in out
    assert "because \\x1b[2Jreason" in out
