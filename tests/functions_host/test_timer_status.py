"""What a timer remembers, and when a run was missed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.functions_host.ncrontab import parse_schedule
from infra.functions_host.timer_status import StatusFile, TimerStatus, at_start

EVERY_HOUR = parse_schedule("0 0 * * * *")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("known", "now", "expected_next", "past_due"),
    [
        (None, at(8, 30), at(9), False),
        (TimerStatus(at(8), at(9), at(8)), at(8, 30), at(9), False),
        (TimerStatus(at(8), at(9), at(8)), at(9, 1), at(9), True),
        (TimerStatus(at(8), at(9), at(8)), at(15), at(9), True),
        (TimerStatus(None, at(9), at(8, 30)), at(10, 30), at(9), True),
        # The schedule was another one: what it would have meant before now is forgotten.
        (TimerStatus(at(8), at(8, 5), at(8)), at(8, 30), at(9), False),
        (TimerStatus(at(8), at(8, 5), at(8)), at(12, 30), at(13), False),
    ],
)
def test_a_missed_run_is_noticed_at_the_start(
    known: TimerStatus | None, now: datetime, expected_next: datetime, past_due: bool
) -> None:
    status, due = at_start(EVERY_HOUR, known, now)
    assert (status.next, due) == (expected_next, past_due)


@pytest.mark.parametrize(
    "status", [TimerStatus(None, at(9), at(8)), TimerStatus(at(8), None, at(8))]
)
def test_a_status_survives_the_disk(tmp_path: Path, status: TimerStatus) -> None:
    file = StatusFile(tmp_path / "timers" / "tick.json")
    file.write(status)
    assert file.read() == status


@pytest.mark.parametrize("text", ["", "{}", "null", '{"Last": "yesterday"}'])
def test_an_unreadable_status_counts_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tick.json"
    path.write_text(text)
    assert StatusFile(path).read() is None
