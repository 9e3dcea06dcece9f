"""What lists of looks cost, and how near that is to the optimum."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from shared.schedule import optimum
from tests.bench.schedule_delays import WINDOW, Delay

Looks = Sequence[float]

_STEP = 5  # the optimum is exact to so many seconds
_PRICES = (0.2, 0.4, 0.8, 1.2, 2, 3, 5, 8, 12, 20, 30, 45, 70, 100, 150, 250, 400, 700, 1200)


@dataclass(frozen=True, slots=True)
class Score:
    """Means over a delay's distribution: the looks it takes until one shows that the grant works
    (all of them if none does), and, of delays within the window, the seconds from the moment it
    works until then, with their 99th percentile."""

    looks: float
    mean: float
    p99: float

    def efficiency(self, front: Sequence["Score"]) -> float:
        """The mean of the optimum at as many looks, over this one."""
        return at(front, self.looks).mean / self.mean


def score(delay: Delay, lists: Iterable[Looks]) -> Score:
    """The mean over lists that are as likely as each other. Exact: delays are summed, not drawn,
    each second's at its middle. Every list ends with the window."""
    chances = [delay(second) for second in range(WINDOW + 1)]
    found: list[tuple[float, float]] = []
    looks = late = total = 0.0
    for moments in lists:
        total += 1
        looks += (1 - chances[WINDOW]) * len(moments)
        for second in range(WINDOW):
            chance = chances[second + 1] - chances[second]
            index = bisect_left(moments, second + 0.5)
            seconds = moments[index] - (second + 0.5)
            looks += chance * (index + 1)
            late += chance * seconds
            found.append((seconds, chance))
    within = chances[WINDOW] * total
    return Score(looks / total, late / within, _percentile(found, 0.99 * within))


def optima(delay: Delay) -> list[Score]:
    """The best there is, from many looks to few: knows the distribution."""
    chances = [delay(second) for second in range(0, WINDOW + 1, _STEP)]
    return [score(delay, [optimum(chances, price)]) for price in _PRICES]


def at(front: Sequence[Score], looks: float) -> Score:
    """The optimum at so many looks, between two that are known: both axes logarithmic, for their
    product hardly changes."""
    for more, fewer in pairwise(front):
        if more.looks >= looks >= fewer.looks:
            part = math.log(looks / fewer.looks) / math.log(more.looks / fewer.looks)
            return Score(
                looks,
                fewer.mean ** (1 - part) * more.mean**part,
                fewer.p99 ** (1 - part) * more.p99**part,
            )
    raise ValueError(f"no optimum known for {looks} looks")


def _percentile(found: list[tuple[float, float]], chance: float) -> float:
    """The seconds that are exceeded with no more than the chance that is left."""
    found = sorted(found)
    reached = accumulate(each for _, each in found)
    return next(
        seconds for (seconds, _), sum_ in zip(found, reached, strict=True) if sum_ >= chance
    )
