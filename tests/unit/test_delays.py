"""Delays: what a turn has observed of them, and what is believed of the next ones."""

import json
import math
from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delays import Histogram, Observation, assumed, expected, kind_of, new_observations
from shared.model import KUBELET, Progress
from shared.roles import ACR_PULL
from tests.unit.nouns import NOW, REGISTRY, at, grant, progress, record

PULL = grant(identity=KUBELET, role=ACR_PULL, scope=REGISTRY)
SECONDS = st.floats(-1000, 1e9)


def waiting(**changes: Any) -> Progress:
    """A readable grant of ours that no probe has answered for yet."""
    usual: dict[str, Any] = {
        "made_by_us": True,
        "written_at": NOW,
        "readable_at": at(20),
        "deadline": at(hours=1),
        "reason": "AwaitingProbe",
    }
    return progress(**{**usual, **changes})


def proven(seconds: float, **changes: Any) -> Progress:
    """The same after a probe that worked."""
    return waiting(effective_at=at(seconds), probed_at=at(seconds), evidence="Probe", **changes)


def told(before: Progress, after: Progress) -> list[Observation]:
    return list(new_observations(record(grants=(before,)), record(grants=(after,))))


def test_a_probe_that_works_ends_the_interval_that_a_denied_one_began() -> None:
    denied = waiting(probed_at=at(85), reason="ProbeDenied")
    assert told(denied, proven(155)) == [("cloud-controller", 85, 155)]


def test_with_no_probe_before_the_interval_begins_with_the_write() -> None:
    assert told(waiting(), proven(85)) == [("cloud-controller", 0, 85)]


def test_a_probe_that_could_not_tell_begins_nothing() -> None:
    unclear = waiting(probed_at=at(85), reason="ProbeInconclusive")
    assert told(unclear, proven(155)) == [("cloud-controller", 0, 155)]


def test_a_pull_is_a_kind_of_its_own() -> None:
    assert told(waiting(grant=PULL), proven(60, grant=PULL)) == [("pull", 0, 60)]


def test_a_grant_without_a_probe_is_of_the_kind_that_learns_nothing() -> None:
    assert kind_of(grant(identity="addon:gateway")) == "none"


def test_a_delay_beyond_the_window_is_one_too_if_a_probe_was_denied_before() -> None:
    denied = waiting(probed_at=at(3600), reason="ProbeDenied")
    assert told(denied, proven(7200)) == [("cloud-controller", 3600, 7200)]
    assert told(waiting(), proven(7200)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (waiting(), waiting()),
        (waiting(), waiting(effective_at=at(60), evidence="Readable")),
        (waiting(), waiting(effective_at=at(3600), evidence="WindowPassed")),
        (proven(60), proven(60)),
        (waiting(made_by_us=False), proven(60, made_by_us=False)),
        (waiting(grant=PULL), proven(60)),
    ],
    ids=["waiting", "readable", "window", "known", "of others", "another grant"],
)
def test_nothing_else_is_an_observation(before: Progress, after: Progress) -> None:
    assert told(before, after) == []


@given(st.integers(-600, 600))
def test_clocks_that_contradict_each_other_give_no_negative_delay(skew: int) -> None:
    denied = waiting(probed_at=at(85 + skew), reason="ProbeDenied")
    for _, seconds_from, seconds_to in told(denied, proven(155)):
        assert 0 <= seconds_from < seconds_to


@given(SECONDS, SECONDS)
def test_each_delay_counts_as_one(seconds_from: float, seconds_to: float) -> None:
    one = Histogram().add(seconds_from, seconds_to)
    assert sum(one.buckets) == pytest.approx(1)
    assert min(one.buckets) >= 0
    assert one.add(seconds_to, seconds_from).observations == 2


def test_a_delay_is_spread_over_its_interval_and_nowhere_else() -> None:
    starts = [3600 * (k / 39) ** 2 for k in range(41)]
    buckets = Histogram().add(100, 200).buckets
    held = {index for index, share in enumerate(buckets) if share}
    assert held == {k for k, (low, high) in enumerate(pairwise(starts)) if low < 200 and high > 100}


def test_most_of_a_wide_interval_lies_where_delays_are_assumed() -> None:
    buckets = Histogram().add(0, 3600).buckets
    assert sum(buckets[:16]) == pytest.approx(assumed(3600 * (16 / 39) ** 2), abs=0.03)


def test_a_delay_of_more_than_an_hour_is_in_the_last_bucket() -> None:
    assert Histogram().add(4000, 90_000).buckets == (*[0.0] * 39, 1.0)


def test_a_histogram_comes_back_as_it_was_kept() -> None:
    kept = Histogram().add(100, 200)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=Histogram) == kept


@pytest.mark.parametrize(
    "buckets", [[], [0.0] * 39, [-1.0] * 40, [1e308] * 40, ["1"] * 40], ids=str
)
def test_a_histogram_of_another_shape_is_none(buckets: list[Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps({"buckets": buckets}), type=Histogram)


def test_what_is_assumed_is_a_distribution() -> None:
    chances = [assumed(second) for second in range(0, 86_400, 10)]
    assert chances[0] == 0
    assert chances == sorted(chances)
    assert chances[-1] == pytest.approx(1)
    assert assumed(math.inf) == 1


def test_what_is_assumed_is_expected_as_long_as_nothing_was_observed() -> None:
    chances = expected(Histogram(), 3600, 360)
    assert chances == pytest.approx([assumed(step * 10) for step in range(361)])


def test_many_observations_outweigh_what_is_assumed() -> None:
    seen = Histogram()
    for _ in range(1000):
        seen = seen.add(1000, 1060)
    chances = expected(seen, 3600, 360)
    assert chances[60] < 0.02
    assert chances[150] > 0.98


@given(st.lists(st.tuples(SECONDS, SECONDS), max_size=5), st.floats(1, 1e6))
def test_what_is_expected_is_a_distribution(
    delays: list[tuple[float, float]], window: float
) -> None:
    seen = Histogram()
    for delay in delays:
        seen = seen.add(*delay)
    chances = expected(seen, window, 40)
    assert list(chances) == sorted(chances)
    assert chances[0] == 0
    assert chances[-1] <= 1 + 1e-9


def test_a_window_that_is_shorter_makes_what_is_assumed_faster() -> None:
    hour = expected(Histogram(), 3600, 40)
    minute = expected(Histogram(), timedelta(minutes=1).total_seconds(), 40)
    assert minute == pytest.approx(hour)
