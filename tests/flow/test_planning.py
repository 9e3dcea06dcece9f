"""Delays that probes observe are kept, and after enough of them plan the looks."""

from datetime import timedelta

from shared.delays import KINDS, Histogram
from shared.planning import Planner
from shared.schedule import DEFAULT, ENOUGH, NO_PLANS, looks_for
from tests.flow.conftest import Found
from tests.flow.test_permissions import PROBING
from tests.flow.town import Town

HOUR = timedelta(hours=1)


def planner(town: Town) -> Planner:
    return Planner(town.app.store, HOUR, town.clock.now)


def test_a_grant_that_a_probe_proves_leaves_its_delay(found_town: Found) -> None:
    town = found_town(PROBING)
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    kinds = {kind: town.app.store.delays(kind).observations for kind in KINDS}
    assert kinds["pull"] == 1
    assert sum(kinds.values()) == sum(p.evidence == "Probe" for p in town.record().grants)


def test_what_is_only_read_teaches_nothing(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    assert [town.app.store.delays(kind) for kind in KINDS] == [Histogram()] * len(KINDS)


def test_enough_delays_replace_the_default_within_the_hour(town: Town) -> None:
    known = planner(town)
    assert set(known.plans().values()) == {DEFAULT}
    for _ in range(ENOUGH):
        town.app.store.observe_delay("pull", 20, 30)
    assert known.plans()["pull"] == DEFAULT
    town.azure.advance(3600)
    assert known.plans()["pull"] == looks_for(town.app.store.delays("pull"), HOUR) != DEFAULT
    assert known.plans()["cloud-controller"] == DEFAULT


def test_a_kind_without_a_plan_has_the_default() -> None:
    assert dict(NO_PLANS) == {}
