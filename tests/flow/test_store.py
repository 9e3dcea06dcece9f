"""What the tables take: records of any size a cluster can have, and delays of many instances."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.data.tables import TableServiceClient
from msgspec.structs import replace

from shared.delays import Histogram
from shared.model import CONTROL_PLANE, Grant, Progress, Record
from shared.rejections import Rejection
from shared.roles import NETWORK_CONTRIBUTOR
from shared.store import Changed
from tests.flow.town import Town


def of_pools(town: Town, pools: int) -> Record:
    """A record of a cluster with so many pools, each with subnets of its own for nodes and pods."""
    progress = tuple(
        Progress(
            Grant(CONTROL_PLANE, "p" * 36, NETWORK_CONTRIBUTOR, f"{town.subnet}-{number}", "pool"),
            assignment_id=f"{town.subnet}-{number}/providers/assignment",
            written_at=town.clock.now(),
            message="€" * 100,
        )
        for number in range(pools * 2)
    )
    return Record(str(town.id_of()), grants=progress)


def test_a_cluster_of_a_hundred_pools_has_a_record(town: Town) -> None:
    """A property holds 64 KiB of UTF-16 and AKS allows 100 pools."""
    large = of_pools(town, 100)
    town.app.store.save(large, None)
    loaded = town.app.store.load(town.id_of())
    assert loaded and loaded[0] == large
    assert list(town.app.store.all()) == [large]


def test_a_record_that_shrinks_leaves_nothing_behind(town: Town) -> None:
    town.app.store.save(of_pools(town, 100), None)
    loaded = town.app.store.load(town.id_of())
    assert loaded
    small = replace(loaded[0], grants=())
    town.app.store.save(small, loaded[1])
    assert list(town.app.store.all()) == [small]


def test_a_rejection_that_came_again_is_not_dropped_by_who_saw_the_first(town: Town) -> None:
    store = town.app.store
    first = Rejection("Poisoned", "", "failed", town.clock.now(), text=b"{}")
    again = replace(first, reason="UnknownProfile")
    store.reject(first)
    ((kept, etag),) = store.kept()
    assert kept == first
    store.reject(again)
    with pytest.raises(Changed):
        store.drop(kept, etag)
    assert list(store.rejections()) == [again]


def test_a_rejection_can_be_dropped_twice(town: Town) -> None:
    store = town.app.store
    store.reject(Rejection("Poisoned", "", "failed", town.clock.now(), text=b"{}"))
    ((kept, etag),) = store.kept()
    for _ in range(2):
        store.drop(kept, etag)
    assert list(store.rejections()) == []


def test_delays_are_kept_by_kind(town: Town) -> None:
    store = town.app.store
    assert store.delays("pull") == Histogram()
    store.observe_delay("pull", 85, 155)
    store.observe_delay("pull", 0, 85)
    assert store.delays("pull") == Histogram().add(85, 155).add(0, 85)
    assert store.delays("cloud-controller") == Histogram()


def test_delays_observed_at_the_same_moment_harm_none_that_are_there(town: Town) -> None:
    store = town.app.store
    store.observe_delay("pull", 85, 155)
    with ThreadPoolExecutor(4) as instances:
        list(instances.map(lambda _: store.observe_delay("pull", 85, 155), range(8)))
    kept = store.delays("pull")
    assert 2 <= kept.observations <= 9
    assert sum(kept.buckets) == pytest.approx(kept.observations)


def test_damaged_delays_are_begun_again(town: Town, storage: str) -> None:
    with TableServiceClient.from_connection_string(storage) as service:
        row = {"PartitionKey": "delay", "RowKey": "pull", "histogram": '{"buckets": [1]}'}
        service.get_table_client("delays").create_entity(row)
    assert town.app.store.delays("pull") == Histogram()
    town.app.store.observe_delay("pull", 85, 155)
    assert town.app.store.delays("pull").observations == 1


def test_where_no_delays_can_be_kept_nothing_is_raised(town: Town, storage: str) -> None:
    with TableServiceClient.from_connection_string(storage) as service:
        service.delete_table("delays")
    town.app.store.observe_delay("pull", 85, 155)
    assert town.app.store.delays("pull") == Histogram()
