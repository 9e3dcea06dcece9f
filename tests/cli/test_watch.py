"""`watch` ends when all is Ready, when something is stuck, or when time is up."""

import json
import threading

import pytest

from grantkeeper import changes
from grantkeeper.report import read
from shared.model import Record
from shared.resource_id import parse_cluster_id
from shared.store import Store
from tests.cli import records
from tests.typed import Type


def test_it_ends_well_when_all_named_clusters_are_ready(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    store.save(records.ready("two"), None)
    store.save(records.creating("other"), None)
    answer = grantkeeper("watch", "one", "two")
    assert answer.code == 0
    assert "one  controlPlane: Network Contributor at nodes: effective (Probe)" in answer.out
    assert "team/two is Ready (Probe)" in answer.out
    assert "other" not in answer.out


def test_it_follows_a_cluster_that_is_not_known_yet(grantkeeper: Type, store: Store) -> None:
    thread = threading.Thread(target=store.save, args=(records.ready("one"), None))
    thread.start()
    answer = grantkeeper("watch", "one", "--interval", "0.1s")
    thread.join()
    assert answer.code == 0


@pytest.mark.parametrize(
    "record", [records.failed("one"), records.needs_administrator("one"), records.deleted("one")]
)
def test_it_ends_when_nothing_will_change_soon(
    grantkeeper: Type, store: Store, record: Record
) -> None:
    store.save(record, None)
    answer = grantkeeper("watch", "one")
    assert answer.code == 1
    assert "team/one is not Ready: " in answer.out


def test_it_ends_when_time_is_up(grantkeeper: Type, store: Store) -> None:
    store.save(records.creating("one"), None)
    answer = grantkeeper("watch", "one", "--timeout", "0s")
    assert answer.code == 1
    assert "team/one is not Ready: Creating" in answer.out


def test_a_cluster_that_never_appeared_is_not_found(grantkeeper: Type) -> None:
    answer = grantkeeper("watch", "one", "--timeout", "0s")
    assert answer.code == 3
    assert "one: there is still no record of it" in answer.out


def test_all_leaves_out_clusters_that_are_gone(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    store.save(records.deleted("gone"), None)
    answer = grantkeeper("watch", "--all")
    assert answer.code == 0
    assert "gone" not in answer.out


def test_one_stuck_cluster_does_not_end_the_wait_for_another(
    grantkeeper: Type, store: Store
) -> None:
    store.save(records.failed("one"), None)
    store.save(records.creating("two"), None)
    answer = grantkeeper("watch", "--all", "--timeout", "0.3s", "--interval", "0.1s")
    assert answer.code == 1
    assert "team/two is not Ready: Creating" in answer.out


def test_json_is_a_line_for_each_change(grantkeeper: Type, store: Store) -> None:
    store.save(records.ready("one"), None)
    lines = [json.loads(line) for line in grantkeeper("watch", "one", "--json").out.splitlines()]
    assert [(line["kind"], line["subject"], line["after"]) for line in lines] == [
        ("grant", "controlPlane: Network Contributor", "effective"),
        ("condition", "ClusterProvisioned", "True"),
        ("condition", "Ready", "True"),
    ]
    assert lines[0]["scope"] == records.SUBNET
    assert lines[0]["before"] is None
    assert lines[0]["deadline"].endswith("Z")
    assert [line["deadline"] for line in lines[1:]] == [None, None]


def test_a_change_is_told_once_and_from_what_to_what(store: Store) -> None:
    store.save(records.creating("one"), None)
    (before,) = read(store).clusters
    store.save(records.ready("one"), store_etag(store))
    (after,) = read(store).clusters
    told = list(changes.between(before, after, records.NOW))
    assert [(each.subject, each.before, each.after) for each in told] == [
        ("ClusterProvisioned", "Unknown", "True"),
        ("Ready", "False", "True"),
    ]
    assert list(changes.between(after, after, records.NOW)) == []


@pytest.mark.parametrize("arguments", [[], ["one", "--all"]])
def test_names_or_all_are_needed(grantkeeper: Type, arguments: list[str]) -> None:
    assert grantkeeper("watch", *arguments).code == 2


def store_etag(store: Store) -> str:
    loaded = store.load(parse_cluster_id(records.cluster_id("one")))
    assert loaded is not None
    return loaded[1]
