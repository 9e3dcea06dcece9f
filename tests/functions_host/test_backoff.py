"""How long a listener sleeps between polls."""

import random

import pytest

from infra.functions_host.backoff import PollingBackoff


class NoJitter(random.Random):
    """Always the middle of the range."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_an_empty_queue_is_polled_ever_more_rarely_up_to_the_limit() -> None:
    backoff = PollingBackoff(60.0, NoJitter())
    delays = [backoff.delay(found=False) for _ in range(13)]
    expected = [0.1, 0.2, 0.3, 0.5, 0.9, 1.7, 3.3, 6.5, 12.9, 25.7, 51.3, 60.0, 60.0]
    assert delays == pytest.approx(expected)


def test_a_message_makes_polling_quick_again() -> None:
    backoff = PollingBackoff(60.0, NoJitter())
    for _ in range(10):
        backoff.delay(found=False)
    assert backoff.delay(found=True) == pytest.approx(0.1)
    assert backoff.delay(found=False) == pytest.approx(0.2)


def test_no_delay_exceeds_the_limit() -> None:
    backoff = PollingBackoff(2.0, random.Random(7))  # noqa: S311 - jitter
    assert max(backoff.delay(found=False) for _ in range(30)) == pytest.approx(2.0)
