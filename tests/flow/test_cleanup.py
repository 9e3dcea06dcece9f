"""What no cluster needs any more is revoked: exactly what we made, once it is certain."""

from collections.abc import Callable

import pytest

from shared.roles import NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import (
    assign,
    grant_of,
    message,
    principal_of,
    put_identity,
    put_subnet,
    run_delete,
    user_assigned,
)
from tests.flow.topologies import body, net, pool
from tests.flow.town import POLICY, Town

DELETES = POLICY.read_bytes() + b"\ncleanup: delete\ncleanupAfter: PT10M\n"
REPORTS = POLICY.read_bytes() + b"\ncleanup: report\n"
HOUR = 60


def deliver_and_crash(town: Town) -> None:
    """Deliver the messages that are due; the process dies over each."""
    town.azure.advance(30)
    town.tick()
    due = [each for each in town.post.letters if each.at <= town.clock.now()]
    for letter in due:
        town.post.letters.remove(letter)
        town.deliver_and_crash(letter)


@pytest.fixture
def town(found_town: Found) -> Town:
    """A town that cleans up, with one cluster that has its grants."""
    town = found_town(DELETES)
    town.make_cluster()
    town.run_until(town.ready)
    assert len(town.grants_made()) == 2
    return town


def none_left(town: Town) -> Callable[[], bool]:
    return lambda: town.grants_made() == []


def all_assignments(town: Town) -> set[str]:
    return {each.id for each in town.azure.role_assignments.all()}


def take_over(town: Town, role: str) -> str:
    """Somebody writes another description on the assignment of ours; its id."""
    ours = next(each for each in town.azure.role_assignments.all() if each.role_guid == role)
    body = town.arm("GET", ours.id, version="2022-04-01")
    body["properties"]["description"] = "kept by the network team"
    town.arm("PUT", ours.id, body, "2022-04-01")
    return ours.id


def test_a_deleted_clusters_grants_go_and_nobody_elses(town: Town) -> None:
    assign(town, principal_of(town, "kubelet"), NETWORK_CONTRIBUTOR, town.subnet)
    ours = {p.assignment_id for p in town.record().grants}
    others = all_assignments(town) - ours
    node_group = {each for each in others if "/MC_" in each}  # AKS deletes these itself
    town.delete_cluster()
    town.run_until(none_left(town))
    assert others - node_group <= all_assignments(town)
    assert town.calls("DELETE") == 2
    assert (town.record().grants, town.record().former) == ((), ())


def test_a_deleted_cluster_keeps_its_grants_until_it_is_certain(town: Town) -> None:
    town.delete_cluster()
    town.run(8)
    assert town.status("ClusterProvisioned") == ("False", "Deleted")
    assert len(town.grants_made()) == 2
    town.run_until(none_left(town), minutes=10)


def test_the_timer_alone_finds_a_deleted_cluster(town: Town) -> None:
    town.delete_cluster()
    town.run_until(none_left(town), events=False, minutes=HOUR)


def test_a_deletion_told_twice_and_late_deletes_once(town: Town) -> None:
    town.delete_cluster()
    town.azure.advance(600)
    told = town.azure.event_grid.take()
    for event in (*told, *told):
        town.deliver_event(event)
    town.run_until(none_left(town))
    for event in told:
        town.deliver_event(event)
    town.run(30)
    assert town.calls("DELETE") == 2
    assert town.record().settled


def test_a_cluster_made_again_has_its_own_grants_and_the_old_ones_go(town: Town) -> None:
    town.delete_cluster()
    town.run(5)
    town.make_cluster()
    town.run_until(lambda: town.ready() and town.grants_made() == town.expected_grants("c1"))
    assert town.calls("DELETE") == 2
    assert town.record().former == ()


def test_a_cluster_made_again_before_anybody_noticed_leaves_nothing_behind(town: Town) -> None:
    town.delete_cluster()
    town.azure.advance(600)
    town.azure.event_grid.take()
    town.make_cluster()
    town.run_until(lambda: town.ready() and town.grants_made() == town.expected_grants("c1"))


def test_a_pool_that_is_gone_takes_its_subnets_grant_with_it(found_town: Found) -> None:
    town = found_town(DELETES)
    more = put_subnet(town, "more")
    town.make_cluster(agentPoolProfiles=[pool(town.subnet), pool(more, "more")])
    town.run_until(town.ready)
    kept = {scope for _, _, scope in net(town.subnet)} | {town.registry}
    town.make_cluster(agentPoolProfiles=[pool(town.subnet)])
    town.run_until(lambda: {g[2] for g in town.grants_made()} == {each.lower() for each in kept})
    assert town.ready()


def test_a_pool_that_comes_back_in_time_keeps_its_grant(found_town: Found) -> None:
    town = found_town(DELETES)
    more = put_subnet(town, "more")
    both = [pool(town.subnet), pool(more, "more")]
    town.make_cluster(agentPoolProfiles=both)
    town.run_until(town.ready)
    before = grant_of(town, NETWORK_CONTRIBUTOR, more)
    town.make_cluster(agentPoolProfiles=both[:1])
    town.run(6)
    town.make_cluster(agentPoolProfiles=both)
    town.run(30)
    after = grant_of(town, NETWORK_CONTRIBUTOR, more)
    assert (after.assignment_id, after.written_at) == (before.assignment_id, before.written_at)
    assert town.calls("DELETE") == 0


def test_a_switched_identity_leaves_no_role_to_the_old_one(town: Town) -> None:
    identity, principal = put_identity(town)
    cluster = town.arm("GET", str(town.id_of()))
    cluster["identity"] = user_assigned(identity)
    town.arm("PUT", str(town.id_of()), cluster)
    town.run_until(lambda: town.ready() and town.grants_made() == town.expected_grants("c1"))
    assert principal in {holder for holder, _, _ in town.grants_made()}


def test_an_assignment_that_somebody_has_taken_over_is_theirs(town: Town) -> None:
    taken = take_over(town, NETWORK_CONTRIBUTOR)
    town.delete_cluster()
    town.run_until(none_left(town))
    town.run(HOUR)
    assert taken in all_assignments(town)
    assert town.record().settled


@pytest.mark.parametrize("then", ["its identity is switched", "it is deleted"])
def test_what_was_written_by_a_process_that_died_before_it_could_say_so_goes_too(
    found_town: Found, then: str
) -> None:
    town = found_town(DELETES, provisioning_seconds=(5, 5))
    (first, _), (second, principal) = put_identity(town, "one"), put_identity(town, "two")
    town.make_cluster(identity=user_assigned(first))
    while not town.grants_made():
        deliver_and_crash(town)
    if then == "it is deleted":
        town.delete_cluster()
        town.run_until(none_left(town))
        return
    town.make_cluster(identity=user_assigned(second))
    town.run_until(lambda: town.ready() and town.grants_made() == town.expected_grants("c1"))
    assert principal in {holder for holder, _, _ in town.grants_made()}


def test_where_policy_says_report_nothing_is_deleted_and_the_line_is_told(
    found_town: Found,
) -> None:
    town = found_town(REPORTS)
    town.make_cluster()
    town.run_until(town.ready)
    town.delete_cluster()
    town.run(3 * HOUR)
    assert len(town.grants_made()) == 2
    assert town.calls("DELETE") == 0
    assert town.record().settled
    run_delete(town, message(town, "ClusterProvisioned").partition("can run: ")[2])
    assert town.grants_made() == []


def test_what_azure_refused_to_write_is_not_reported_as_left(found_town: Found) -> None:
    town = found_town(REPORTS)
    town.fault(
        "status", status=403, code="AuthorizationFailed", method="PUT", path="roleAssignments"
    )
    town.make_cluster()
    town.run(30)
    town.delete_cluster()
    town.run(HOUR)
    assert message(town, "ClusterProvisioned") == "the cluster is gone"


def test_a_write_that_azure_did_not_answer_is_no_revocation_that_failed(found_town: Found) -> None:
    town = found_town(DELETES)
    town.fault("reset", method="PUT", path="roleAssignments")
    town.make_cluster()
    town.run(20)
    town.delete_cluster()
    town.run_until(lambda: town.record().deleted)
    assert len(town.record().former) == 2  # they may be there
    assert message(town, "ClusterProvisioned") == "the cluster is gone"
    town.run_until(lambda: town.record().former == ())


def test_what_was_only_reported_is_deleted_once_policy_says_so(found_town: Found) -> None:
    town = found_town(REPORTS)
    town.make_cluster()
    town.run_until(town.ready)
    town.delete_cluster()
    town.run(HOUR)
    assert town.record().settled and len(town.grants_made()) == 2
    town.change_policy(DELETES)
    town.run_until(none_left(town), minutes=HOUR)


def test_a_revocation_that_is_not_allowed_is_said_and_tried_again(town: Town) -> None:
    town.fault(
        "status", status=403, code="AuthorizationFailed", method="DELETE", path="roleAssignments"
    )
    town.delete_cluster()
    town.run(20)
    assert len(town.grants_made()) == 2
    assert "cannot be revoked (AuthorizationFailed" in message(town, "ClusterProvisioned")
    town.azure.faults.clear()
    town.run_until(none_left(town), minutes=2 * HOUR)
    town.run(1)
    assert message(town, "ClusterProvisioned") == "the cluster is gone"


def test_while_a_registry_cannot_be_read_its_pull_role_stays(found_town: Found) -> None:
    """How a registry grants decides the role: what is not known is not called needless."""
    town = found_town(DELETES)
    town.make_cluster(**body()["properties"])
    town.run_until(town.ready)
    before = town.grants_made()
    town.fault("status", status=403, code="AuthorizationFailed", path="Microsoft.Container"
               "Registry/registries/shared", method="GET")  # fmt: skip
    town.forget("clusters")
    town.run(2 * HOUR)
    assert town.grants_made() == before


def test_the_audit_tells_of_each_revocation(town: Town) -> None:
    ours = {p.assignment_id.lower() for p in town.record().grants}
    town.delete_cluster()
    town.run_until(none_left(town))
    rows = [row for row in town.app.store.audited(town.id_of()) if row.action.endswith("/delete")]
    assert {row.target.lower() for row in rows} == ours
    assert [row.outcome for row in rows] == ["", "succeeded"] * 2
