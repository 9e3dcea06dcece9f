"""What stands in the way of a grant is named: at once if no waiting helps, else when it is late;
and whatever it is, the cluster recovers when it is gone."""

import pytest

from infra.emulator.deny_assignments import EVERYONE, Denial
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import assign, put_role
from tests.flow.test_held import FOR_SERVICES_ONLY
from tests.flow.test_permissions import PROBING, grant_of, never_effective
from tests.flow.town import POLICY, Town

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ = "Microsoft.Network/virtualNetworks/subnets/read"
CUSTOM = "cccccccc-1111-4222-8333-444444444444"
BY_ROLE = f"""
roles: {{ nodeSubnets: {CUSTOM} }}
""".encode()
ALSO = b"""  - roles: [cccccccc-1111-4222-8333-444444444444]
    scopes: [/subscriptions/*/resourceGroups/net-*]
grants:"""
BY_CUSTOM_ROLE = POLICY.read_bytes().replace(b"grants:", ALSO, 1) + BY_ROLE


def deny(
    town: Town, *actions: str, scope: str = "", to: str = EVERYONE, spared: tuple[str, ...] = ()
) -> str:
    """Azure denies actions on the subnet, to no identity of the town's people; its GUID."""
    people = (town.azure.operator.object_id, town.azure.app_identity.object_id)
    denial = Denial(scope or town.subnet, actions, "managed by others", (to,), people + spared)
    return town.azure.deny_assignments.add(denial).guid


def message(town: Town) -> str:
    found = town.record().condition("PermissionsEffective")
    return found.message if found else ""


@pytest.mark.parametrize(
    ("action", "above"), [(JOIN, False), ("*", True), ("Microsoft.Network/*", False)]
)
def test_what_a_deny_assignment_takes_away_is_not_readable_but_named(
    town: Town, action: str, above: bool
) -> None:
    deny(town, action, scope=town.subnet.partition("/providers/")[0] if above else "")
    town.request(parameters={"subnet": town.subnet})
    town.run(15)
    assert town.status("PermissionsEffective") == ("False", "DenyAssignment")
    assert "managed by others" in message(town) and JOIN in message(town)
    assert grant_of(town, NETWORK_CONTRIBUTOR).state == "readable"
    assert grant_of(town, ACR_PULL).evidence == "Readable"
    assert not town.ready()


def test_a_deny_assignment_that_is_lifted_is_noticed_at_the_next_look(town: Town) -> None:
    guid = deny(town, JOIN)
    town.request(parameters={"subnet": town.subnet})
    town.run(15)
    town.azure.deny_assignments.remove(guid)
    town.run_until(town.ready, minutes=10)
    assert town.status("Ready") == ("True", "Readable")


def test_the_window_does_not_make_good_what_is_denied(town: Town) -> None:
    guid = deny(town, JOIN)
    town.request(parameters={"subnet": town.subnet})
    town.run(75)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert "managed by others" in message(town)
    town.azure.deny_assignments.remove(guid)
    town.run_until(town.ready, minutes=75)


@pytest.mark.parametrize(
    "actions", [("Microsoft.Network/virtualNetworks/delete",), ("Microsoft.Compute/*",)]
)
def test_a_deny_assignment_of_other_actions_is_in_nobodys_way(
    town: Town, actions: tuple[str, ...]
) -> None:
    deny(town, *actions)
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready, minutes=15)


def test_a_deny_assignment_of_another_principal_or_one_that_spares_ours_is_not_ours(
    town: Town,
) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    ours = town.cluster().control_plane_principal_id
    deny(town, JOIN, to=CUSTOM)
    deny(town, "*", spared=(ours,))
    town.run_until(town.ready, minutes=15)


def test_deny_assignments_that_cannot_be_read_are_no_reason_to_believe_before_the_window_ends(
    town: Town,
) -> None:
    town.fault("status", status=403, code="AuthorizationFailed", path="denyAssignments")
    town.request(parameters={"subnet": town.subnet})
    town.run(30)
    assert town.status("PermissionsEffective") == ("Unknown", "AuthorizationFailed")
    town.run_until(town.ready)
    assert town.status("Ready") == ("True", "WindowPassed")


def test_a_deny_assignment_from_above_the_subscription_counts(town: Town) -> None:
    deny(town, JOIN, scope="/")
    town.request(parameters={"subnet": town.subnet})
    town.run(15)
    assert town.status("PermissionsEffective") == ("False", "DenyAssignment")


def test_clusters_share_one_list_of_deny_assignments_and_waiting_ones_take_none(
    town: Town,
) -> None:
    names = ("c1", "c2", "c3")
    for name in names:
        town.request(name, parameters={"subnet": town.subnet})
    town.run(75)
    assert {town.status("Ready", name) for name in names} == {("True", "WindowPassed")}
    assert town.calls("GET", "denyAssignments") == 1


def test_a_custom_role_that_lacks_what_the_grant_is_for_is_named_with_the_action(
    found_town: Found,
) -> None:
    town = found_town(BY_CUSTOM_ROLE)
    put_role(town, CUSTOM, READ)
    town.request(parameters={"subnet": town.subnet})
    town.run(15)
    assert town.status("PermissionsEffective") == ("False", "RoleLacksAction")
    assert f"does not allow {JOIN}" in message(town)


def test_a_custom_role_that_has_what_the_grant_is_for_is_as_good_as_the_usual_one(
    found_town: Found,
) -> None:
    town = found_town(BY_CUSTOM_ROLE)
    put_role(town, CUSTOM, READ, JOIN)
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready, minutes=15)


def test_late_with_nothing_in_the_way_says_so(found_town: Found) -> None:
    town = found_town(PROBING)
    town.request(parameters={"subnet": town.subnet})
    town.run(5)
    never_effective(town, NETWORK_CONTRIBUTOR)
    town.run(75)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert "nothing was found that stands in the way" in message(town)


def test_late_behind_a_deny_assignment_names_it(found_town: Found) -> None:
    town = found_town(PROBING)
    guid = deny(town, JOIN)
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert "managed by others" in message(town)
    town.azure.deny_assignments.remove(guid)
    town.run_until(town.ready, minutes=75)


def test_late_behind_a_role_without_the_denied_action_names_both(found_town: Found) -> None:
    town = found_town(BY_CUSTOM_ROLE + b"propagation: { verify: probe }\n")
    put_role(town, CUSTOM, READ)
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert f"does not allow {JOIN}" in message(town)
    put_role(town, CUSTOM, READ, JOIN)
    town.run_until(town.ready, minutes=130)
    assert grant_of(town, ACR_PULL).evidence == "Probe"


def test_late_behind_a_condition_shows_the_condition(found_town: Found) -> None:
    town = found_town(PROBING)
    town.make_cluster()
    principal = town.cluster().control_plane_principal_id
    more = {"condition": FOR_SERVICES_ONLY, "conditionVersion": "2.0"}
    assign(town, principal, NETWORK_CONTRIBUTOR, town.subnet, **more)
    town.run(5)
    for made in town.azure.role_assignments.of_principal(principal):
        if made.condition:
            town.azure.role_assignments.set_effective_at(made.name, None)
    town.run(75)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert "under a condition" in message(town)


def lock(town: Town, scope: str, level: str = "ReadOnly") -> str:
    """The operator locks a scope; the lock's id."""
    path = f"{scope}/providers/Microsoft.Authorization/locks/keep-{level}"
    town.arm("PUT", path, {"properties": {"level": level}}, "2020-05-01")
    return path


def late(found_town: Found, role: str = NETWORK_CONTRIBUTOR) -> Town:
    """A town where a role is made, and never works."""
    town = found_town(PROBING)
    town.request(parameters={"subnet": town.subnet})
    town.run(5)
    never_effective(town, role)
    return town


def test_late_behind_a_read_only_lock_above_names_it_and_only_then_reads_locks(
    found_town: Found,
) -> None:
    town = late(found_town)
    path = lock(town, town.subnet.partition("/providers/")[0])
    lock(town, town.subnet, "CanNotDelete")
    town.run(40)
    assert town.calls("GET", "/locks") == 0
    town.run(40)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert f"the read-only lock 'keep-ReadOnly' ({path}) holds back {JOIN}" in message(town)
    assert "CanNotDelete" not in message(town)
    town.arm("DELETE", path, version="2020-05-01")
    town.run_until(lambda: "nothing was found" in message(town), minutes=75)


def test_a_lock_is_in_nobodys_way_who_only_reads(found_town: Found) -> None:
    town = late(found_town, ACR_PULL)
    town.run(10)
    lock(town, town.registry)
    town.run(70)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert "nothing was found that stands in the way" in message(town)


def test_locks_that_cannot_be_read_are_not_named(found_town: Found) -> None:
    town = late(found_town)
    lock(town, town.subnet)
    town.fault("status", status=403, code="AuthorizationFailed", path="/locks$")
    town.run(80)
    assert town.calls("GET", "/locks", 403) > 0
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert "nothing was found that stands in the way" in message(town)


def test_a_scope_that_is_locked_before_the_role_is_written_is_named_at_once(quick: Town) -> None:
    town = quick
    path = lock(town, town.subnet)
    town.request(parameters={"subnet": town.subnet})
    town.run(5)
    assert town.status("RolesAssigned") == ("False", "ScopeLocked")
    town.arm("DELETE", path, version="2020-05-01")
    town.run_until(town.ready, minutes=90)


def test_the_late_are_looked_at_hourly_until_they_work(found_town: Found) -> None:
    town = found_town(PROBING, effective_seconds=(3 * 3600, 3 * 3600))
    town.request(parameters={"subnet": town.subnet})
    town.run(80)
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    before = town.calls("POST", "runCommand")
    town.run(60)
    assert 0 < town.calls("POST", "runCommand") - before <= 4  # two targets, one look or two
    town.run_until(town.ready, minutes=120)
    assert town.status("Ready") == ("True", "Probe")


def test_a_late_cluster_whose_record_is_lost_is_late_again_and_not_ready(found_town: Found) -> None:
    """The window is over by the assignment's own date, and the permission still does not work."""
    town = found_town(PROBING, effective_seconds=(7200, 7200))
    town.make_cluster()
    town.run_until(lambda: town.status("PermissionsEffective")[1] == "WindowExceeded", 120)
    town.forget()
    town.tick()
    town.run(20)
    assert not town.ready()
    assert town.status("PermissionsEffective") == ("False", "WindowExceeded")
    town.run_until(town.ready, 180)
    assert town.status("Ready") == ("True", "Probe")
