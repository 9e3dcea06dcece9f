"""Assignments that are needed no more: what is kept of them, and when ours may be revoked."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.model import Assignment, Condition, Link, Progress, Record
from shared.policy import Policy
from shared.progress import follow
from shared.revocation import due, is_ours, left, next_at
from tests.unit.looks import DONE, OURS
from tests.unit.nouns import (
    KUBELET_PRINCIPAL,
    NOW,
    PRINCIPAL,
    SUBNET,
    at,
    cluster,
    grant,
    policy,
    progress,
    record,
)

DELETES = policy("cleanup: delete\n")
LEFT = replace(DONE, left_at=NOW)
DELETED = (Condition("ClusterProvisioned", "False", "Deleted", "", NOW),)


def written_for(principals: int) -> tuple[Progress, ...]:
    return tuple(
        progress(grant=grant(principal_id=str(n)), written_at=NOW) for n in range(principals)
    )


def principals(found: tuple[Progress, ...]) -> list[str]:
    return [p.grant.principal_id for p in found]


def test_what_was_written_is_remembered_when_it_is_needed_no_more() -> None:
    other = grant(principal_id=KUBELET_PRINCIPAL)
    known = (DONE, progress(grant=other))
    current, former = follow((other, grant(because="new words")), known, NOW)
    assert [p.state for p in current] == ["pending", "written"]
    assert current[1].grant.because == "new words"
    assert former == ()
    assert follow((), known, at(5)) == ((), (replace(DONE, left_at=at(5)),))


def test_what_is_needed_again_is_what_it_was() -> None:
    (again,), former = follow((grant(),), (), at(60), (LEFT,))
    assert (again, former) == (DONE, ())


def test_the_time_since_when_something_is_needed_no_more_stays() -> None:
    _, (once,) = follow((), (DONE,), NOW)
    _, (twice,) = follow((), (), at(60), (once,))
    assert twice.left_at == NOW


def test_each_grant_is_remembered_once() -> None:
    assert principals(left((DONE, *written_for(1)), (DONE,), NOW)) == ["0", PRINCIPAL]


def test_not_more_is_remembered_than_a_row_can_hold() -> None:
    """A cluster made again every night leaves grants of another principal each time."""
    kept = left((), written_for(1000), NOW)
    assert len(kept) == 100
    assert principals(kept)[-1] == "999"


def revoked(known: Record, seen: Any, by: Policy = DELETES, seconds: float = 3600) -> bool:
    """Whether the grant is revoked so long after it was left; and the next turn agrees."""
    now = at(seconds)
    planned = next_at(known, seen, by)
    is_due = bool(due(known, seen, by, now))
    assert is_due == (planned is not None and planned <= now)
    return is_due


@pytest.mark.parametrize("seen", [cluster(), None])
def test_ours_is_revoked_once_it_was_needed_no_more_for_long_enough(seen: Any) -> None:
    known = record(former=(LEFT,), conditions=() if seen else DELETED)
    assert not revoked(known, seen, seconds=3599)
    assert revoked(known, seen, seconds=3600)
    assert not revoked(known, seen, policy("cleanup: delete\ncleanupAfter: PT2H\n"))


@pytest.mark.parametrize(
    "known",
    [
        record(former=(replace(LEFT, made_by_us=False),)),
        record(grants=(LEFT,)),
        record(former=(LEFT,), faults=("properties.agentPoolProfiles[0] is not an object",)),
        record(former=(LEFT,), links=(Link("/x", failing_since=NOW, reason="Forbidden"),)),
    ],
)
def test_nothing_is_revoked_that_others_made_or_that_may_be_needed_after_all(known: Record) -> None:
    assert not revoked(known, cluster())
    assert revoked(record(former=(LEFT,), links=(Link("/x", read_at=NOW),)), cluster())


@pytest.mark.parametrize(
    "seen",
    [
        cluster({"provisioningState": "Failed"}),
        cluster({"provisioningState": "Deleting"}),
        cluster(identity_type="Unknown"),
        cluster(service_principal="aaaaaaaa-0000-4000-8000-00000000000a"),
    ],
)
def test_nothing_is_revoked_for_a_cluster_in_an_unclear_state(seen: Any) -> None:
    assert not revoked(record(former=(LEFT,)), seen)


def test_a_cluster_that_is_only_not_found_loses_nothing() -> None:
    assert not revoked(record(former=(LEFT,), absent_since=NOW), None)
    assert not revoked(record(former=(LEFT,), put_at=NOW), None)


def test_what_a_request_left_that_can_never_be_fulfilled_goes() -> None:
    assert revoked(record(former=(LEFT,), create_refused=True), None)


def test_without_leave_nothing_is_revoked() -> None:
    assert not revoked(record(former=(LEFT,)), cluster(), policy())


def test_a_revocation_that_failed_waits_for_its_next_try() -> None:
    failed = replace(LEFT, retry_at=at(7200))
    assert not revoked(record(former=(failed,)), cluster(), seconds=7199)
    assert revoked(record(former=(failed,)), cluster(), seconds=7200)


def test_one_turn_revokes_a_few_and_the_next_the_rest() -> None:
    many = tuple(replace(p, made_by_us=True, left_at=NOW) for p in written_for(50))
    assert len(due(record(former=many), cluster(), DELETES, at(3600))) == 20


@pytest.mark.parametrize(
    ("change", "ours"),
    [
        ({}, True),
        ({"description": "grantkeeper: other words"}, True),
        ({"description": ""}, False),
        ({"description": "kept by the network team"}, False),
        ({"principal_id": KUBELET_PRINCIPAL}, False),
        ({"role": "cccccccc-1111-4222-8333-444444444444"}, False),
    ],
)
def test_ours_bears_our_description_principal_and_role(change: dict[str, str], ours: bool) -> None:
    usual: dict[str, Any] = {
        "id": OURS,
        "principal_id": PRINCIPAL,
        "role": grant().role,
        "scope": SUBNET,
        "description": "grantkeeper: node subnet of /x",
    }
    assert is_ours(DONE, Assignment(**{**usual, **change})) is ours
