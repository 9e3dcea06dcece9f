"""Versions of the app side by side, as in every upgrade: each reads what the other has written."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from azure.data.tables import TableClient, UpdateMode
from msgspec.structs import replace

from shared import glance
from shared.model import Record
from shared.rejections import Rejection, of_row, row
from tests.flow.conftest import Found
from tests.flow.town import Town

OF_ANOTHER_VERSION = {"inventedLater": {"with": ["anything"]}}


@pytest.fixture
def town(found_town: Found) -> Town:
    """A town with a settled cluster."""
    town = found_town()
    town.make_cluster()
    town.run_until(lambda: town.ready() and town.record().settled)
    return town


@pytest.fixture
def clusters(town: Town, storage: str) -> Iterator[TableClient]:
    """The table, for writing as another version would."""
    with TableClient.from_connection_string(storage, "clusters") as table:
        yield table


def only_row(table: TableClient) -> dict[str, Any]:
    (found,) = table.list_entities()
    return dict(found)


def write(table: TableClient, row: dict[str, Any]) -> None:
    table.upsert_entity(row, mode=UpdateMode.REPLACE)


def with_more(value: Any) -> Any:
    """The same JSON with a member that nobody knows in each object of a record's own."""
    if isinstance(value, list):
        return [with_more(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {**{name: with_more(each) for name, each in value.items()}, **OF_ANOTHER_VERSION}


def without_defaults(record: Record) -> Any:
    """The record as one wrote it who knew only the fields that have always had to be there."""
    whole = msgspec.to_builtins(record)
    known = {"cluster_id", "resource_uid", "seen_at", "conditions", "grants", "settled", "policy"}
    return {name: value for name, value in whole.items() if name in known}


def test_a_record_of_a_newer_version_is_read(town: Town, clusters: TableClient) -> None:
    before = town.record()
    found = only_row(clusters)
    newer = {**json.loads(found["record"]), **OF_ANOTHER_VERSION, "schema": 2}
    newer |= {name: with_more(newer[name]) for name in ("grants", "conditions")}
    newer["links"] = [{**each, **OF_ANOTHER_VERSION} for each in newer["links"]]
    write(clusters, {**found, "record": json.dumps(newer), "column": "invented later"})
    assert town.record() == replace(before, schema=2)


def test_a_cluster_goes_on_under_the_older_version(town: Town, clusters: TableClient) -> None:
    """An assignment that is lost meanwhile is made again, by a turn that reads the newer record."""
    found = only_row(clusters)
    newer = {**json.loads(found["record"]), **OF_ANOTHER_VERSION, "schema": 2}
    write(clusters, {**found, "record": json.dumps(newer)})
    town.arm("DELETE", town.record().grants[0].assignment_id, version="2022-04-01")
    town.run_until(lambda: town.grants_made() == town.expected_grants("c1"), minutes=5)
    town.run_until(town.ready)


def test_a_record_of_an_older_version_is_taken_on(town: Town, clusters: TableClient) -> None:
    """Nothing but what it always had, and not one of the columns beside it: the next pass finds
    the cluster in order, and its next turn leaves a row of today."""
    made = town.grants_made()
    found = only_row(clusters)
    keys = {name: found[name] for name in ("PartitionKey", "RowKey")}
    write(clusters, {**keys, "record": json.dumps(without_defaults(town.record()))})
    town.run_until(lambda: "glance" in only_row(clusters), minutes=60 * 25)
    assert town.ready()
    assert town.grants_made() == made


@pytest.mark.parametrize("elements", [-3, -1, 1])
def test_a_glance_of_another_version_is_no_obstacle(
    town: Town, clusters: TableClient, elements: int
) -> None:
    """Fields are added at its end: an older one is made anew from the record."""
    found = only_row(clusters)
    written = json.loads(found["glance"])
    other = written[:elements] if elements < 0 else [*written, "invented later"]
    write(clusters, {**found, "glance": json.dumps(other)})
    assert list(town.app.store.glances(town.subscription)) == [glance.of(town.record())]


def test_a_rejection_of_an_older_version_is_read(town: Town) -> None:
    rejection = Rejection("InvalidId", "", "no id", town.clock.now(), text=b"x", queue="reconcile")
    older = {name: value for name, value in row(rejection).items() if name != "queue"}
    assert of_row(older) == replace(rejection, queue="")
