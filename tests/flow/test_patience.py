"""How long the product waits for what Azure refuses, and that it never sleeps over it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from infra.emulator.deny_assignments import Denial
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import assign, message, put_identity, user_assigned
from tests.flow.town import Town
from tests.flow.tries import ASSIGNMENT, CLUSTER, HOURLY, ROUGHLY, ask, first_gap, gaps, requests

RBAC_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"


def test_a_principal_that_stays_unknown_is_called_missing_after_a_quarter_of_an_hour(
    quick: Town,
) -> None:
    town = quick
    town.fault("status", status=400, code="PrincipalNotFound", path=ASSIGNMENT)
    ask(town)
    town.run(14)
    assert town.status("RolesAssigned") == ("False", "PrincipalNotFound")
    town.run(6)
    assert town.status("RolesAssigned") == ("False", "PrincipalMissing")
    town.run_until(lambda: gaps(town, "PUT", "/nodes/")[-1] >= HOURLY, timer=False, events=False)
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)


def test_a_principal_that_takes_the_place_of_a_missing_one_is_granted_at_once(quick: Town) -> None:
    town = quick
    town.fault("status", status=400, code="PrincipalNotFound", path=ASSIGNMENT)
    town.make_cluster()
    town.run(20)
    assert town.status("RolesAssigned") == ("False", "PrincipalMissing")
    town.delete_cluster()
    town.run_until(lambda: town.azure.clusters.find(str(town.id_of())) is None)
    town.azure.faults.clear()
    town.make_cluster()
    town.run(2)
    assert (town.cluster("c1").control_plane_principal_id, NETWORK_CONTRIBUTOR) in {
        made[:2] for made in town.grants_made()
    }


def missing(town: Town, **cluster: Any) -> None:
    """A cluster whose grants Azure refuses since it does not know the principals."""
    town.fault("status", status=400, code="PrincipalNotFound", path=ASSIGNMENT)
    town.make_cluster(**cluster)
    town.run(14)


def said_of_missing(town: Town) -> str:
    """What people are told a quarter of an hour after the cluster was made."""
    town.run_until(lambda: town.status("RolesAssigned")[1] == "PrincipalMissing", minutes=6)
    return message(town, "RolesAssigned")


def test_the_identity_of_a_missing_principal_is_said_to_be_gone(quick: Town) -> None:
    identity, _ = put_identity(quick)
    missing(quick, identity=user_assigned(identity))
    quick.arm("DELETE", identity)
    assert f"{identity} is gone" in said_of_missing(quick)


def test_an_identity_that_was_made_again_is_said_to_be_another(quick: Town) -> None:
    identity, _ = put_identity(quick)
    missing(quick, identity=user_assigned(identity))
    quick.arm("DELETE", identity)
    _, principal = put_identity(quick)
    said = said_of_missing(quick)
    assert f"{identity} was made again, and its principal is now '{principal}'" in said


def test_an_identity_that_is_there_is_not_blamed_for_a_missing_principal(quick: Town) -> None:
    identity, _ = put_identity(quick)
    missing(quick, identity=user_assigned(identity))
    assert f"{identity} is there, with this principal" in said_of_missing(quick)


def test_a_missing_principal_of_the_clusters_own_identity_is_no_other_resource(quick: Town) -> None:
    missing(quick)
    assert "the cluster has this identity itself" in said_of_missing(quick)
    assert quick.calls("GET", "userAssignedIdentities/") == 0


def test_an_identity_that_we_may_not_read_is_said_to_be_unread(quick: Town) -> None:
    identity, _ = put_identity(quick)
    quick.fault("status", status=403, code="AuthorizationFailed", path="userAssignedIdentities/")
    missing(quick, identity=user_assigned(identity))
    assert "is there cannot be read (AuthorizationFailed)" in said_of_missing(quick)


def test_identities_that_there_is_no_room_to_read_are_said_to_be_unread(quick: Town) -> None:
    """One read is refused for their number, so the next is not sent."""
    identity, _ = put_identity(quick)
    quick.fault("status", status=400, code="PrincipalNotFound", path="/shared/.*roleAssignments/")
    wait = {"status": 429, "code": "TooManyRequests", "retry_after": 60}
    quick.fault("status", path="userAssignedIdentities/", **wait)
    missing(quick, identity=user_assigned(identity))
    said_of_missing(quick)
    unread = [p.message for p in quick.record().grants if "cannot be read (" in p.message]
    assert len(unread) == 2
    assert any("cannot be read (AwaitingBudget)" in each for each in unread)


def test_the_kubelets_own_identity_is_looked_for_as_well(quick: Town) -> None:
    town = quick
    town.make_cluster()
    town.fault("status", status=400, code="PrincipalNotFound", path="/shared/.*roleAssignments/")
    town.run(14)
    town.run_until(lambda: town.status("RolesAssigned")[1] == "PrincipalMissing", minutes=6)
    assert "is there, with this principal" in message(town, "RolesAssigned")
    assert town.calls("GET", "userAssignedIdentities/") == 1


@pytest.mark.parametrize("code", ["AuthorizationFailed", "LinkedAuthorizationFailed"])
def test_a_refusal_of_our_own_identity_needs_an_administrator_after_ten_minutes(
    quick: Town, code: str
) -> None:
    town = quick
    town.fault("status", status=403, code=code, path=ASSIGNMENT)
    ask(town)
    town.run(9)
    assert town.status("RolesAssigned") == ("False", code)
    town.run(5)
    assert town.status("RolesAssigned") == ("False", "NeedsAdministrator")


def test_a_grant_that_must_be_there_first_is_waited_for_as_long_as_it_may_spread(
    quick: Town,
) -> None:
    code = "CustomPrivateDNSZoneMissingPermissionError"
    town = quick
    town.fault("status", status=400, code=code, flat=True, method="PUT", path=CLUSTER)
    ask(town)
    town.run(66)
    assert town.status("Ready") == ("False", code)
    assert max(gaps(town, "PUT", "managedClusters/c1")) <= timedelta(minutes=6)
    writes = town.calls("PUT", "managedClusters/c1")
    town.run(50, timer=False, events=False)
    assert town.calls("PUT", "managedClusters/c1") <= writes + 1
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)


def test_a_condition_on_our_own_role_is_named_at_once(found_town: Found) -> None:
    town = found_town(provisioning_seconds=(5, 5), app_roles=("Contributor",))
    only_pull = (
        "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
        "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
        f"ForAnyOfAnyValues:GuidEquals {{{ACR_PULL}}}))"
    )
    assign(
        town, town.azure.app_identity.object_id, RBAC_ADMINISTRATOR,
        f"/subscriptions/{town.subscription}", condition=only_pull, conditionVersion="2.0",
    )  # fmt: skip
    town.azure.advance(600)
    ask(town)
    town.run(2)
    assert town.status("RolesAssigned") == ("False", "ConditionNotFulfilled")
    assert [made[1] for made in town.grants_made()] == [ACR_PULL]
    town.run(30, timer=False, events=False)
    assert town.calls("PUT", "/nodes/") == 1


def test_a_deny_assignment_is_named_at_once(quick: Town) -> None:
    town = quick
    write = "Microsoft.Authorization/roleAssignments/write"
    denial = town.azure.deny_assignments.add(Denial(town.subnet, (write,)))
    ask(town)
    town.run(2)
    assert town.status("RolesAssigned") == ("False", "DenyAssignment")
    assert denial.id in message(town, "RolesAssigned")
    town.azure.deny_assignments.remove(denial.guid)
    town.run_until(town.ready, minutes=120)


def test_what_is_there_under_another_name_is_done(quick: Town) -> None:
    """A read that does not show it yet makes the product write it, and ARM refuse that."""
    town = quick
    town.azure.world.knobs = town.azure.world.knobs.changed({"readable_seconds": (120, 120)})
    town.make_cluster()
    principal = town.cluster("c1").control_plane_principal_id
    assign(town, principal, NETWORK_CONTRIBUTOR, town.subnet)
    town.run_until(town.ready)
    assert town.calls("PUT", "/nodes/", 409) == 1
    assert town.calls("PUT", "/nodes/", 201) == 0
    (found,) = [p for p in town.record().grants if p.grant.role == NETWORK_CONTRIBUTOR]
    assert found.assignment_id
    assert not found.made_by_us


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "240"}, 240),
        ({"retry-after-ms": "240000"}, 240),
        ({"x-ms-retry-after-ms": "240000"}, 240),
        (
            {
                "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
                "Retry-After": "Wed, 21 Oct 2015 07:32:00 GMT",
            },
            240,
        ),
        ({"Retry-After": "Wed, 21 Oct 2015 07:32:00 GMT"}, 15),
        ({"Retry-After": "soon", "Date": "now"}, 15),
        ({"Retry-After": "-5"}, 15),
        ({"Retry-After": "0"}, 15),
        ({"Retry-After": "9" * 40}, 3600),
    ],
)
def test_azure_says_how_long_to_wait_in_many_ways(
    quick: Town, headers: dict[str, str], seconds: int
) -> None:
    town = quick
    town.fault("status", status=429, code="TooManyRequests", headers=headers, path=ASSIGNMENT)
    ask(town)
    wait = timedelta(seconds=seconds)
    assert wait <= first_gap(town, "/nodes/") <= wait + ROUGHLY


@pytest.mark.parametrize("kind", ["status", "html"])
@pytest.mark.parametrize("status", [403, 409, 429, 503])
def test_no_turn_sleeps_though_azure_says_how_long_to_wait(
    quick: Town, kind: str, status: int
) -> None:
    """A client that sleeps moves the town's clock; one that tries again asks twice."""
    town = quick
    ask(town)
    town.run(1)
    town.fault(kind, status=status, code="TooManyRequests", retry_after=600)
    before, asked = town.clock.now(), Counter(requests(town))
    town.app.reconciler.turn(town.id_of())
    assert town.clock.now() == before
    assert (Counter(requests(town)) - asked).total() == 1


def test_no_write_of_a_turn_sleeps_either(quick: Town) -> None:
    town = quick
    town.make_cluster()
    town.run(0.2, events=False, timer=False)
    town.fault("status", status=429, retry_after=600, method="PUT", path="roleAssignments")
    before, asked = town.clock.now(), Counter(requests(town))
    town.app.reconciler.turn(town.id_of())
    assert town.clock.now() == before
    new = Counter(requests(town)) - asked
    assert {times for (sent, _), times in new.items() if sent == "PUT"} == {1}
