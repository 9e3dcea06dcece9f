"""What can happen to events before they are delivered."""

from __future__ import annotations

from typing import Any

import pytest

from infra.emulator.clock import ManualClock
from infra.emulator.event_faults import EventFaults, FaultRule
from infra.emulator.knobs import Knobs
from infra.emulator.world import World


class Path:
    """Faults with an open end: what comes out of them, by subject."""

    def __init__(self, knobs: Knobs | None = None) -> None:
        self.world = World(knobs or Knobs(), ManualClock())
        self.arrived: list[str] = []
        self.faults = EventFaults(
            self.world, lambda events: self.arrived.extend(e["subject"] for e in events)
        )

    def pass_on(self, *subjects: str, operation: str = "clusters/write") -> None:
        """Publish events in order."""
        for subject in subjects:
            event: dict[str, Any] = {"subject": subject, "data": {"operationName": operation}}
            self.faults.pass_on(event)


def test_without_faults_every_event_arrives_once_in_order() -> None:
    path = Path()
    path.pass_on("a", "b", "c")
    assert path.arrived == ["a", "b", "c"]


def test_drop_takes_the_next_matching_events_and_no_more() -> None:
    path = Path()
    path.faults.add(FaultRule("drop", count=2, operation_name="Clusters/Write"))
    path.pass_on("other", operation="networks/write")
    path.pass_on("a", "b", "c")
    assert path.arrived == ["other", "c"]
    assert path.faults.waiting() == []


def test_duplicate_sends_the_same_event_twice() -> None:
    path = Path()
    path.faults.add(FaultRule("duplicate", subject_contains="/B"))
    path.pass_on("/a", "/b", "/b")
    assert path.arrived == ["/a", "/b", "/b", "/b"]


def test_delay_lets_later_events_overtake() -> None:
    path = Path()
    path.faults.add(FaultRule("delay", delay_seconds=30))
    path.pass_on("a", "b")
    path.world.advance(29)
    assert path.arrived == ["b"]
    path.world.advance(1)
    assert path.arrived == ["b", "a"]


def test_reorder_turns_the_next_events_round() -> None:
    path = Path()
    path.faults.add(FaultRule("reorder", count=3))
    path.pass_on("a", "b", "c", "d")
    assert path.arrived == ["c", "b", "a", "d"]


def test_reorder_lets_go_when_nothing_more_comes() -> None:
    path = Path()
    path.faults.add(FaultRule("reorder", count=3, hold_seconds=60))
    path.pass_on("a", "b")
    path.world.advance(60)
    assert path.arrived == ["b", "a"]
    path.pass_on("c")
    assert path.arrived == ["b", "a", "c"]


def test_clearing_the_rules_lets_go_of_what_they_hold() -> None:
    path = Path()
    path.faults.add(FaultRule("reorder", count=3))
    path.pass_on("a")
    path.faults.clear()
    path.pass_on("b")
    assert path.arrived == ["a", "b"]


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        (Knobs(event_drop_probability=1.0), []),
        (Knobs(event_duplicate_probability=1.0), ["a", "a", "b", "b"]),
        (Knobs(event_delay_probability=1.0), []),
        (Knobs(event_reorder_probability=1.0), ["b", "a"]),
    ],
)
def test_chance_does_the_same_by_knobs(knobs: Knobs, expected: list[str]) -> None:
    path = Path(knobs)
    path.pass_on("a", "b")
    assert path.arrived == expected


def test_the_same_seed_loses_the_same_events() -> None:
    subjects = [str(number) for number in range(200)]
    paths = [Path(Knobs(seed=7, event_drop_probability=0.3)) for _ in range(2)]
    for path in paths:
        path.pass_on(*subjects)
    assert paths[0].arrived == paths[1].arrived
    assert 0 < len(paths[0].arrived) < len(subjects)
