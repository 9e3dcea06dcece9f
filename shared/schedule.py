"""When to look again (pure).

Let F be the chance that a grant works by a moment, f its density. Looks h apart find it h/2 late
on the mean, and there are (1 - F)/h of them a second, so that lateness + price · looks is

    ∫ f·h/2 + price · (1 - F)/h      least for    h = sqrt(2 · price · (1 - F)/f)

The best gap follows 1/sqrt(hazard): constant for a constant chance, ever longer as a grant that
does not work yet becomes less likely to work soon. Exponential back-off grows too fast and gets
36 to 54 % of what is possible on the delays people report (`make bench`, figure `schedule`).

Lists are in seconds after the grant, for the documented 60-minute window; another one scales them.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

from shared.delays import HOUR, Histogram, expected

# The `optimum` of what is assumed (`delays.assumed`), to 5 s.
DEFAULT = (
    85, 155, 235, 320, 405, 495, 590, 690, 795, 910, 1030, 1160, 1295, 1440, 1595, 1755, 1920,
    2085, 2250, 2415, 2575, 2730, 2875, 3010, 3135, 3250, 3355, 3450, 3530, 3600,
)  # fmt: skip
# Lists learned from so many delays were all within 5 % of the optimum when simulated (as `make
# bench` does); of those learned from 50, some were worse than the default.
ENOUGH = 200
PRICE = 12.0  # seconds of lateness that one look less is worth
# Lists by kind of grant (`delays.kind_of`); a kind that is not there has the default.
Plans = Mapping[str, tuple[int, ...]]
NO_PLANS: Plans = MappingProxyType({})

_STEPS = 720  # of 5 s
_JITTER = 0.1


def next_look(
    written_at: datetime,
    deadline: datetime,
    now: datetime,
    seed: str,
    looks: Sequence[int] = DEFAULT,
) -> datetime:
    """The next of `looks` at a grant written at `written_at`, never after its `deadline`.

    `seed` spreads grants that were written together: each look comes up to 10 % of the gap before
    it earlier, always by the same part for the same grant. A repeated turn computes the same
    moment, and gaps keep their proportions; were each jittered alone, 1 % of efficiency was lost.
    """
    scale = (deadline - written_at) / HOUR
    earlier = _JITTER * _unit(seed)
    for previous, look in pairwise((0, *looks)):
        at = written_at + (look - (look - previous) * earlier) * scale
        if at > now:
            return min(at, deadline)
    return deadline


@lru_cache(maxsize=16)
def looks_for(observed: Histogram, window: timedelta) -> tuple[int, ...]:
    """The list for a kind of grant whose delays were `observed`: the default, until there are
    enough of them to know better."""
    if observed.observations < ENOUGH:
        return DEFAULT
    return optimum(expected(observed, window.total_seconds(), _STEPS), PRICE)


def optimum(chances: Sequence[float], price: float) -> tuple[int, ...]:
    """The looks with the least lateness + `price` · looks, the last at the end of the window.

    `chances` are those that the grant works by the ends of equal parts of the window, 0 first. It
    is the shortest path over these moments, from the last to the first. The next look after a
    moment is never later than the next after the moment that follows it (the cost of a gap has
    the Monge property, Knuth's and Yao's condition), so few need to be tried.
    """
    last = len(chances) - 1
    step = HOUR / last
    # The mean moment at which grants start to work, those within a part taken at its middle.
    moments = [0.0]
    for end in range(1, last + 1):
        moments.append(moments[-1] + (chances[end] - chances[end - 1]) * (end - 0.5) * step)
    following, cost = [last] * (last + 1), [0.0] * (last + 1)
    for look in range(last - 1, -1, -1):
        least = math.inf
        for later in range(look + 1, following[look + 1] + 1):
            late = later * step * (chances[later] - chances[look]) - moments[later] + cost[later]
            if late < least:
                least, following[look] = late, later
        cost[look] = least + moments[look] + price * (1 - chances[look])
    looks = [following[0]]
    while looks[-1] < last:
        looks.append(following[looks[-1]])
    return tuple(round(look * step) for look in looks)


def _unit(text: str) -> float:
    return zlib.crc32(text.encode()) / 0xFFFFFFFF
