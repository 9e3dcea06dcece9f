"""The scores of lists of looks, where the answer is known; the product's are not judged here."""

import math

import pytest

from tests.bench.schedule_delays import DELAYS, WINDOW, exponential, quantile, uniform
from tests.bench.schedule_score import at, optima, score


def test_a_delay_that_may_end_at_any_time_is_found_half_a_gap_late() -> None:
    found = score(uniform(0, WINDOW), [range(60, WINDOW + 1, 60)])
    assert found.looks == pytest.approx(30.5)
    assert found.mean == pytest.approx(30)
    assert found.p99 == pytest.approx(59.5)


def test_of_a_delay_beyond_the_window_every_look_counts() -> None:
    chance = exponential(1e6)(WINDOW)
    found = score(exponential(1e6), [(WINDOW / 2, WINDOW)])
    assert found.looks == pytest.approx(2 * (1 - chance) + 1.5 * chance, rel=0.001)


@pytest.mark.parametrize("name", DELAYS)
def test_the_optimum_comes_near_the_least_product_of_looks_and_lateness(name: str) -> None:
    """By the Cauchy-Schwarz inequality, ∫f·h/2 · ∫(1 - F)/h ≥ (∫ sqrt(f · (1 - F)))² / 2."""
    chances = [DELAYS[name](second) for second in range(WINDOW + 1)]
    roots = (
        math.sqrt((chances[second + 1] - chances[second]) * (1 - chances[second + 1]))
        for second in range(WINDOW)
    )
    least = sum(roots) ** 2 / 2
    products = [best.looks * best.mean for best in optima(DELAYS[name])]
    assert least <= min(products) <= least * 1.06


def test_the_best_there_is_has_all_efficiency() -> None:
    front = optima(DELAYS["lognormal3"])
    assert [best.efficiency(front) for best in front] == pytest.approx([1.0] * len(front))
    between = at(front, (front[7].looks + front[8].looks) / 2)
    assert front[7].mean < between.mean < front[8].mean


def test_a_quantile_is_the_moment_by_which_so_many_work() -> None:
    assert quantile(DELAYS["lognormal5"], 0.5) == pytest.approx(300, abs=1)
