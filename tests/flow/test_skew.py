"""Instances whose clocks differ by minutes judge a window alike: by Azure's clock."""

from contextlib import closing
from datetime import timedelta

import pytest

from tests.flow.conftest import Found
from tests.flow.test_permissions import PROBING
from tests.flow.town import Town

AHEAD, BEHIND = timedelta(minutes=10), timedelta(minutes=-10)


def run_on_both(town: Town, minutes: int) -> None:
    """Two instances share the work, and take it turn about."""
    with (
        closing(town.another_instance(AHEAD)) as ahead,
        closing(town.another_instance(BEHIND)) as behind,
    ):
        usual = town.app
        for minute in range(minutes):
            town.app = ahead if minute % 2 else behind
            town.run(1)
        town.app = usual


@pytest.fixture
def never(found_town: Found) -> Town:
    """A town in which no permission works within the window."""
    return found_town(PROBING, effective_seconds=(7200, 7200))


def test_late_is_late_at_the_deadline_whatever_the_instances_clocks_say(never: Town) -> None:
    never.request(parameters={"subnet": never.subnet})
    run_on_both(never, 10)
    deadlines = [p.deadline for p in never.record().grants]
    run_on_both(never, 50)
    assert never.status("PermissionsEffective")[1] != "WindowExceeded"
    run_on_both(never, 15)
    assert never.status("PermissionsEffective") == ("False", "WindowExceeded")
    assert [p.deadline for p in never.record().grants] == deadlines


def test_a_window_is_not_over_for_the_instance_whose_clock_runs_ahead(town: Town) -> None:
    """What was only read stays Readable until the window has passed for Azure."""
    town.request(parameters={"subnet": town.subnet})
    run_on_both(town, 10)
    (first, *_) = sorted(p.written_at for p in town.record().grants if p.written_at)
    assert abs(first - town.clock.now()) < timedelta(minutes=11)
    run_on_both(town, 48)
    assert {p.evidence for p in town.record().grants} == {"Readable"}
    run_on_both(town, 20)
    assert {p.evidence for p in town.record().grants} == {"WindowPassed"}


def test_an_instance_that_is_behind_sends_its_next_look_for_the_right_moment(town: Town) -> None:
    with closing(town.another_instance(BEHIND)) as behind:
        town.app = behind
        town.request(parameters={"subnet": town.subnet})
        town.run_until(town.ready, timer=False)
    assert town.grants_made() == town.expected_grants("c1")
