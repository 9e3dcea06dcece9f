"""When a role assignment becomes readable, and when it takes effect.

Azure promises no figure: its RBAC pages speak of 10 minutes, the AKS pages of 60. A draw depends on
the seed and the assignment's name only, so that the order of requests does not change it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist

from .knobs import Range
from .world import World

_UPPER = NormalDist().inv_cdf(0.95)


@dataclass(frozen=True, slots=True)
class Propagation:
    """How long after the PUT."""

    readable: timedelta
    effective: timedelta


def draw(world: World, assignment_name: str) -> Propagation:
    """The delays of one assignment. Neither waits for the other, as in Azure."""
    knobs = world.knobs
    readable = world.draw_seconds(knobs.readable_seconds, "readable", assignment_name)
    if knobs.effective_distribution == "lognormal":
        effective = _lognormal(world, knobs.effective_seconds, assignment_name)
    else:
        effective = world.draw_seconds(knobs.effective_seconds, "effective", assignment_name)
    return Propagation(timedelta(seconds=readable), timedelta(seconds=effective))


def _lognormal(world: World, limits: Range, assignment_name: str) -> float:
    """A long tail: one draw in twenty lies below the range and one in twenty above."""
    low, high = (math.log(max(limit, 0.001)) for limit in limits)
    chance = world.seeded("effective", assignment_name)
    return chance.lognormvariate((low + high) / 2, (high - low) / 2 / _UPPER)
