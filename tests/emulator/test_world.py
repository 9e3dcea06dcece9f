"""Time, chance and knobs."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from infra.emulator import Knobs, ManualClock, RealClock
from infra.emulator.knobs import parse_range, parse_setting
from infra.emulator.world import World


def test_each_action_finds_the_clock_at_its_own_time() -> None:
    world = World(Knobs(), ManualClock())
    start = world.clock.now()
    seen: list[float] = []

    def look() -> None:
        seen.append((world.clock.now() - start).total_seconds())

    world.after(30, look)
    world.after(10, lambda: world.after(5, look))
    world.after(20, look)
    world.advance(60)
    assert seen == [15, 20, 30]
    assert (world.clock.now() - start).total_seconds() == 60


def test_a_draw_does_not_depend_on_what_was_drawn_before() -> None:
    one, other = World(Knobs(), ManualClock()), World(Knobs(), ManualClock())
    other.new_guid()
    assert one.draw_seconds((1, 9), "A") == other.draw_seconds((1, 9), "a")
    assert one.draw_seconds((1, 9), "a") != one.draw_seconds((1, 9), "b")


def test_a_real_clock_can_be_pushed_ahead_but_not_back() -> None:
    clock = RealClock(scale=2)
    before = clock.now()
    clock.advance(3600)
    assert (clock.now() - before).total_seconds() >= 3600
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)


def test_a_clock_of_scale_0_stands_still_until_it_is_moved() -> None:
    clock = RealClock(scale=0)
    before = clock.now()
    assert clock.now() == before
    clock.advance(60)
    assert clock.now() == before + timedelta(seconds=60)


@pytest.mark.parametrize("scale", [-1, math.inf, math.nan])
def test_a_scale_that_is_no_speed_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="time scale"):
        RealClock(scale)


def test_ranges_and_settings_are_read_from_the_command_line() -> None:
    assert parse_range("3-5.5") == (3.0, 5.5)
    assert parse_range("4") == (4.0, 4.0)
    assert parse_setting("update_seconds=1-2") == ("update_seconds", (1.0, 2.0))
    assert parse_setting("stale_read_seconds=5") == ("stale_read_seconds", 5)
    assert parse_setting("location=eastus") == ("location", "eastus")
    for bad in ("soon", "-1", "[1, 2]"):
        with pytest.raises(ValueError, match="expected"):
            parse_range(bad)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("update_seconds", (5, 3)),
        ("update_seconds", (-5, -3)),
        ("update_seconds", 5),
        ("event_drop_probability", 1.5),
        ("event_retry_seconds", ()),
        ("retry_after_seconds", -1),
        ("subscriptions", 0),
        ("effective_distribution", "flat"),
    ],
)
def test_a_knob_that_makes_no_sense_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        Knobs().changed({name: value})


def test_an_unknown_knob_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"colour.*provisioning_seconds"):
        Knobs().changed({"colour": "red"})
