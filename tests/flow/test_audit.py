"""The audit: every write to Azure has its intent before it, and its outcome after it."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from msgspec.structs import replace

from infra.emulator.wire import Request, Response
from infra.emulator.world import LedgerEntry
from shared.effects import AuditEntry
from shared.resource_id import ClusterId, cluster_id
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.town import POLICY, Town

PROBING = POLICY.read_bytes() + b"propagation: { verify: probe }\n"
CREATING_GROUPS = PROBING.replace(b"  default:\n", b"  default:\n    createResourceGroup: true\n")
ASSIGNMENT = "roleAssignments/"
CLUSTER_WRITE = "Microsoft.ContainerService/managedClusters/write"
ASSIGNMENT_WRITE = "Microsoft.Authorization/roleAssignments/write"


Watch = Callable[[Town, ClusterId], list[str]]


@pytest.fixture
def unannounced(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Gathers the writes that reach ARM while the cluster's audit has no open intent for them."""

    def watch(town: Town, cluster: ClusterId) -> list[str]:
        found: list[str] = []
        handle = town.azure.handle

        def watched(request: Request) -> Response:
            response = handle(request)
            entry = town.azure.world.ledger.entries[-1]
            if is_ours(town, entry) and target_of(entry) not in open_targets(town, cluster):
                found.append(f"{entry.method} {entry.path}")
            return response

        monkeypatch.setattr(town.azure, "handle", watched)
        return found

    return watch


def ask(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})


def audit(town: Town) -> list[AuditEntry]:
    return list(town.app.store.audited(town.id_of()))


def outcomes(town: Town, action: str) -> list[AuditEntry]:
    return [each for each in audit(town) if (each.phase, each.action) == ("outcome", action)]


def open_targets(town: Town, cluster: ClusterId) -> set[str]:
    """What is announced in a cluster's audit, and not yet accounted for."""
    found: dict[str, str] = {}
    for entry in town.app.store.audited(cluster):
        if entry.phase == "intent":
            found[entry.effect_id] = entry.target.lower()
        else:
            del found[entry.effect_id]
    return set(found.values())


def is_ours(town: Town, entry: LedgerEntry) -> bool:
    return entry.is_write and entry.caller_name == town.azure.app_identity.display_name


def target_of(entry: LedgerEntry) -> str:
    return entry.path.lower().removesuffix("/runcommand")


def writes(town: Town) -> list[LedgerEntry]:
    return [entry for entry in town.azure.world.ledger.entries if is_ours(town, entry)]


def lose_table(storage: str) -> None:
    with TableServiceClient.from_connection_string(storage) as tables:
        tables.delete_table("audit")


def die_at(town: Town, phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies where it would add such a row."""
    add = town.app.store.audit

    def dying(entry: AuditEntry) -> None:
        if entry.phase == phase:
            raise OSError("the process died")
        add(entry)

    monkeypatch.setattr(town.app.store, "audit", dying)


def test_every_write_of_a_life_is_announced_before_and_accounted_for_after(
    found_town: Found, unannounced: Watch
) -> None:
    town = found_town(CREATING_GROUPS)
    cluster = cluster_id(town.subscription, "fresh", "c1")
    missing = unannounced(town, cluster)
    town.request(resourceGroup="fresh", parameters={"subnet": town.subnet})
    town.run_until(lambda: any(record.settled for record in town.app.store.all()))
    assert missing == []
    assert open_targets(town, cluster) == set()
    entries = [each for each in town.app.store.audited(cluster) if each.phase == "outcome"]
    assert sorted((each.target.lower(), each.correlation_id) for each in entries) == sorted(
        (target_of(entry), entry.correlation_id) for entry in writes(town)
    )
    assert {each.outcome for each in entries} == {"succeeded"}
    assert {each.action for each in entries} == {
        "Microsoft.Resources/subscriptions/resourceGroups/write",
        CLUSTER_WRITE,
        ASSIGNMENT_WRITE,
        "Microsoft.ContainerService/managedClusters/runCommand/action",
    }


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "reset_after_commit"},
        {"kind": "truncate"},
        {"kind": "html", "status": 502},
        {"kind": "status", "status": 429, "code": "TooManyRequests", "retry_after": 60},
    ],
    ids=lambda fault: fault["kind"],
)
def test_bad_weather_leaves_no_write_unannounced_and_no_intent_open(
    town: Town, unannounced: Watch, fault: dict[str, Any]
) -> None:
    missing = unannounced(town, town.id_of())
    town.fault(**fault, method="PUT", count=8)
    ask(town)
    town.run_until(town.ready)
    assert missing == []
    assert open_targets(town, town.id_of()) == set()
    assert {target_of(entry) for entry in writes(town)} == {
        each.target.lower() for each in audit(town)
    }


def test_an_assignments_rows_say_who_gets_what_where_why_by_which_policy_and_request(
    town: Town,
) -> None:
    ask(town)
    town.run_until(town.ready)
    cluster = town.cluster()
    scopes = {NETWORK_CONTRIBUTOR: town.subnet, ACR_PULL: town.registry}
    principals = {
        NETWORK_CONTRIBUTOR: cluster.control_plane_principal_id,
        ACR_PULL: cluster.kubelet_object_id,
    }
    made = {each.id for each in town.azure.role_assignments.all() if each.description}
    entries = [each for each in audit(town) if each.action == ASSIGNMENT_WRITE]
    assert [each.phase for each in entries] == ["intent", "outcome"] * 2
    assert {each.target for each in entries} == made
    assert {each.because for each in entries} == {"node subnet", "the shared registry"}
    for each in entries:
        assert each.scope == scopes[each.role]
        assert each.principal_id == principals[each.role]
        assert each.cluster_id == str(town.id_of())
        assert (each.policy, each.request_id) == (town.app.policy.digest, "r-c1")


def test_what_is_done_for_a_cluster_of_somebody_else_has_no_request(town: Town) -> None:
    town.make_cluster()
    town.run_until(town.ready)
    assert {(each.action, each.request_id) for each in audit(town)} == {(ASSIGNMENT_WRITE, "")}


def test_a_write_that_finds_its_work_done_says_so(town: Town) -> None:
    """Between our look and our PUT another one made the cluster: If-None-Match answers 412."""
    ask(town)
    town.fault("status", status=404, code="ResourceNotFound", method="GET", count=1)
    town.make_cluster()
    town.run(1)
    (written,) = outcomes(town, CLUSTER_WRITE)
    (answer,) = (entry for entry in writes(town) if entry.status == 412)
    assert (written.outcome, written.correlation_id) == ("existed", answer.correlation_id)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "status", "status": 403, "code": "ScopeLocked"}, "ScopeLocked"),
        ({"kind": "html", "status": 502}, "Http502"),
    ],
    ids=["refusal", "page"],
)
def test_a_failed_write_has_azures_reason_and_correlation_id(
    town: Town, fault: dict[str, Any], reason: str
) -> None:
    town.fault(**fault, path=ASSIGNMENT)
    ask(town)
    town.run(10)
    refused = [entry for entry in writes(town) if entry.status == fault["status"]]
    assert refused
    assert {
        (each.target.lower(), each.outcome, each.correlation_id)
        for each in outcomes(town, ASSIGNMENT_WRITE)
    } == {(target_of(entry), reason, entry.correlation_id) for entry in refused}


def test_a_write_that_nobody_answers_has_a_reason_and_no_correlation_id(town: Town) -> None:
    town.fault("reset", method="PUT", path=ASSIGNMENT, count=3)
    ask(town)
    town.run(1)
    first = outcomes(town, ASSIGNMENT_WRITE)[0]
    assert (first.outcome, first.correlation_id) == ("NoAnswer", "")


def test_a_process_that_dies_after_a_write_leaves_its_intent(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        die_at(town, "outcome", dying)
        ask(town)
        with pytest.raises(OSError, match="died"):
            town.run(1)
    (intent,) = audit(town)  # and no outcome
    assert (intent.phase, intent.target) == ("intent", str(town.id_of()))
    assert len(town.azure.clusters.all()) == 1
    town.run_until(town.ready)
    assert open_targets(town, town.id_of()) == {intent.target.lower()}
    assert town.calls("PUT", "managedClusters/c1") == 1


def test_nothing_is_written_to_azure_while_the_audit_cannot_be_kept(
    town: Town, storage: str
) -> None:
    lose_table(storage)
    ask(town)
    with pytest.raises(ResourceNotFoundError):
        town.run(1)
    assert writes(town) == []
    town.app.store.ensure()
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")
    assert open_targets(town, town.id_of()) == set()


def test_no_role_is_assigned_while_the_audit_cannot_be_kept(town: Town, storage: str) -> None:
    lose_table(storage)
    town.make_cluster()
    with pytest.raises(ResourceNotFoundError):
        town.run_until(town.ready)
    assert town.grants_made() == []


def test_rows_come_in_order_of_time_and_of_one_cluster_only(town: Town) -> None:
    ask(town)
    town.request("c10")
    town.run_until(lambda: town.ready() and town.ready("c10"))
    found = audit(town)
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert [each.phase for each in found] == ["intent", "outcome"] * 3
    assert {each.cluster_id for each in found} == {str(town.id_of())}


def test_a_row_is_never_changed(town: Town) -> None:
    ask(town)
    town.run(1)
    before = audit(town)
    for entry in before:
        town.app.store.audit(replace(entry, outcome="forged"))
    assert before
    assert audit(town) == before


def test_rows_hold_no_body_and_no_text_of_an_answer(town: Town) -> None:
    town.fault("status", status=403, code="ScopeLocked", message="canary", path=ASSIGNMENT)
    town.request(parameters={"subnet": town.subnet}, tags={"note": "canary"})
    town.run(10)
    assert outcomes(town, ASSIGNMENT_WRITE)
    assert "canary" not in str(audit(town))


def test_the_longest_reason_and_ids_fit_an_assignments_description(found_town: Found) -> None:
    """A description has at most 1,024 characters, and always names the cluster."""
    reason = "x" * 200
    town = found_town(POLICY.read_bytes().replace(b"the shared registry", reason.encode()))
    group, name = "g" * 90, "n" * 63
    path = f"/subscriptions/{town.subscription}/resourceGroups/{group}"
    town.arm("PUT", path, {"location": "westus2"}, "2021-04-01")
    town.request(name, resourceGroup=group, requestId="r-1")
    town.run(8)
    (made,) = (a for a in town.azure.role_assignments.all() if a.scope == town.registry)
    cluster = cluster_id(town.subscription, group, name)
    assert made.description == f"grantkeeper: {reason} of {cluster.key}"
    assert len(made.description) <= 1024
