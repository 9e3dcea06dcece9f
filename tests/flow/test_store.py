"""What the tables take: records of any size a cluster can have."""

from msgspec.structs import replace

from shared.model import CONTROL_PLANE, Grant, Progress, Record
from shared.roles import NETWORK_CONTRIBUTOR
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
