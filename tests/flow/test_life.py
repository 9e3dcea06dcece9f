"""A cluster's life: deleted, made again under its name, its roles and identities changed."""

from infra.emulator.clusters import Outcome
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.ground import put_identity
from tests.flow.town import Town


def settle(town: Town) -> None:
    """A cluster asked for, with its window passed: nothing is pending any more."""
    town.request(parameters={"subnet": town.subnet})
    town.run_until(lambda: town.ready() and town.record().settled)


def delete_and_wait(town: Town) -> None:
    town.delete_cluster()
    town.run_until(lambda: town.azure.clusters.find(str(town.id_of())) is None)


def test_a_deleted_cluster_is_called_deleted_after_two_looks(town: Town) -> None:
    settle(town)
    delete_and_wait(town)
    town.run_until(lambda: town.status("ClusterProvisioned") == ("False", "Deleted"), minutes=5)
    assert town.status("Ready") == ("False", "Deleted")
    town.run(2)
    writes = town.calls("PUT")
    town.run(60)
    assert town.post.letters == []
    assert town.record().settled
    assert town.calls("PUT") == writes
    assert town.azure.clusters.all() == []


def test_a_cluster_deleted_in_the_middle_gets_nothing_any_more(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.provisioned)
    town.arm("DELETE", str(town.id_of()))
    writes = town.calls("PUT")
    town.run(30)
    assert town.calls("PUT") == writes
    assert town.status("ClusterProvisioned") == ("False", "Deleted")


def test_the_deletion_is_found_without_any_event(town: Town) -> None:
    settle(town)
    town.delete_cluster()
    town.run(25, events=False)
    assert town.status("ClusterProvisioned") == ("False", "Deleted")


def test_a_cluster_made_again_is_another_cluster(town: Town) -> None:
    settle(town)
    before = town.record()
    delete_and_wait(town)
    town.make_cluster()
    town.run_until(lambda: town.provisioned() and town.ready())
    after = town.record()
    assert after.resource_uid != before.resource_uid
    assert {p.grant.principal_id for p in after.grants}.isdisjoint(
        p.grant.principal_id for p in before.grants
    )
    names = {p.assignment_id for p in after.grants}
    assert names.isdisjoint(p.assignment_id for p in before.grants)
    assert set(town.expected_grants("c1")) <= set(town.grants_made())
    assert town.calls("PUT", "roleAssignments", 400) == 0  # no RoleAssignmentUpdateNotPermitted
    assert town.calls("PUT", "roleAssignments", 201) == 4


def test_a_cluster_made_again_before_anybody_noticed_is_another_cluster(town: Town) -> None:
    settle(town)
    old = town.expected_grants("c1")
    town.delete_cluster()
    town.azure.advance(600)
    town.azure.event_grid.take()
    town.make_cluster()
    town.azure.advance(600)
    town.azure.event_grid.take()
    town.run_until(lambda: set(town.expected_grants("c1")) <= set(town.grants_made()))
    assert set(town.expected_grants("c1")).isdisjoint(old)
    town.run_until(town.ready)
    assert {p.grant.principal_id for p in town.record().former} == {holder for holder, _, _ in old}


def test_ready_is_not_inherited_by_the_next_cluster_of_the_name(town: Town) -> None:
    settle(town)
    delete_and_wait(town)
    town.make_cluster()
    town.app.queues.wake(town.id_of())
    town.run(1)
    assert town.cluster().provisioning_state == "Creating"
    assert not town.ready()


def test_the_grants_of_a_gone_cluster_are_remembered(town: Town) -> None:
    settle(town)
    made = {p.assignment_id for p in town.record().grants}
    delete_and_wait(town)
    town.make_cluster()
    town.run_until(town.ready)
    assert {p.assignment_id for p in town.record().former} == made


def test_an_assignment_removed_by_a_human_is_made_again(town: Town) -> None:
    settle(town)
    lost = next(p for p in town.record().grants if p.grant.role == NETWORK_CONTRIBUTOR)
    town.arm("DELETE", lost.assignment_id, version="2022-04-01")
    town.app.queues.wake(town.id_of())
    town.run_until(lambda: town.grants_made() == town.expected_grants("c1"), minutes=20)
    town.run_until(town.ready)
    again = next(p for p in town.record().grants if p.grant.role == NETWORK_CONTRIBUTOR)
    assert again.assignment_id == lost.assignment_id
    assert lost.deadline and again.deadline and again.deadline > lost.deadline


def test_a_removed_assignment_is_noticed_within_a_day_without_any_event(town: Town) -> None:
    settle(town)
    for progress in town.record().grants:
        town.arm("DELETE", progress.assignment_id, version="2022-04-01")
    town.run_until(
        lambda: town.grants_made() == town.expected_grants("c1"), minutes=26 * 60, events=False
    )


def test_a_switched_identity_gets_the_roles(town: Town) -> None:
    settle(town)
    old = town.cluster().control_plane_principal_id
    identity, principal = put_identity(town)
    body = town.arm("GET", str(town.id_of()))
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    town.arm("PUT", str(town.id_of()), body)
    town.run_until(lambda: (principal, NETWORK_CONTRIBUTOR, town.subnet.lower())
                   in town.grants_made())  # fmt: skip
    town.run_until(town.ready)
    assert {p.grant.principal_id for p in town.record().former} == {old}
    assert principal in {p.grant.principal_id for p in town.record().grants}


def test_a_failed_cluster_keeps_its_grants_and_becomes_ready_when_repaired(town: Town) -> None:
    town.azure.clusters.expect(Outcome())
    town.request(parameters={"subnet": town.subnet})
    town.run(10)
    assert town.status("ClusterProvisioned") == ("False", "ProvisioningFailed")
    assert len(town.grants_made()) == 1
    body = town.arm("GET", str(town.id_of()))
    town.arm("PUT", str(town.id_of()), body)
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")


def test_an_update_of_a_settled_cluster_is_followed(town: Town) -> None:
    settle(town)
    body = town.arm("GET", str(town.id_of()))
    town.arm("PUT", str(town.id_of()), body)
    town.app.queues.wake(town.id_of())
    town.run(0.2)
    assert town.status("ClusterProvisioned") == ("Unknown", "Updating")
    town.run_until(town.ready)


def test_a_lost_record_is_made_again_from_what_azure_shows(town: Town) -> None:
    settle(town)
    made = town.grants_made()
    writes = town.calls("PUT")
    town.forget()
    town.run_until(lambda: town.app.store.load(town.id_of()) is not None and town.ready())
    assert town.grants_made() == made
    assert town.calls("PUT") == writes
    assert {p.grant.role for p in town.record().grants} == {NETWORK_CONTRIBUTOR, ACR_PULL}
