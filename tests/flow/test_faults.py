"""Bad weather between the product and ARM: it waits, repeats safely, and says what is wrong."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.roles import NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.town import Town

CLUSTER = "managedClusters/c1$"
ASSIGNMENT = "roleAssignments/"


def ask(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})


def times_of(town: Town, method: str, path: str) -> list[datetime]:
    return [
        entry.at
        for entry in town.azure.world.ledger.entries
        if entry.method == method
        and path in entry.path
        and entry.caller_name == town.azure.app_identity.display_name
    ]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "code": "TooManyRequests", "retry_after": 60},
        {"kind": "status", "status": 429, "code": "SubscriptionRequestsThrottled"},
        {"kind": "status", "status": 500, "code": "InternalServerError"},
        {"kind": "status", "status": 503, "code": "ServerUnavailable", "retry_after": 30},
        {"kind": "status", "status": 409, "code": "AnotherOperationInProgress"},
        {"kind": "html", "status": 502},
        {"kind": "html", "status": 503},
        {"kind": "slow", "seconds": 60.0},
        {"kind": "reset"},
        {"kind": "reset_after_commit"},
        {"kind": "truncate"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", CLUSTER),
        ("GET", CLUSTER),
        ("PUT", ASSIGNMENT),
        ("GET", "roleAssignments$"),
    ],
    ids=["create", "read", "assign", "list"],
)
def test_a_passing_fault_changes_nothing_in_the_end(
    town: Town, fault: dict[str, Any], method: str, path: str
) -> None:
    town.fault(**fault, method=method, path=path, count=4)
    ask(town)
    town.run_until(town.ready)
    assert len(town.azure.clusters.all()) == 1
    assert town.grants_made() == town.expected_grants("c1")
    assert town.rejections() == []


@pytest.mark.parametrize(("method", "path"), [("PUT", CLUSTER), ("GET", CLUSTER)])
def test_retry_after_is_kept(town: Town, method: str, path: str) -> None:
    town.fault(
        "status", status=429, code="TooManyRequests", retry_after=240, method=method, path=path,
        count=1,
    )  # fmt: skip
    ask(town)
    town.run_until(lambda: town.calls(method, "managedClusters/c1") >= 2, timer=False, events=False)
    first, second = times_of(town, method, "managedClusters/c1")[:2]
    assert second - first >= timedelta(seconds=240)


def test_a_throttled_assignment_waits_as_long_as_it_is_told(town: Town) -> None:
    town.fault(
        "status", status=429, code="TooManyRequests", retry_after=200, path=ASSIGNMENT, count=1
    )
    ask(town)
    town.run_until(lambda: len(times_of(town, "PUT", ASSIGNMENT)) >= 2)
    first, second = times_of(town, "PUT", ASSIGNMENT)[:2]
    assert second - first >= timedelta(seconds=200)


def test_stale_reads_make_no_second_cluster_and_no_second_assignment(found_town: Found) -> None:
    town = found_town(stale_read_probability=0.5, stale_read_seconds=120.0)
    ask(town)
    town.run_until(town.ready, minutes=180)
    assert town.calls("PUT", "managedClusters/c1", 201) == 1
    assert town.calls("PUT", "managedClusters/c1", 200) == 0
    assert town.grants_made() == town.expected_grants("c1")
    assert town.rejections() == []


def test_a_cluster_that_cannot_be_read_at_first_is_not_called_deleted(town: Town) -> None:
    town.fault("status", status=404, code="ResourceNotFound", method="GET", path=CLUSTER, count=7)
    ask(town)
    seen = set()
    while town.calls("GET", "managedClusters/c1") < 7:
        town.run(0.25, events=False, timer=False)
        seen.add(town.status("ClusterProvisioned"))
    assert seen == {("Unknown", "Creating")}
    town.run_until(town.ready)
    assert town.calls("PUT", "managedClusters/c1") == 1


def test_a_cluster_wrongly_believed_deleted_is_taken_up_again(town: Town) -> None:
    ask(town)
    town.run_until(town.ready)
    town.fault("status", status=404, code="ResourceNotFound", method="GET", path=CLUSTER, count=3)
    town.app.queues.wake(town.id_of())
    town.run_until(lambda: town.status("ClusterProvisioned") == ("False", "Deleted"), timer=False)
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")
    assert town.calls("PUT", "managedClusters/c1") == 1


def test_a_subscription_that_is_not_found_deletes_no_cluster(town: Town) -> None:
    ask(town)
    town.run_until(town.ready)
    town.fault("status", status=404, code="SubscriptionNotFound", method="GET", path=CLUSTER)
    town.app.queues.wake(town.id_of())
    town.run(10)
    assert town.status("ClusterProvisioned") == ("True", "Succeeded")
    assert town.status("Ready") == ("Unknown", "SubscriptionNotFound")
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)


def test_a_single_look_that_does_not_find_a_seen_cluster_concludes_nothing(town: Town) -> None:
    ask(town)
    town.run_until(town.ready)
    town.fault("status", status=404, code="ResourceNotFound", method="GET", path=CLUSTER, count=1)
    town.app.queues.wake(town.id_of())
    town.run(0.2)
    assert town.status("ClusterProvisioned")[0] == "Unknown"
    town.run(5)
    assert town.ready()
    assert len(town.grants_made()) == 2


def test_a_principal_that_is_not_replicated_yet_is_tried_again(town: Town) -> None:
    town.fault("status", status=400, code="PrincipalNotFound", path=ASSIGNMENT, count=6)
    ask(town)
    town.run(1)
    assert town.status("RolesAssigned") == ("False", "PrincipalNotFound")
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")


def test_our_own_role_may_take_ten_minutes_to_spread(town: Town) -> None:
    town.fault("status", status=403, code="AuthorizationFailed", path=ASSIGNMENT)
    ask(town)
    town.run(8)
    assert town.status("RolesAssigned") == ("False", "AuthorizationFailed")
    town.azure.faults.clear()
    town.run_until(town.ready)


def test_our_own_refusal_that_lasts_needs_an_administrator(town: Town) -> None:
    town.fault("status", status=403, code="AuthorizationFailed", path=ASSIGNMENT)
    ask(town)
    town.run(25)
    assert town.status("RolesAssigned") == ("False", "NeedsAdministrator")
    assigned = town.record().condition("RolesAssigned")
    assert assigned and town.subnet in assigned.message
    writes = town.calls("PUT", ASSIGNMENT)
    town.run(50, timer=False, events=False)
    assert town.calls("PUT", ASSIGNMENT) <= writes + 2  # hourly by then, for each of two grants
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)


def test_a_create_we_may_not_do_needs_an_administrator_and_is_tried_on(town: Town) -> None:
    town.fault("status", status=403, code="AuthorizationFailed", method="PUT", path=CLUSTER)
    ask(town)
    town.run(20)
    assert town.status("Ready") == ("False", "NeedsAdministrator")
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)


def test_a_provider_that_is_not_registered_is_told_and_not_registered_by_us(town: Town) -> None:
    """The SDK has a policy that registers it, and waits for that without end."""
    town.fault(
        "status", status=409, code="MissingSubscriptionRegistration", method="PUT", path=CLUSTER,
        message="The subscription is not registered to use namespace 'Microsoft.ContainerService'.",
    )  # fmt: skip
    ask(town)
    town.run(5)
    assert town.status("Ready") == ("False", "MissingSubscriptionRegistration")
    assert town.calls("POST") == 0


def test_a_cluster_we_may_not_read_needs_an_administrator_and_is_not_asked_for_all_day(
    town: Town,
) -> None:
    ask(town)
    town.run_until(town.ready)
    town.fault("status", status=403, code="AuthorizationFailed", method="GET", path=CLUSTER)
    town.app.queues.wake(town.id_of())
    town.run(25)
    assert town.status("Ready") == ("Unknown", "NeedsAdministrator")
    reads = town.calls("GET", "managedClusters/c1")
    town.run(115, timer=False, events=False)
    assert town.calls("GET", "managedClusters/c1") <= reads + 2  # hourly by then
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)
    assert town.record().unread_since is None


def test_an_azure_that_is_down_is_asked_less_and_less_often(town: Town) -> None:
    ask(town)
    town.run(2)
    town.fault("status", status=503, code="ServerUnavailable", method="GET", path=CLUSTER)
    before = town.calls("GET", "managedClusters/c1")
    town.run(120, timer=False, events=False)
    assert town.calls("GET", "managedClusters/c1") - before <= 45  # every 5 minutes in the end
    town.azure.faults.clear()
    town.run_until(town.ready)


def test_a_full_subscription_is_told_and_other_clusters_go_on(found_town: Found) -> None:
    town = found_town()
    limit = len(town.azure.role_assignments.all()) + 1  # room for the node group's own only
    town.azure.world.knobs = town.azure.world.knobs.changed({"role_assignment_limit": limit})
    ask(town)
    town.request("free")
    town.run(10)
    assert town.status("RolesAssigned") == ("False", "RoleAssignmentLimitExceeded")
    assert town.status("ClusterProvisioned", "free") == ("True", "Succeeded")
    writes = town.calls("PUT", ASSIGNMENT)
    town.run(45, timer=False, events=False)
    assert town.calls("PUT", ASSIGNMENT) <= writes + 3
    town.azure.world.knobs = town.azure.world.knobs.changed({"role_assignment_limit": 4000})
    town.run_until(lambda: town.ready() and town.ready("free"), minutes=120)


def test_a_missing_scope_is_told_and_its_appearance_ends_the_wait(town: Town) -> None:
    town.arm("DELETE", town.registry, version="2023-07-01")
    ask(town)
    town.run(10)
    assert town.status("RolesAssigned") == ("False", "ResourceNotFound")
    (made,) = town.grants_made()
    assert made[1] == NETWORK_CONTRIBUTOR
    town.make_registry()
    town.run_until(town.ready)


def test_one_failing_grant_stops_no_other(town: Town) -> None:
    town.fault("status", status=403, code="ScopeLocked", path=f"/nodes/.*{ASSIGNMENT}")
    ask(town)
    town.run(10)
    assert town.grants_made() == [
        grant for grant in town.expected_grants("c1") if grant[1] != NETWORK_CONTRIBUTOR
    ]
    assigned = town.record().condition("RolesAssigned")
    assert assigned and assigned.reason == "ScopeLocked"
    assert town.subnet in assigned.message
    assert town.registry not in assigned.message


def test_an_unreadable_arm_loses_no_cluster(town: Town) -> None:
    ask(town)
    town.run(1)
    town.fault("status", status=503)
    town.run(30)
    assert town.turns_waiting() <= 12
    town.azure.faults.clear()
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")


@pytest.mark.parametrize("code", ["InvalidParameter", "BadRequest", "QuotaExceeded"])
def test_a_refused_create_is_told_once_and_not_repeated(town: Town, code: str) -> None:
    town.fault("status", status=400, code=code, message="no", method="PUT", path=CLUSTER)
    ask(town)
    town.run(60)
    assert town.calls("PUT", "managedClusters/c1") == 1
    assert town.status("Ready") == ("False", code)
    assert town.post.letters == []
