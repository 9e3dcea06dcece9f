"""`verify` looks at a cluster's grants afresh, and says what an upgrade would break."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from infra.emulator.deny_assignments import Denial
from shared.model import CONTROL_PLANE, Grant, Progress, Record
from shared.resource_id import parse_cluster_id
from shared.roles import NETWORK_CONTRIBUTOR
from shared.store import Store
from tests.cli import records
from tests.cli.azure import Azure, policy
from tests.typed import Type

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
CUSTOM = "cccccccc-0000-4000-8000-000000000001"


@pytest.fixture
def verified(typed: Type, storage: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """What `verify c1 --json` says, with its exit code."""
    monkeypatch.setenv("WORK_STORAGE", storage)

    def run() -> Any:
        answer = typed("verify", "c1", "--json")
        assert answer.code in {0, 1}, answer.err
        return {**json.loads(answer.out), "code": answer.code}

    return run


@pytest.fixture
def ready(azure: Azure, store: Store) -> Record:
    """A cluster whose one grant the app has made, and knows to work."""
    path = azure.cluster()
    principal = azure.principal(path)
    azure.assign(azure.subnet, principal, "Network Contributor")
    grant = Grant(
        CONTROL_PLANE, principal, NETWORK_CONTRIBUTOR, azure.subnet, "node subnet",
        rule="nodeSubnets",
    )  # fmt: skip
    progress = Progress(
        grant,
        assignment_id=assignment(azure),
        made_by_us=True,
        written_at=records.NOW,
        readable_at=records.NOW,
        effective_at=records.NOW,
        evidence="Readable",
    )
    record = Record(path, grants=(progress,), seen_at=records.NOW)
    store.save(record, None)
    return record


def assignment(azure: Azure) -> str:
    """The id of the role assignment at the subnet."""
    (found,) = azure.emulator.role_assignments.at(azure.subnet)
    return found.id


def remove_assignment(azure: Azure) -> None:
    answer = azure.town.ask("DELETE", assignment(azure))
    assert answer.status == 200, answer.body


def change(store: Store, record: Record, **changes: Any) -> None:
    """The record with this changed of its grant."""
    _, etag = store.load(parse_cluster_id(record.cluster_id)) or (None, None)
    store.save(replace(record, grants=(replace(record.grants[0], **changes),)), etag)


def reasons(found: Any) -> list[str]:
    (grant,) = found["grants"]
    assert grant["holds"] == "no"
    assert found["code"] == 1
    return [each["reason"] for each in grant["problems"]]


def test_all_that_holds_is_said_and_nothing_is_written(
    verified: Callable[[], Any], ready: Record, azure: Azure
) -> None:
    found = verified()
    assert (found["code"], found["holds"], found["problems"]) == (0, True, [])
    (grant,) = found["grants"]
    assert (grant["holds"], grant["breaks"], grant["heldAs"]) == ("yes", None, None)
    assert grant["assignmentId"] == assignment(azure)
    assert azure.writes() == []


def test_people_read_what_an_upgrade_would_break(
    typed: Type, verified: Callable[[], Any], ready: Record, azure: Azure
) -> None:
    assert "All grants hold" in typed("verify", "c1").out
    remove_assignment(azure)
    answer = typed("verify", "rg/c1")
    assert answer.code == 1
    assert "controlPlane: Network Contributor  does not hold" in answer.out
    assert "AssignmentMissing: it was there, and has been removed" in answer.out
    assert "in an upgrade: new nodes may not get into the subnet" in answer.out
    assert "1 of 1 grants do not hold" in answer.out


def test_a_removed_assignment_is_missing(
    verified: Callable[[], Any], ready: Record, azure: Azure
) -> None:
    remove_assignment(azure)
    assert reasons(verified()) == ["AssignmentMissing"]


def test_what_gives_as_much_holds(verified: Callable[[], Any], ready: Record, azure: Azure) -> None:
    remove_assignment(azure)
    azure.assign(azure.network, ready.grants[0].grant.principal_id, "Contributor")
    found = verified()
    assert found["code"] == 0
    assert found["grants"][0]["heldAs"] == f"Contributor at {azure.network}"


def test_a_deny_assignment_is_named(
    verified: Callable[[], Any], ready: Record, azure: Azure
) -> None:
    azure.emulator.deny_assignments.add(Denial(azure.subnet, (JOIN,)))
    found = verified()
    assert reasons(found) == ["DenyAssignment"]
    assert JOIN in found["grants"][0]["problems"][0]["message"]


def test_a_role_that_lost_the_action_is_named(
    verified: Callable[[], Any], ready: Record, azure: Azure, store: Store, place: Path
) -> None:
    (place / "policy.yaml").write_text(policy(f"[{CUSTOM}]"))
    azure.define(CUSTOM, "join subnets", JOIN, "Microsoft.Network/virtualNetworks/subnets/read")
    remove_assignment(azure)
    azure.assign(azure.subnet, ready.grants[0].grant.principal_id, "join subnets")
    change(store, ready, grant=replace(ready.grants[0].grant, role=CUSTOM))
    needed = {each["role"]: each["holds"] for each in verified()["grants"]}
    assert needed[CUSTOM] == "yes"
    azure.define(CUSTOM, "join subnets", "Microsoft.Network/virtualNetworks/read")
    problems = {each["role"]: each["problems"] for each in verified()["grants"]}
    assert [each["reason"] for each in problems[CUSTOM]] == ["RoleLacksAction"]


def test_a_grant_that_policy_has_dropped_would_not_be_made_again(
    verified: Callable[[], Any], ready: Record, place: Path
) -> None:
    (place / "policy.yaml").write_text(policy("[AcrPull]"))
    assert reasons(verified()) == ["RoleNotAllowed"]


def test_what_somebody_else_granted_need_not_be_in_policy(
    verified: Callable[[], Any], ready: Record, store: Store, place: Path
) -> None:
    change(store, ready, made_by_us=False)
    (place / "policy.yaml").write_text(policy("[AcrPull]"))
    assert verified()["code"] == 0


def test_a_grant_not_known_to_work_does_not_hold(
    verified: Callable[[], Any], ready: Record, store: Store
) -> None:
    change(store, ready, effective_at=None, evidence="")
    assert reasons(verified()) == ["NotEffective"]


def test_an_identity_that_was_switched_is_seen(
    verified: Callable[[], Any], ready: Record, azure: Azure, store: Store
) -> None:
    former = replace(ready.grants[0].grant, principal_id="00000000-0000-4000-8000-00000000abcd")
    change(store, ready, grant=former)
    assert reasons(verified()) == ["IdentityChanged", "AssignmentMissing"]


def test_a_need_that_the_app_has_not_seen_yet_is_told(
    verified: Callable[[], Any], azure: Azure, store: Store
) -> None:
    store.save(Record(azure.cluster(), seen_at=records.NOW), None)
    found = verified()
    assert reasons(found) == ["NotRecorded"]
    assert found["grants"][0]["scope"] == azure.subnet


def test_a_grant_that_was_refused_says_why(
    verified: Callable[[], Any], ready: Record, azure: Azure, store: Store
) -> None:
    remove_assignment(azure)
    refused = replace(ready.grants[0].grant, refused="ScopeNotAllowed")
    change(
        store, ready, grant=refused, written_at=None, readable_at=None, effective_at=None,
        reason="ScopeNotAllowed", message="run: az role …", made_by_us=False,
    )  # fmt: skip
    found = verified()
    assert reasons(found) == ["ScopeNotAllowed"]
    assert found["grants"][0]["problems"][0]["message"] == "run: az role …"


@pytest.mark.parametrize("what", ["roleAssignments", "roleDefinitions", "denyAssignments"])
def test_what_cannot_be_read_is_not_taken_for_holding(
    verified: Callable[[], Any], ready: Record, azure: Azure, what: str
) -> None:
    azure.refuse(what)
    found = verified()
    assert (found["code"], found["holds"]) == (1, False)
    assert found["grants"][0]["holds"] == "unknown"
    assert [each["reason"] for each in found["unread"]] == ["AuthorizationFailed"]


def test_a_cluster_that_is_gone_does_not_hold(
    typed: Type, verified: Callable[[], Any], ready: Record, azure: Azure
) -> None:
    assert azure.town.ask("DELETE", ready.cluster_id).status == 202
    azure.emulator.advance(600)
    found = verified()
    assert (found["code"], found["grants"], found["provisioning"]) == (1, [], None)
    assert [each["reason"] for each in found["problems"]] == ["NotFound"]


def test_a_cluster_made_again_is_another(
    verified: Callable[[], Any], ready: Record, store: Store
) -> None:
    loaded = store.load(parse_cluster_id(ready.cluster_id))
    assert loaded
    store.save(replace(loaded[0], resource_uid="another"), loaded[1])
    found = verified()
    assert (found["code"], [each["reason"] for each in found["problems"]]) == (1, ["Recreated"])


def test_an_unknown_name_is_said_with_the_names_there_are(
    typed: Type, verified: Callable[[], Any], ready: Record
) -> None:
    answer = typed("verify", "c2")
    assert answer.code == 3
    assert "there are: rg/c1" in answer.err
