"""What one pass of the timer costs, what it finds without any event, and what it leaves alone."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from azure.data.tables import TableServiceClient, UpdateMode
from msgspec import structs

from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import put_subnet
from tests.flow.town import POLICY, Town

NAMES = ("c1", "c2", "c3", "c4", "c5")
OTHER = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def town(found_town: Found) -> Town:
    """Five settled clusters, which only the timer can wake; lists have two items a page."""
    policy = POLICY.read_bytes() + b"propagation: { window: PT10M }\n"
    town = found_town(policy, page_size=2, provisioning_seconds=(5, 5))
    for name in NAMES:
        town.make_cluster(name)
    town.run_until(lambda: all(settled(town, name) for name in NAMES))
    assert town.woken_by_timer() == []
    return town


def settled(town: Town, name: str) -> bool:
    return town.ready(name) and town.record(name).settled


def remove(town: Town, name: str, role: str) -> None:
    """Somebody removes the cluster's assignment of this role, and no event tells of it."""
    lost = next(p for p in town.record(name).grants if p.grant.role == role)
    town.arm("DELETE", lost.assignment_id.upper(), version="2022-04-01")
    town.azure.event_grid.take()


def put_pool(town: Town, name: str, **pool: Any) -> None:
    """The cluster's PUT with another pool, and no event tells of it."""
    body = town.arm("GET", str(town.id_of(name)))
    pools = body["properties"]["agentPoolProfiles"]
    body["properties"]["agentPoolProfiles"] = [{**pools[0], **pool}]
    town.arm("PUT", str(town.id_of(name)), body)
    town.azure.advance(400)
    town.azure.event_grid.take()


def reads(town: Town) -> list[str]:
    """What a pass reads of ARM, by the last word of each path."""
    town.azure.world.ledger.clear()
    assert town.woken_by_timer() == []
    return sorted(entry.path.rpartition("/")[2] for entry in town.azure.world.ledger.entries)


def test_a_pass_reads_the_pages_of_two_lists_and_nothing_else(town: Town) -> None:
    assignments = -(-len(town.azure.role_assignments.all()) // 2)
    pages = ["managedClusters"] * 3 + ["roleAssignments"] * assignments
    assert reads(town) == pages


def test_a_removed_assignment_is_found_and_made_again(town: Town) -> None:
    remove(town, "c2", NETWORK_CONTRIBUTOR)
    remove(town, "c4", ACR_PULL)
    assert town.woken_by_timer() == ["c2", "c4"]
    town.run_until(
        lambda: town.grants_made() == town.expected_grants(*NAMES), minutes=16, events=False
    )


def test_assignments_of_others_and_new_ones_wake_nobody(town: Town) -> None:
    stranger = town.azure.world.directory.create("stranger")
    town.azure.role_assignments.seed(town.registry, stranger.object_id, "AcrPull")
    assert town.woken_by_timer() == []


def test_a_cluster_that_needs_another_grant_is_found(town: Town) -> None:
    put_pool(town, "c3", vnetSubnetID=put_subnet(town, "more"))
    assert town.woken_by_timer() == ["c3"]


def test_a_cluster_that_only_scales_is_left_alone(town: Town) -> None:
    put_pool(town, "c3", count=7)
    assert town.woken_by_timer() == []
    assert reads(town) == reads(town)


def test_a_cluster_whose_operation_failed_is_found(town: Town) -> None:
    cluster = town.cluster("c5")
    cluster.state = "Failed"
    assert town.woken_by_timer() == ["c5"]


def test_a_cluster_whose_turn_is_about_to_come_is_not_woken_beside_it(town: Town) -> None:
    remove(town, "c1", ACR_PULL)
    record, etag = town.app.store.load(town.id_of("c1")) or pytest.fail("no record")
    soon = town.app.clock() + timedelta(seconds=90)
    town.app.store.save(structs.replace(record, settled=False, pending=(soon,)), etag)
    assert town.woken_by_timer() == []
    town.azure.advance(300)
    assert town.woken_by_timer() == ["c1"]


def test_rows_that_have_no_glance_yet_are_read_as_a_whole(town: Town, storage: str) -> None:
    remove(town, "c2", ACR_PULL)
    with TableServiceClient.from_connection_string(storage) as tables:
        table = tables.get_table_client("clusters")
        for row in table.list_entities():
            del row["glance"]
            table.update_entity(row, mode=UpdateMode.REPLACE)
    assert town.woken_by_timer() == ["c2"]


def test_a_pass_that_runs_out_of_time_goes_on_where_it_stopped(town: Town) -> None:
    """Two subscriptions, and a clock by which the first takes all the time there is."""
    passes, managed = town.app.passes, (OTHER, town.subscription)
    remove(town, "c1", ACR_PULL)
    town.post.letters.clear()

    def slow() -> datetime:
        town.clock.advance(100)
        return town.clock.now()

    replace(town.app.fleet, managed=managed, watch=slow).wake_all()
    assert town.post.letters == []
    assert passes.looked_at()[town.subscription] > passes.looked_at()[OTHER]
    passes.look(OTHER, town.clock.now())
    replace(town.app.fleet, managed=managed).wake_all()
    assert [letter.text for letter in town.post.letters] == [str(town.id_of("c1"))]


def test_a_pass_tells_in_one_line_how_the_fleet_is(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    town.app.fleet.budget.take_figures()
    remove(town, "c2", ACR_PULL)
    caplog.set_level(logging.INFO, "shared.fleet")
    pages = 3 + -(-len(town.azure.role_assignments.all()) // 2)
    assert town.woken_by_timer() == ["c2"]
    (line,) = [r.getMessage() for r in caplog.records if r.getMessage().startswith("fleet ")]
    figures = dict(part.split("=") for part in line.split()[1:])
    assert figures == {
        "clusters": "5",
        "ready.True.WindowPassed": "5",
        "grants.effective": "10",
        "oldest_unready_seconds": "0",
        "woken.drifted": "1",
        "arm.reads": str(pages),
        f"assignments.{town.subscription}": str(len(town.azure.role_assignments.all())),
        "queue.reconcile": "1",
    }


def test_a_subscription_that_fills_up_is_an_alert(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    above = f"/subscriptions/{town.subscription}"
    town.azure.world.knobs = town.azure.world.knobs.changed({"page_size": 1000})
    for _ in range(3200):
        town.azure.role_assignments.seed(above, OTHER, "Reader")
    town.woken_by_timer()
    told = [r.getMessage() for r in caplog.records if "RoleAssignmentLimit" in r.getMessage()]
    number = len(town.azure.role_assignments.all())
    assert told == [
        f"alert=RoleAssignmentLimit subscription={town.subscription} "
        f"assignments={number} above_percent=80"
    ]
