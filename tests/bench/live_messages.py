"""How many messages one cluster keeps alive, and how often it is worked on, in any weather.

    live_messages = the most messages of one cluster that wait on `reconcile` at once, over 90
                    emulated minutes from its request

A message that re-sends itself makes every duplicate immortal; the requeue rule lets spare ones die.
Goal: 12, whatever the weather. Floor: 1, the cluster's own next look. `invocations` counts what the
doors are called for (requests, events, turns) without the timer.
"""

from tests.bench.lives import lives, percentile
from tests.bench.row import Row, at_most
from tests.bench.session import Session
from tests.bench.weather import CALM, MILD, ROUGH, Weather

_FLOOR = 1
_GOAL = 12


def measure(session: Session) -> list[Row]:
    """Three rows for each weather."""
    return [row for weather in (CALM, MILD, ROUGH) for row in _rows(session, weather)]


def _rows(session: Session, weather: Weather) -> list[Row]:
    found = lives(session, weather)
    peaks = [life.peak for life in found]
    calls = [life.invocations for life in found]
    ready = sum(life.ready_at is not None for life in found)
    name = f"live_messages.{weather.name}"
    return [
        at_most(f"{name}.max", max(peaks), "messages", _FLOOR, _GOAL,
                f"{ready} of {len(found)} clusters Ready"),
        at_most(f"{name}.p95", percentile(peaks, 95), "messages", _FLOOR, _GOAL),
        Row(f"{name}.invocations", percentile(calls, 95), "invocations",
            note=f"p95; median {percentile(calls, 50)}"),
    ]  # fmt: skip
