"""Our clock is set right by the dates of Azure's answers, and by nothing else."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.azure_clock import AzureClock
from tests.unit.nouns import NOW


def told(headers: dict[str, str], before: dict[str, str] | None = None) -> datetime:
    clock = AzureClock(lambda: NOW)
    for each in (before or {}, headers):
        response: Any = SimpleNamespace(http_response=SimpleNamespace(headers=each))
        clock.on_response(None, response)  # type: ignore[arg-type]
    return clock()


@pytest.mark.parametrize(
    ("date", "offset"),
    [
        ("Thu, 01 Jan 2026 00:10:00 GMT", timedelta(minutes=10)),
        ("Wed, 31 Dec 2025 23:50:00 GMT", timedelta(minutes=-10)),
        ("Thu, 01 Jan 2026 00:00:05 GMT", timedelta(seconds=5)),
        ("Thu, 01 Jan 2026 00:00:04 GMT", timedelta(0)),
        ("Thu, 01 Jan 2026 00:00:00 GMT", timedelta(0)),
    ],
)
def test_it_follows_azures_but_for_the_seconds_a_network_takes(
    date: str, offset: timedelta
) -> None:
    assert told({"Date": date}) == NOW + offset


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 01 Jan 2026 00:10:00", "9" * 400])
def test_a_date_that_says_nothing_changes_nothing(date: str) -> None:
    right = {"Date": "Thu, 01 Jan 2026 00:10:00 GMT"}
    assert told({"Date": date}, right) == NOW + timedelta(minutes=10)


def test_an_answer_without_a_date_changes_nothing() -> None:
    assert told({}) == NOW
