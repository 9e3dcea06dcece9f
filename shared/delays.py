"""How long grants took to work, and how long the next may take (pure).

Nobody is told when a permission starts to work. A delay is only known to lie between the last
probe that was denied and the first that worked, and so it is kept: spread over that interval, in
a histogram for each kind of grant. Seconds count from the moment the grant was written.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from shared.model import Grant, Progress, Record
from shared.probes import target_of

HOUR = 3600  # Azure's documented window (learn.microsoft.com/azure/aks/use-managed-identity)
_BUCKETS = 40
# Buckets grow with the square root of the delay, as the best gaps do; the last has no end.
_EDGES = (*(HOUR * (k / (_BUCKETS - 1)) ** 2 for k in range(_BUCKETS)), math.inf)
_ASSUMED_WEIGHT = 20  # what is assumed counts as so many observations
# A delay makes others like it likely: within 30 % of it, and 15 s at least. With less, the chance
# in 200 observations shows in the list of looks (`make bench`, figure `schedule`).
_SPREAD, _SPREAD_LEAST = 0.3, 15.0


# The kinds of grants that a probe can prove (`kind_of`).
KINDS = ("pull", "cloud-controller", "load-balancer")


class Observation(NamedTuple):
    """A delay of a kind of grant, in seconds: more than `seconds_from`, at most `seconds_to`."""

    kind: str
    seconds_from: float
    seconds_to: float


class Histogram(Struct, frozen=True):
    """Delays observed, 1 for each in all. Bucket k holds those from 3600·(k/39)² s to the next
    bucket's start, the last those of more than an hour."""

    buckets: Annotated[
        tuple[Annotated[float, Meta(ge=0, le=1e9)], ...],
        Meta(min_length=_BUCKETS, max_length=_BUCKETS),
    ] = (0.0,) * _BUCKETS

    @property
    def observations(self) -> int:
        """How many delays were observed."""
        return round(sum(self.buckets))

    def add(self, seconds_from: float, seconds_to: float) -> "Histogram":
        """With one more delay, spread over its interval as `assumed` has it: most delays end
        before the first look, and evenly spread they would all seem half as long as it."""
        start = min(max(seconds_from, 0.0), HOUR)
        end = max(seconds_to, start + 1)
        shares = [
            max(0.0, assumed(min(end, high)) - assumed(max(start, low)))
            for low, high in pairwise(_EDGES)
        ]
        whole = sum(shares)
        added = zip(self.buckets, shares, strict=True)
        return Histogram(tuple(bucket + share / whole for bucket, share in added))


def kind_of(grant: Grant) -> str:
    """What grants have in common that are proven in the same way: `pull`, `cloud-controller` …
    (the first word of `probes.target_of`); `none` of those that no probe can prove."""
    return target_of(grant).partition(":")[0] or "none"


def new_observations(before: Record, after: Record) -> Iterator[Observation]:
    """The delays that a turn, which made `after` of `before`, has observed: of grants that a
    probe has just found to work. What a read shows, or a window that has passed, says nothing."""
    known = {progress.grant.key: progress for progress in before.grants}
    for progress in after.grants:
        earlier = known.get(progress.grant.key)
        if earlier and not earlier.effective_at and progress.evidence == "Probe":
            yield from _observed(earlier, progress)


def _observed(earlier: Progress, proven: Progress) -> Iterator[Observation]:
    """Nothing of a grant of others, for nobody knows when it was written; nothing if only the
    window's end was seen; and nothing if the clocks of two instances contradict each other."""
    if not (proven.made_by_us and proven.written_at and proven.effective_at and proven.deadline):
        return
    denied_at = earlier.probed_at if earlier.reason == "ProbeDenied" else None
    since = denied_at or proven.written_at
    told = denied_at is not None or proven.effective_at < proven.deadline
    if told and proven.written_at <= since < proven.effective_at:
        seconds_from, seconds_to = (
            (moment - proven.written_at).total_seconds() for moment in (since, proven.effective_at)
        )
        yield Observation(kind_of(proven.grant), seconds_from, seconds_to)


def expected(observed: Histogram, window: float, steps: int) -> tuple[float, ...]:
    """The chance that a grant works by each end of `steps` equal parts of the `window` (seconds),
    0 first: what was observed, in one with what is assumed."""
    moments = [window * step / steps for step in range(steps + 1)]
    weight = _ASSUMED_WEIGHT + sum(observed.buckets)
    seen = [0.0] * len(moments)
    for count, (low, high) in zip(observed.buckets, pairwise(_EDGES), strict=True):
        middle = (low + high) / 2
        if count and middle < window:
            spread = max(_SPREAD_LEAST, _SPREAD * middle)
            start, end = max(0.0, middle - spread), min(window, middle + spread)
            for index in range(bisect_right(moments, start), len(moments)):
                seen[index] += count * min(1.0, (moments[index] - start) / (end - start))
    return tuple(
        (_ASSUMED_WEIGHT * assumed(moment * HOUR / window) + known) / weight
        for moment, known in zip(moments, seen, strict=True)
    )


def assumed(seconds: float) -> float:
    """The chance that a grant works so long after it was written, before any was observed.

    The mean of four assumptions: a median of 3 min, one of 5 min, most within a minute or two but
    some at any time, and a constant chance with a mean of 5 min. Azure publishes bounds only; what
    people report is minutes, sometimes up to half an hour (AKS#442, azurerm#11434).
    """
    three, five = _lognormal(seconds, 180, 0.9), _lognormal(seconds, 300, 1.0)
    some = min(1.0, max(0.0, (seconds - 300) / (HOUR - 300)))
    mixed = 0.85 * _lognormal(seconds, 60, 0.6) + 0.15 * some
    constant = 1 - math.exp(-seconds / 300)
    return (three + five + mixed + constant) / 4


def _lognormal(seconds: float, median: float, sigma: float) -> float:
    if seconds < 1:  # one in 10^11, and the logarithm of 0 is none
        return 0.0
    return (1 + math.erf(math.log(seconds / median) / (sigma * math.sqrt(2)))) / 2
