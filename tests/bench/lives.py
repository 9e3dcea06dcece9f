"""One cluster's life in some weather: requested, granted, Ready, and at peace.

Probe mode, two grants; provisioning takes 4 to 9 minutes and permissions 0.5 to 35 minutes, drawn
by the seed; the timer runs every 15 minutes.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.bench import weather
from tests.bench.session import Session
from tests.bench.towns import MOST_GRANTS, policy_text, request

_MINUTES = 90
_KNOBS = {"provisioning_seconds": (240, 540), "effective_seconds": (30, 2100)}


@dataclass(frozen=True, slots=True)
class Life:
    """`peak` is of messages waiting, `effective_at` when the last permission began to work, as the
    emulator knows it; `ready_at` when the product said so, None if it never did."""

    peak: int
    invocations: int
    effective_at: datetime
    ready_at: datetime | None


@functools.cache
def lives(session: Session, kind: weather.Weather) -> tuple[Life, ...]:
    """A life for each seed of the session; lived once, however many figures ask."""
    return tuple(_live(session.storage(), kind, seed) for seed in session.seeds)


def _live(storage: str, kind: weather.Weather, seed: int) -> Life:
    policy = policy_text("probe", MOST_GRANTS)
    town = weather.WeatherTown(kind, seed, storage, policy, **_KNOBS)
    with weather.installed(town):
        request(town, MOST_GRANTS)
        town.run(_MINUTES)
        ready = town.record().condition("Ready")
        effective = [
            assignment.effective_at
            for assignment in town.azure.role_assignments.all()
            if assignment.effective_at and (assignment.description or "").startswith("grantkeeper")
        ]
    return Life(
        peak=town.peak,
        invocations=town.invocations,
        effective_at=max(effective),
        ready_at=ready.since if ready and ready.status == "True" else None,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that so many percent of them do not exceed (nearest rank)."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
