"""The looks at a written grant: never after the deadline, scaled with the window, and the best for
the delays that are assumed or, when there are enough, observed."""

import math
from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delays import Histogram, assumed
from shared.schedule import DEFAULT, ENOUGH, PRICE, looks_for, next_look, optimum
from tests.unit.nouns import NOW, at

HOUR = timedelta(hours=1)
LISTS = st.sets(st.integers(1, 3599)).map(lambda looks: (*sorted(looks), 3600))


def all_looks(window: timedelta, seed: str, looks: Sequence[int] = DEFAULT) -> list[timedelta]:
    """Moments of all looks after the write, each found from the one before."""
    now, found = NOW, []
    while now < NOW + window:
        now = next_look(NOW, NOW + window, now, seed, looks)
        found.append(now - NOW)
    return found


def observed(*delays: tuple[float, float], times: int = 1) -> Histogram:
    """A histogram of these intervals, in seconds."""
    histogram = Histogram()
    for delay in delays * times:
        histogram = histogram.add(*delay)
    return histogram


def cost(chances: Sequence[float], looks: Sequence[int], price: float) -> float:
    """By definition: seconds of lateness and looks, weighed over all moments."""
    step = 3600 / (len(chances) - 1)
    total = (1 - chances[-1]) * price * len(looks)
    for part, (before, after) in enumerate(pairwise(chances)):
        middle = (part + 0.5) * step
        number, found = next((n, look) for n, look in enumerate(looks, 1) if look > middle)
        total += (after - before) * (found - middle + price * number)
    return total


@given(st.text(max_size=20), st.integers(1, 7200))
def test_looks_go_forward_and_end_with_the_deadline(seed: str, seconds: int) -> None:
    window = timedelta(seconds=seconds)
    looks = all_looks(window, seed)
    assert looks == sorted(set(looks))
    assert looks[-1] == window
    assert 30 <= len(looks) <= 31


@given(st.text(max_size=20), st.floats(0, 3599))
def test_a_repeated_turn_finds_the_same_moment(seed: str, seconds: float) -> None:
    now = at(seconds)
    moment = next_look(NOW, NOW + HOUR, now, seed)
    assert now < moment <= NOW + HOUR
    assert next_look(NOW, NOW + HOUR, now, seed) == moment


def test_grants_written_together_are_spread() -> None:
    firsts = {next_look(NOW, NOW + HOUR, NOW, str(number)) for number in range(50)}
    assert len(firsts) == 50
    assert max(firsts) - min(firsts) <= timedelta(seconds=8.5)


def test_a_shorter_window_has_as_many_looks() -> None:
    minute = all_looks(timedelta(seconds=60), "x")
    hour = all_looks(HOUR, "x")
    assert len(minute) == len(hour)
    assert all(abs(m * 60 - h) < timedelta(seconds=1) for m, h in zip(minute, hour, strict=True))


def test_after_the_deadline_nothing_is_planned_beyond_it() -> None:
    assert next_look(NOW, NOW + HOUR, at(hours=2), "x") == NOW + HOUR


@given(LISTS, st.text(max_size=20))
def test_any_list_is_followed_to_the_deadline(looks: tuple[int, ...], seed: str) -> None:
    found = all_looks(HOUR, seed, looks)
    assert found == sorted(set(found))
    assert found[-1] == HOUR
    assert len(looks) <= len(found) <= len(looks) + 1


@given(st.text(max_size=20))
def test_each_look_comes_at_most_a_tenth_of_its_gap_earlier(seed: str) -> None:
    found = [look.total_seconds() for look in all_looks(HOUR, seed)]
    for planned, (before, look) in zip(found, pairwise((0, *DEFAULT)), strict=False):
        assert look - 0.1 * (look - before) <= planned <= look


def test_the_default_is_the_best_for_what_is_assumed() -> None:
    assert optimum([assumed(second) for second in range(0, 3601, 5)], PRICE) == DEFAULT


@given(st.lists(st.floats(0, 1), min_size=8, max_size=8), st.floats(0, 1), st.floats(0.01, 5000))
def test_no_list_is_better_than_the_optimum(parts: list[float], never: float, price: float) -> None:
    whole = sum(parts) + never or 1.0
    chances = [sum(parts[:end]) / whole for end in range(len(parts) + 1)]
    ends = [3600 * end // len(parts) for end in range(1, len(parts))]
    every = [(*some, 3600) for n in range(len(parts)) for some in combinations(ends, n)]
    least = min(cost(chances, looks, price) for looks in every)
    assert cost(chances, optimum(chances, price), price) == pytest.approx(least)


def test_a_constant_chance_is_looked_at_evenly() -> None:
    chances = [1 - math.exp(-second / 300) for second in range(0, 3601, 5)]
    gaps = {after - before for before, after in pairwise((0, *optimum(chances, 5)))}
    assert max(gaps) - min(gaps) <= 10


def test_the_best_gap_follows_the_root_of_the_price() -> None:
    chances = [1 - math.exp(-second / 300) for second in range(3601)]
    for price in (1, 4, 16):
        assert optimum(chances, price)[0] == pytest.approx(math.sqrt(2 * price * 300), rel=0.1)


def test_as_long_as_few_delays_were_observed_the_default_holds() -> None:
    assert looks_for(Histogram(), HOUR) == DEFAULT
    assert looks_for(observed((500, 560), times=ENOUGH - 1), HOUR) == DEFAULT


def within(looks: Sequence[int], start: int, end: int) -> int:
    """How many of the looks are in this part of the window."""
    return len([look for look in looks if start <= look < end])


def test_enough_delays_replace_the_default_by_looks_where_delays_end() -> None:
    looks = looks_for(observed((1000, 1060), times=ENOUGH), HOUR)
    assert within(looks, 0, 700) < within(DEFAULT, 0, 700)
    assert within(looks, 700, 1400) > within(DEFAULT, 700, 1400)
    assert looks[-1] == 3600


def test_delays_are_seconds_whatever_the_window() -> None:
    """Of a window of half an hour, a delay of ten minutes is a third."""
    looks = looks_for(observed((600, 630), times=ENOUGH), HOUR / 2)
    assert within(looks, 0, 800) < within(DEFAULT, 0, 800)
    assert within(looks, 800, 1700) > within(DEFAULT, 800, 1700)


def test_grants_that_work_only_after_the_window_are_looked_at_rarely() -> None:
    assert len(looks_for(observed((3600, 7200), times=ENOUGH), HOUR)) < len(DEFAULT) / 3


@given(st.lists(st.floats(0, 1e6), min_size=40, max_size=40), st.integers(1, 10_000))
def test_whatever_is_observed_looks_go_forward_and_end_with_the_window(
    buckets: list[float], minutes: int
) -> None:
    looks = looks_for(Histogram(tuple(buckets)), timedelta(minutes=minutes))
    assert list(looks) == sorted(set(looks))
    assert 0 < looks[0] <= looks[-1] == 3600
