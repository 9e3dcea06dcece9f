"""Clusters that run as one identity share its assignments: who uses one is known before it goes."""

from datetime import timedelta

import pytest
from azure.data.tables import TableServiceClient, UpdateMode

from shared.roles import NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import assign, grant_of, network_of, put_identity, put_subnet, user_assigned
from tests.flow.topologies import pool
from tests.flow.town import POLICY, Town

DELETES = POLICY.read_bytes() + b"\ncleanup: delete\ncleanupAfter: PT10M\n"
HOUR = 60


@pytest.fixture
def town(found_town: Found) -> Town:
    """A town that cleans up, with two clusters that run as one identity and are ready."""
    town = found_town(DELETES)
    identity, _ = put_identity(town)
    for name in ("c1", "c2"):
        town.make_cluster(name, identity=user_assigned(identity))
    town.run_until(lambda: town.ready("c1") and town.ready("c2"))
    return town


def the_assignment(town: Town) -> str:
    """The id of the one that both share."""
    return grant_of(town, NETWORK_CONTRIBUTOR, town.subnet).assignment_id


def is_there(town: Town, assignment_id: str) -> bool:
    return assignment_id in {each.id for each in town.azure.role_assignments.all()}


def users(town: Town, assignment_id: str) -> set[str]:
    """The names of the clusters that are in the ledger for an assignment."""
    return {user.cluster.name for user in town.app.ledger.users(assignment_id)}


@pytest.mark.parametrize("last", ["c1", "c2"])
def test_it_goes_with_the_last_of_its_clusters(town: Town, last: str) -> None:
    ours = the_assignment(town)
    town.delete_cluster("c2" if last == "c1" else "c1")
    town.run(HOUR)
    assert town.grants_made() == town.expected_grants(last)
    assert is_there(town, ours) and town.ready(last)
    assert town.calls("DELETE", ours) == 0
    town.delete_cluster(last)
    town.run_until(lambda: town.grants_made() == [])


def test_entries_of_earlier_versions_count(town: Town, tables: TableServiceClient) -> None:
    """They do not say when they were made."""
    ours = the_assignment(town)
    ledger = tables.get_table_client("assignments")
    for row in ledger.list_entities():
        del row["at"]
        ledger.update_entity(row, mode=UpdateMode.REPLACE)
    town.delete_cluster("c1")
    town.run(HOUR)
    assert is_there(town, ours)
    town.delete_cluster("c2")
    town.run_until(lambda: town.grants_made() == [])


def test_it_goes_when_both_leave_at_once(town: Town) -> None:
    for name in ("c1", "c2"):
        town.delete_cluster(name)
    town.run_until(lambda: town.grants_made() == [])


def test_who_needs_it_no_more_is_no_user_of_it(town: Town) -> None:
    """Both clusters have the role from above for a while, then one of them makes its own again."""
    ours = the_assignment(town)
    assert users(town, ours) == {"c1", "c2"}
    principal = grant_of(town, NETWORK_CONTRIBUTOR, town.subnet).grant.principal_id
    assign(town, principal, NETWORK_CONTRIBUTOR, network_of(town.subnet))
    town.arm("DELETE", ours, version="2022-04-01")
    town.run(5)
    assert users(town, ours) == set()


def test_an_entry_of_a_cluster_that_does_not_use_it_bars_no_revocation(town: Town) -> None:
    """As a process leaves it that dies after it has saved the record."""
    ours = the_assignment(town)
    town.make_cluster("c3")
    town.run_until(lambda: town.ready("c3"))
    town.app.ledger.enter(ours, town.id_of("c3"), town.clock.now() - timedelta(days=1))
    for name in ("c1", "c2"):
        town.delete_cluster(name)
    town.run_until(lambda: not is_there(town, ours))
    assert users(town, ours) == set()


def test_while_another_cluster_may_be_about_to_use_it_it_stays(town: Town) -> None:
    """An entry is made before the record is saved: a fresh one may tell of the near future."""
    ours = the_assignment(town)
    town.make_cluster("c3")
    town.run_until(lambda: town.ready("c3"))
    for name in ("c1", "c2"):
        town.delete_cluster(name)
    town.run(9)
    entered = town.clock.now()
    town.app.ledger.enter(ours, town.id_of("c3"), entered)
    town.run_until(lambda: not is_there(town, ours))
    assert town.clock.now() >= entered + timedelta(minutes=10)


def test_it_stays_for_a_cluster_whose_record_cannot_be_read(
    town: Town, tables: TableServiceClient
) -> None:
    ours = the_assignment(town)
    clusters = tables.get_table_client("clusters")
    for row in clusters.query_entities("RowKey ge ''"):
        if "c2" in row["RowKey"]:
            clusters.update_entity({**row, "record": "{"})
    unreadable = str(town.id_of("c2"))  # its own turns would fail, again and again
    town.post.letters[:] = [each for each in town.post.letters if each.text != unreadable]
    town.delete_cluster("c1")
    town.run(3 * HOUR, timer=False)
    assert town.record("c1").former == ()
    assert is_there(town, ours)
    assert users(town, ours) == {"c2"}


def test_what_is_needed_again_after_its_revocation_failed_has_its_user_again(
    found_town: Found,
) -> None:
    town = found_town(DELETES)
    more = put_subnet(town, "more")
    both = [pool(town.subnet), pool(more, "more")]
    town.make_cluster(agentPoolProfiles=both)
    town.run_until(town.ready)
    ours = grant_of(town, NETWORK_CONTRIBUTOR, more).assignment_id
    town.fault("status", status=409, code="Conflict", method="DELETE", path="roleAssignments")
    town.make_cluster(agentPoolProfiles=both[:1])
    town.run_until(lambda: users(town, ours) == set())
    assert is_there(town, ours)
    town.azure.faults.clear()
    town.make_cluster(agentPoolProfiles=both)
    town.run_until(lambda: users(town, ours) == {"c1"})
    assert is_there(town, ours)
