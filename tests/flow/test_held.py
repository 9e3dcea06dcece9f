"""What a cluster has already is left alone, and said; what only looks like it is not believed."""

from datetime import timedelta

import pytest

from shared import roles
from shared.model import CONTROL_PLANE, Progress
from tests.flow.conftest import Found
from tests.flow.ground import (
    assign,
    grant_of,
    group_of,
    made,
    made_for,
    put_cluster,
    put_identity,
    user_assigned,
    writes,
)
from tests.flow.topologies import POLICY, body, net, pool
from tests.flow.town import Town

FOR_SERVICES_ONLY = (
    "@Resource[Microsoft.Authorization/roleAssignments:PrincipalType] "
    "StringEqualsIgnoreCase 'ServicePrincipal'"
)


@pytest.fixture
def town(found_town: Found) -> Town:
    return found_town(POLICY)


def node_subnet(town: Town) -> Progress:
    return grant_of(town, roles.NETWORK_CONTRIBUTOR, town.subnet)


def put_with(town: Town, identity: str) -> None:
    put_cluster(town, body(user_assigned(identity), agentPoolProfiles=[pool(town.subnet)]))


@pytest.mark.parametrize("above", ["group", "subscription"])
@pytest.mark.parametrize(
    "role", [roles.NETWORK_CONTRIBUTOR, roles.CONTRIBUTOR], ids=["same", "stronger"]
)
def test_a_role_held_above_is_as_good(town: Town, above: str, role: str) -> None:
    identity, principal = put_identity(town)
    group = group_of(town, "net-main")
    scope = group if above == "group" else group.partition("/resourceGroups/")[0]
    assign(town, principal, role, scope)
    put_with(town, identity)
    town.run_until(town.ready)
    held = node_subnet(town)
    assert held.held_as == f"{roles.role_name(role)} at {scope}"
    assert not held.made_by_us
    assert writes(town) == []


@pytest.mark.parametrize("scope", ["group", "subnet"])
def test_what_was_granted_days_ago_works_within_minutes_and_is_never_late(
    town: Town, scope: str
) -> None:
    """Its window was over before the cluster was there; no timer is needed."""
    identity, principal = put_identity(town)
    where = {"group": group_of(town, "net-main"), "subnet": town.subnet}[scope]
    assign(town, principal, roles.NETWORK_CONTRIBUTOR, where)
    town.azure.advance(3 * 24 * 3600)
    put_with(town, identity)
    begun = town.clock.now()
    while not town.ready():
        town.run(0.5, timer=False)
        assert town.status("PermissionsEffective")[1] != "WindowExceeded"
        assert town.clock.now() - begun < timedelta(minutes=8)
    assert node_subnet(town).evidence == "WindowPassed"
    assert writes(town) == []


@pytest.mark.parametrize("role", [roles.READER, roles.MANAGED_IDENTITY_OPERATOR])
def test_another_role_is_not_as_good(town: Town, role: str) -> None:
    identity, principal = put_identity(town)
    assign(town, principal, role, group_of(town, "net-main"))
    put_with(town, identity)
    town.run_until(town.ready)
    assert made(town) == made_for(town, net(town.subnet))
    assert node_subnet(town).held_as == ""


@pytest.mark.parametrize("role", [roles.NETWORK_CONTRIBUTOR, roles.CONTRIBUTOR])
def test_a_role_held_above_under_a_condition_counts_for_nothing(town: Town, role: str) -> None:
    identity, principal = put_identity(town)
    group, condition = group_of(town, "net-main"), FOR_SERVICES_ONLY
    assign(town, principal, role, group, condition=condition, conditionVersion="2.0")
    put_with(town, identity)
    town.run_until(town.ready)
    assert made(town) == made_for(town, net(town.subnet))


def test_an_equal_assignment_under_a_condition_is_in_the_place_of_ours(town: Town) -> None:
    """No other of the same role can be made there; people are told."""
    identity, principal = put_identity(town)
    assign(
        town,
        principal,
        roles.NETWORK_CONTRIBUTOR,
        town.subnet,
        condition=FOR_SERVICES_ONLY,
        conditionVersion="2.0",
    )
    put_with(town, identity)
    town.run_until(town.ready)
    assert writes(town) == []
    assert node_subnet(town).held_as == "Network Contributor under a condition"


def test_what_another_principal_holds_counts_for_nothing(town: Town) -> None:
    identity, principal = put_identity(town)
    _, other = put_identity(town, "other")
    assign(town, other, roles.CONTRIBUTOR, group_of(town, "net-main"))
    put_with(town, identity)
    town.run_until(town.ready)
    assert made(town) == {(principal, roles.NETWORK_CONTRIBUTOR, town.subnet.lower())}


def test_a_stronger_role_that_is_taken_away_is_made_up_for(town: Town) -> None:
    identity, principal = put_identity(town)
    group = group_of(town, "net-main")
    assign(town, principal, roles.CONTRIBUTOR, group)
    put_with(town, identity)
    town.run_until(town.ready)
    (held,) = (a for a in town.azure.role_assignments.of_principal(principal) if a.scope == group)
    town.arm("DELETE", held.id, version="2022-04-01")
    town.run_until(lambda: bool(made(town)), minutes=180)
    assert made(town) == made_for(town, {(CONTROL_PLANE, roles.NETWORK_CONTRIBUTOR, town.subnet)})
