"""One step of a turn, and when to take the next: by table."""

from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from shared.decide import (
    Assign,
    Create,
    ReadProbe,
    Repair,
    StartProbe,
    Step,
    Wait,
    decide,
    is_deleted,
    may_be_stale,
    next_turn,
)
from shared.model import Cluster, Denial, Link, ProbeRun, Progress, Record
from shared.probes import CLOUD_CONTROLLER
from shared.profiles import REQUEST_TAG
from shared.roles import ACR_PULL
from tests.unit.nouns import (
    NOW,
    REGISTRY,
    SUBNET,
    at,
    cluster,
    grant,
    policy,
    progress,
    record,
    request,
)

READABLE = progress(written_at=NOW, readable_at=NOW, deadline=at(hours=1), reads=3, read_at=at(60))
PROBED = replace(READABLE, grant=grant(verify="probe"))
PULL = grant(identity="kubelet", role=ACR_PULL, scope=REGISTRY, verify="probe")
NETWORK = SUBNET.rpartition("/subnets/")[0]
ON_NETWORK = progress(grant=grant(scope=NETWORK))
WAITING_ON_NETWORK = progress(grant=grant(scope=NETWORK), retry_at=at(1))
REFUSED_ON_NETWORK = progress(grant=grant(scope=NETWORK, refused="ScopeNotAllowed"))
RUN = ProbeRun("id", CLOUD_CONTROLLER, NOW)


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (record(request=request()), Create()),
        (record(request=request(), retry_at=at(1)), Wait()),
        (record(request=request(), retry_at=NOW), Create()),
        (record(request=request(), create_refused=True), Wait()),
        (record(request=request(), put_at=NOW), Wait()),
        (record(request=request(), seen_at=NOW), Wait()),
        (record(), Wait()),
    ],
)
def test_without_a_cluster(known: Record, step: Step) -> None:
    assert decide(known, None, policy(), NOW) == step


@pytest.mark.parametrize(
    ("grants", "changes", "step"),
    [
        ((), {}, Wait()),
        ((progress(),), {}, Assign((progress(),))),
        ((progress(),), {"provisioning_state": "Creating"}, Assign((progress(),))),
        ((progress(),), {"provisioning_state": "Failed"}, Assign((progress(),))),
        ((progress(),), {"provisioning_state": "Deleting"}, Wait()),
        ((progress(retry_at=at(1)),), {}, Wait()),
        ((progress(grant=grant(principal_id="")),), {}, Wait()),
        ((progress(grant=grant(refused="RoleNotAllowed")),), {}, Wait()),
        ((READABLE,), {}, Wait()),
        ((READABLE, progress()), {}, Assign((progress(),))),
        ((progress(), ON_NETWORK), {}, Assign((ON_NETWORK,))),
        ((progress(), WAITING_ON_NETWORK), {}, Assign((progress(),))),
        ((progress(), REFUSED_ON_NETWORK), {}, Assign((progress(),))),
    ],
)
def test_with_a_cluster(grants: tuple[Progress, ...], changes: dict[str, Any], step: Step) -> None:
    assert decide(record(grants=grants), cluster(**changes), policy(), NOW) == step


@pytest.mark.parametrize(
    ("known", "state", "step"),
    [
        (record(grants=(PROBED,)), "Succeeded", StartProbe(CLOUD_CONTROLLER)),
        (record(grants=(READABLE,)), "Succeeded", Wait()),
        (record(grants=(PROBED,)), "Updating", Wait()),
        (record(grants=(PROBED,), probe=RUN), "Succeeded", ReadProbe()),
        (record(grants=(progress(), PROBED), probe=RUN), "Succeeded", Assign((progress(),))),
        (record(grants=(progress(written_at=NOW),)), "Succeeded", Wait()),
    ],
)
def test_with_probes(known: Record, state: str, step: Step) -> None:
    assert decide(known, cluster(provisioning_state=state), policy(), at(90)) == step


@pytest.mark.parametrize(
    ("changes", "probed"),
    [
        ({}, True),
        ({"probed_at": at(30)}, True),
        ({"probed_at": at(86)}, False),
        ({"effective_at": NOW}, False),
    ],
)
def test_a_grant_is_probed_once_for_each_look(changes: dict[str, Any], probed: bool) -> None:
    grants = (replace(PROBED, **changes),)
    step = decide(record(grants=grants), cluster(), policy(), at(90))
    assert isinstance(step, StartProbe) is probed


def test_a_pull_is_proven_at_its_registry() -> None:
    grants = (replace(READABLE, grant=PULL),)
    step = decide(record(grants=grants), cluster(), policy(), at(90))
    assert step == StartProbe(f"pull:{REGISTRY}")


def test_a_grant_that_is_denied_again_and_again_does_not_keep_another_from_its_probe() -> None:
    pull = replace(READABLE, grant=PULL)
    denied = replace(PROBED, probed_at=at(1), reason="ProbeDenied")
    step = decide(record(grants=(denied, pull)), cluster(), policy(), at(90))
    assert step == StartProbe(f"pull:{REGISTRY}")
    probed = replace(pull, probed_at=at(2), reason="ProbeDenied")
    step = decide(record(grants=(denied, probed)), cluster(), policy(), at(90))
    assert step == StartProbe(CLOUD_CONTROLLER)


def test_a_probe_is_told_when_the_cluster_can_run_no_command() -> None:
    stopped = cluster({"powerState": {"code": "Stopped"}})
    step = decide(record(grants=(PROBED,)), stopped, policy(), at(90))
    assert step == StartProbe(CLOUD_CONTROLLER, "ClusterStopped")


@pytest.mark.parametrize(
    ("known", "seen", "expected"),
    [
        (record(), cluster(), None),
        (record(), cluster(provisioning_state="Creating"), at(60)),
        (record(), cluster(provisioning_state="Deleting"), at(60)),
        (record(), cluster(provisioning_state="Failed"), None),
        (record(grants=(progress(),)), cluster(), NOW),
        (record(grants=(progress(retry_at=at(20)),)), cluster(), at(20)),
        (record(grants=(progress(grant=grant(principal_id="")),)), cluster(), at(60)),
        (
            record(grants=(progress(grant=grant(principal_id="")),)),
            cluster(provisioning_state="Failed"),
            at(3600),
        ),
        (record(grants=(REFUSED_ON_NETWORK,)), cluster(), at(hours=1)),
        (record(grants=(progress(grant=grant(principal_id="", refused="X")),)), cluster(), None),
        (record(links=(Link(REGISTRY, NOW), Link(NETWORK, retry_at=at(33)))), cluster(), at(33)),
        (record(grants=(progress(),)), cluster(provisioning_state="Deleting"), at(60)),
        (record(probe=RUN), cluster(), at(5)),
        (record(request=request()), None, NOW),
        (record(request=request(), retry_at=at(9)), None, at(9)),
        (record(request=request(), create_refused=True), None, None),
        (record(request=request(), put_at=NOW), None, at(1)),
        (record(request=request(), put_at=at(-10)), None, at(10)),
        (record(request=request(), put_at=at(-200)), None, at(15)),
        (record(seen_at=NOW, absent_since=at(-20)), None, at(40)),
        (record(seen_at=NOW, absent_since=at(-60)), None, None),
        (record(), None, None),
    ],
)
def test_when_the_next_turn_is(
    known: Record, seen: Cluster | None, expected: datetime | None
) -> None:
    assert next_turn(known, seen, policy(), NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "deleted"), [(0, False), (59, False), (60, True), (3600, True)]
)
def test_a_cluster_is_gone_after_two_looks(seconds: float, deleted: bool) -> None:
    assert is_deleted(record(absent_since=NOW), policy(), at(seconds)) is deleted
    assert not is_deleted(record(), policy(), at(seconds))


@pytest.mark.parametrize(
    ("known", "stale"),
    [
        (record(), False),
        (record(put_at=NOW), True),
        (record(put_at=at(-299)), True),
        (record(put_at=at(-300)), False),
        (record(put_at=NOW, seen_at=NOW), False),
    ],
)
def test_a_read_may_be_stale_only_right_after_the_create(known: Record, stale: bool) -> None:
    assert may_be_stale(known, policy(), NOW) is stale


FAILED = cluster(
    provisioning_state="Failed",
    failure="AuthorizationFailed: no",
    tags={REQUEST_TAG: "r-1"},
    etag="e",
)
ASKED_FOR = record(request=request(), put_at=NOW)


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (replace(ASKED_FOR, grants=(READABLE,)), Repair()),
        (replace(ASKED_FOR, grants=(READABLE,), repair_at=at(1)), Wait()),
        (replace(ASKED_FOR, grants=(READABLE,), repairs=3), Wait()),
        (replace(ASKED_FOR, grants=(progress(),)), Assign((progress(),))),
        (record(grants=(READABLE,)), Wait()),
    ],
)
def test_a_failed_cluster_of_ours_is_sent_again(known: Record, step: Step) -> None:
    assert decide(known, FAILED, policy(), NOW) == step


def test_the_next_repair_is_waited_for() -> None:
    known = replace(ASKED_FOR, grants=(READABLE,), repairs=1, repair_at=at(minutes=1))
    assert next_turn(known, FAILED, policy(), NOW) == at(minutes=1)


def test_a_denial_that_is_shown_is_looked_at_until_it_is_forgotten() -> None:
    denial = Denial("controlPlane", "a/b", SUBNET, "a probe", NOW)
    assert next_turn(record(denials=(denial,)), cluster(), policy(), NOW) == at(hours=2)
    assert next_turn(record(denials=(denial,)), cluster(), policy(), at(hours=2)) is None
