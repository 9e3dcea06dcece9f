"""When it looks whether a grant works: lateness against the number of looks.

    efficiency = mean lateness of the optimum with as many looks / mean lateness

for five assumed distributions of the delay (`schedule_delays`). `default` and `learned` are the
product's own lists, jitter and all; `learned` from 200 delays that the default's looks have shown,
each only as the interval between two looks. Compared: exponential back-off, from 30 s to 5 min;
every 30 s; and what stops looking, which has no lateness but is *early*: the share of grants that
work only later. The Azure CLI tries 10 times over 110 s (`acs/_roleassignments.py`), Terraform
reads 5 times in a row, at least 5 s apart (azurerm `role_assignment_resource.go`), and both then
go on as if the grant worked.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from shared.delays import Histogram
from shared.schedule import DEFAULT, ENOUGH, looks_for, next_look
from tests.bench.row import Row, at_least
from tests.bench.schedule_delays import DELAYS, WINDOW, Delay, quantile
from tests.bench.schedule_score import Looks, Score, at, optima, score
from tests.bench.session import Session

_WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
_HOUR = timedelta(seconds=WINDOW)
_DEFAULT_GOALS = {"lognormal3": 93, "lognormal5": 93, "exponential": 93}  # the others: none
_LEARNED_GOAL = 97
_BACKOFF = (*accumulate([30, 60, 120, 240, *[300] * 10]), WINDOW)
_EVERY_30_S = range(30, WINDOW + 1, 30)
_STOPS = {
    "az": (0, *accumulate(range(2, 20, 2))),
    "terraform": (5, 10, 15, 20, 25),
}


def measure(session: Session) -> list[Row]:
    """A row for each list and distribution."""
    return [row for name in DELAYS for row in _rows(name, DELAYS[name], session.seeds)]


def _rows(name: str, delay: Delay, seeds: range) -> Iterator[Row]:
    front = optima(delay)
    default = [_planned(DEFAULT, f"{seed}") for seed in seeds]
    learned = [_planned(_learned(delay, seed), f"{seed}") for seed in seeds]
    start = f"schedule.{name}"
    yield _row(f"{start}.default", score(delay, default), front, _DEFAULT_GOALS.get(name))
    yield _row(f"{start}.learned", score(delay, learned), front, _LEARNED_GOAL)
    yield _row(f"{start}.backoff", score(delay, [_BACKOFF]), front)
    yield _row(f"{start}.every_30s", score(delay, [_EVERY_30_S]), front)
    for tool, looks in _STOPS.items():
        early = 100 * (1 - delay(looks[-1]))
        note = f"{len(looks)} looks, the last after {looks[-1]} s"
        yield Row(f"{start}.{tool}", early, "% early", floor=0, note=note)


def _row(name: str, found: Score, front: list[Score], goal: float | None = None) -> Row:
    best = at(front, found.looks)
    note = (
        f"{found.looks:.1f} looks; mean {found.mean:.0f} s, the optimum's {best.mean:.0f}; "
        f"p99 {found.p99:.0f} s, the optimum's {best.p99:.0f}"
    )
    efficiency = 100 * found.efficiency(front)
    if goal is None:
        return Row(name, efficiency, "% of optimum", note=note)
    return at_least(name, efficiency, "% of optimum", goal, note)


def _planned(looks: tuple[int, ...], seed: str) -> Looks:
    """The looks at one grant, in seconds, each found from the one before as a turn finds it."""
    now, found = _WRITTEN, []
    while now < _WRITTEN + _HOUR:
        now = next_look(_WRITTEN, _WRITTEN + _HOUR, now, seed, looks)
        found.append((now - _WRITTEN).total_seconds())
    return found


def _learned(delay: Delay, seed: int) -> tuple[int, ...]:
    """The list after enough delays, each seen only by the looks of the default. One that is longer
    than the window is found by hourly looks."""
    random = Random(seed)  # noqa: S311
    observed = Histogram()
    for number in range(ENOUGH):
        seconds = quantile(delay, random.random())
        looks = [0.0, *_planned(DEFAULT, f"{number}"), *range(2 * WINDOW, 25 * WINDOW, WINDOW)]
        index = bisect_left(looks, seconds)
        observed = observed.add(looks[index - 1], looks[index])
    return looks_for(observed, _HOUR)
