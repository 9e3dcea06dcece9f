"""What was kept long enough goes: audit, rejections, clusters that are gone; nothing else."""

import dataclasses
from datetime import timedelta

import pytest
from azure.data.tables import TableClient, TableServiceClient
from msgspec.structs import replace

from shared.effects import AuditEntry
from shared.housekeeping import Housekeeping
from shared.model import CONTROL_PLANE, Grant, Progress, Record
from shared.rejections import Rejection
from shared.roles import NETWORK_CONTRIBUTOR
from shared.settings import Keep
from tests.flow.conftest import Found
from tests.flow.test_cleanup import DELETES
from tests.flow.town import Town


def rows(table: TableClient) -> int:
    return sum(1 for _ in table.list_entities(select=["PartitionKey"]))


def days_later(town: Town, days: float) -> None:
    """Nobody looks at anything for so long, and then the timer tidies up once."""
    town.azure.advance(days * 24 * 3600)
    town.app.housekeeping.run()


def audited(town: Town, name: str, age: float) -> None:
    cluster = str(town.id_of(name))
    at = town.clock.now() - timedelta(days=age)
    entry = AuditEntry(
        cluster_id=cluster,
        action="write",
        target=cluster,
        because="why",
        effect_id=f"{at:%Y%m%dT%H%M%S}",
        phase="intent",
        at=at,
        policy="digest",
    )
    town.app.store.audit(entry)


def rejected(town: Town, age: float) -> Rejection:
    at = town.clock.now() - timedelta(days=age)
    rejection = Rejection("InvalidRequest", "", "", at, text=f"{age}".encode())
    town.app.store.reject(rejection)
    return rejection


def gone(town: Town, name: str = "c1") -> Record:
    """A cluster was requested, became Ready, was deleted, and all that we granted is revoked."""
    town.request(name, parameters={"subnet": town.subnet})
    town.run_until(lambda: town.ready(name))
    town.delete_cluster(name)
    town.run_until(lambda: town.grants_made() == [] and town.record(name).settled)
    return town.record(name)


def known(town: Town) -> list[str]:
    return [record.cluster_id for record in town.app.store.all()]


def test_audit_rows_go_after_a_year_and_no_sooner(town: Town) -> None:
    for age in (364, 366, 1000):
        audited(town, "c1", age)
        audited(town, "c2", age)
    town.app.housekeeping.run()
    for name in ("c1", "c2"):
        (left,) = town.app.store.audited(town.id_of(name))
        assert town.clock.now() - left.at == timedelta(days=364)


def test_rejections_go_after_thirty_days_and_no_sooner(town: Town) -> None:
    young, _ = rejected(town, 29), rejected(town, 31)
    town.app.housekeeping.run()
    assert town.rejections() == [young]


def test_what_is_to_be_kept_for_ever_is(town: Town) -> None:
    rejected(town, 10_000)
    audited(town, "c1", 10_000)
    house: Housekeeping = dataclasses.replace(town.app.housekeeping, keep=Keep(None, None, None))
    house.run()
    assert len(town.rejections()) == 1
    assert len(list(town.app.store.audited(town.id_of()))) == 1


def test_a_gone_cluster_is_forgotten_with_its_request_after_ninety_days(
    found_town: Found, tables: TableServiceClient
) -> None:
    town = found_town(DELETES)
    gone(town)
    days_later(town, 89)
    assert known(town) == [str(town.id_of())]
    days_later(town, 2)
    assert known(town) == []
    assert rows(tables.get_table_client("requests")) == 0
    assert rows(tables.get_table_client("assignments")) == 0
    assert list(town.app.store.audited(town.id_of())) != []


def test_a_forgotten_cluster_can_be_requested_again(found_town: Found) -> None:
    town = found_town(DELETES)
    gone(town)
    days_later(town, 91)
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)


def test_a_cluster_that_lives_is_never_forgotten(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    days_later(town, 1000)
    assert known(town) == [str(town.id_of())]


def test_a_gone_cluster_is_remembered_as_long_as_anything_we_granted_stands(town: Town) -> None:
    """This policy does not clean up, it only reports."""
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    town.delete_cluster()
    town.run_until(lambda: town.status("ClusterProvisioned") == ("False", "Deleted"))
    assert town.grants_made() != []
    days_later(town, 1000)
    assert known(town) == [str(town.id_of())]


def standing(record: Record) -> Progress:
    """A grant of ours that is still there."""
    grant = Grant(CONTROL_PLANE, "principal", NETWORK_CONTRIBUTOR, "/scope", "because")
    return Progress(grant, assignment_id="/1", made_by_us=True, written_at=record.turn_at)


def change(record: Record, what: str) -> Record:
    """The record of a cluster that is gone, with something left to do."""
    if what == "former":
        return replace(record, former=(standing(record),))
    if what == "grants":
        return replace(record, grants=(standing(record),))
    if what == "untold":
        return replace(record, untold=({"id": "1"},))
    return replace(record, settled=False)


@pytest.mark.parametrize("what", ["former", "grants", "untold", "unsettled"])
def test_a_record_with_something_left_to_do_stays(found_town: Found, what: str) -> None:
    town = found_town(DELETES)
    gone(town)
    loaded = town.app.store.load(town.id_of())
    assert loaded
    town.app.store.save(change(loaded[0], what), loaded[1])
    days_later(town, 1000)
    assert known(town) == [str(town.id_of())]


def test_what_others_granted_holds_no_record(found_town: Found) -> None:
    town = found_town(DELETES)
    gone(town)
    loaded = town.app.store.load(town.id_of())
    assert loaded
    theirs = replace(standing(loaded[0]), made_by_us=False)
    town.app.store.save(replace(loaded[0], former=(theirs,)), loaded[1])
    days_later(town, 91)
    assert known(town) == []


def test_a_record_that_is_written_again_meanwhile_stays(found_town: Found) -> None:
    town = found_town(DELETES)
    gone(town)
    old_rows = town.app.housekeeping.old_rows
    ((record, row),) = old_rows.deleted_clusters()
    loaded = town.app.store.load(town.id_of())
    assert loaded
    town.app.store.save(replace(loaded[0], failure="somebody was faster"), loaded[1])
    assert not old_rows.forget(record, row)
    assert known(town) == [str(town.id_of())]


def test_a_damaged_record_holds_up_no_other(found_town: Found, tables: TableServiceClient) -> None:
    town = found_town(DELETES)
    gone(town)
    damaged = {"PartitionKey": "a", "RowKey": "b", "reason": "Deleted", "record": "{"}
    tables.get_table_client("clusters").create_entity(damaged)
    days_later(town, 91)
    assert rows(tables.get_table_client("clusters")) == 1


def test_a_pass_is_bounded_and_the_next_goes_on(town: Town, tables: TableServiceClient) -> None:
    table = tables.get_table_client("rejections")
    old = town.clock.now() - timedelta(days=31)
    for batch in range(7):
        table.submit_transaction(
            [
                ("create", {"PartitionKey": "rejection", "RowKey": f"{batch}|{row}", "at": old})
                for row in range(100)
            ]
        )
    town.app.housekeeping.run()
    assert rows(table) == 200
    town.app.housekeeping.run()
    assert rows(table) == 0


def test_a_table_that_is_ill_holds_up_no_other(
    town: Town, tables: TableServiceClient, caplog: pytest.LogCaptureFixture
) -> None:
    rejected(town, 31)
    tables.delete_table("audit")
    town.app.housekeeping.run()
    assert town.rejections() == []
    assert "housekeeping audit=failed reason=TableNotFound" in caplog.text


def test_two_passes_at_once_are_harmless(town: Town) -> None:
    rejected(town, 31)
    other = town.another_instance(timedelta(0))
    old = town.app.housekeeping.old_rows
    before = town.clock.now()
    assert old.prune_rejections(before) + other.housekeeping.old_rows.prune_rejections(before) == 1
    other.close()
