"""Timer schedules, by table: what .NET's NCrontab and TimeSpan make of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.functions_host.ncrontab import Interval, parse_schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0 */5 * * * *", "2026-11-23 04:52:10", "2026-11-23 04:55:00"),
        ("0 */5 * * * *", "2026-11-23 04:55:00", "2026-11-23 05:00:00"),
        ("*/20 * * * * *", "2026-11-23 23:59:41", "2026-11-24 00:00:00"),
        ("*/5 * * * *", "2026-11-23 04:52:10", "2026-11-23 04:55:00"),
        ("0 30 9 * * 1-5", "2026-11-20 10:00:00", "2026-11-23 09:30:00"),
        ("0 0 0 * * 0", "2026-11-23 00:00:00", "2026-11-29 00:00:00"),
        ("0 0 12 13 * 5", "2026-11-01 00:00:00", "2026-11-13 12:00:00"),
        ("0 0 12 13 * FRI", "2026-11-13 12:00:00", "2027-08-13 12:00:00"),
        ("0 0 0 1 J *", "2026-02-01 00:00:00", "2027-01-01 00:00:00"),
        ("0 0 0 1 march *", "2026-02-01 00:00:00", "2026-03-01 00:00:00"),
        ("0 0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00:00"),
        ("5/10 * * * * *", "2026-01-01 00:00:06", "2026-01-01 00:00:15"),
        ("5/10 * * * * *", "2026-01-01 00:00:55", "2026-01-01 00:01:05"),
        ("10-20/5,59 * * * * *", "2026-01-01 00:00:20", "2026-01-01 00:00:59"),
        ("0 0 22-20 * * *", "2026-01-01 20:30:00", "2026-01-01 21:00:00"),
        ("0 0 0 31 * *", "2026-01-31 00:00:00", "2026-03-31 00:00:00"),
        ("00:00:30", "2026-01-01 00:00:10", "2026-01-01 00:00:40"),
        ("24:00:00", "2026-01-01 00:00:00", "2026-01-25 00:00:00"),
        ("5", "2026-01-01 00:00:00", "2026-01-06 00:00:00"),
        ("1.02:00:00", "2026-01-01 00:00:00", "2026-01-02 02:00:00"),
    ],
)
def test_the_next_occurrence_is_the_one_dotnet_finds(
    schedule: str, after: str, expected: str
) -> None:
    assert parse_schedule(schedule).next(at(after)) == at(expected)


def test_a_date_that_never_comes_has_no_occurrence() -> None:
    assert parse_schedule("0 0 0 30 2 *").next(at("2026-01-01")) is None


def test_a_part_of_a_second_counts_as_later() -> None:
    moment = at("2026-01-01 00:00:00.500000")
    assert parse_schedule("* * * * * *").next(moment) == at("2026-01-01 00:00:01")


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "@daily",
        "* * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* * 24 * * *",
        "0 0 0 0 * *",
        "0 0 0 * * 7",
        "0 0 0 ? * *",
        "0 0 0 L * *",
        "0 0 0 * * 1#2",
        "0 0 0 * X *",
        "*/0 * * * * *",
        "*/x * * * * *",
        "1- * * * * *",
        ", * * * * *",
        "-5:00:00",
        "00:00:00",
        "00:60:00",
    ],
)
def test_what_ncrontab_does_not_know_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_schedule(schedule)


_times = st.lists(st.integers(0, 59), min_size=1, max_size=3).map(lambda n: ",".join(map(str, n)))


@given(seconds=_times, minutes=_times, start=st.integers(0, 3599))
def test_next_is_the_first_later_moment_whose_fields_match(
    seconds: str, minutes: str, start: int
) -> None:
    after = at("2026-11-23 00:00:00") + timedelta(seconds=start)
    allowed = [
        moment
        for moment in (after + timedelta(seconds=step) for step in range(1, 3601))
        if str(moment.second) in seconds.split(",") and str(moment.minute) in minutes.split(",")
    ]
    assert parse_schedule(f"{seconds} {minutes} * * * *").next(after) == allowed[0]


def test_an_interval_keeps_its_length() -> None:
    assert parse_schedule("00:01:30") == Interval(timedelta(seconds=90))
