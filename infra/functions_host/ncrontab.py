"""Timer schedules: NCRONTAB expressions and constant intervals (pure).

Facts from atifaziz/NCrontab and `TimerSchedule` of the WebJobs extensions: six fields
`sec min hour day month weekday` (five: without seconds), day *and* weekday must match,
weekdays are 0-6 from Sunday, there is no `?`, `L`, `W`, `#`, `@daily`.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from .timespan import parse_timespan

_MONTHS = tuple(name.lower() for name in calendar.month_name)[1:]
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_LIMITS = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _WEEKDAYS),
)
# 29 February on one given weekday comes back within 40 years, also across 2100.
_YEARS_AHEAD = 40


class Schedule(Protocol):
    """When a timer fires. Times are wall-clock (naive) or all of one zone."""

    def next(self, after: datetime) -> datetime | None:
        """The first occurrence strictly later than `after`; None if there is none."""


@dataclass(frozen=True)
class Interval:
    """A constant distance between runs."""

    every: timedelta

    def next(self, after: datetime) -> datetime:
        """`after` plus the interval."""
        return after + self.every


@dataclass(frozen=True)
class Crontab:
    """The values each field allows, sorted."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def next(self, after: datetime) -> datetime | None:
        """The first occurrence strictly later than `after`, to the second."""
        earliest = after.replace(microsecond=0) + timedelta(seconds=1)
        if self._allows(earliest.date()):
            moment = self._time_from(earliest.time().replace(tzinfo=None))
            if moment is not None:
                return datetime.combine(earliest.date(), moment, after.tzinfo)
        day = self._day_after(earliest.date())
        first = time(self.hours[0], self.minutes[0], self.seconds[0])
        return datetime.combine(day, first, after.tzinfo) if day else None

    def _allows(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        return day.month in self.months and day.day in self.days and weekday in self.weekdays

    def _day_after(self, day: date) -> date | None:
        for year in range(day.year, day.year + _YEARS_AHEAD + 1):
            for month in self.months:
                length = calendar.monthrange(year, month)[1]
                for number in self.days:
                    candidate = date(year, month, min(number, length))
                    if number <= length and candidate > day and self._allows(candidate):
                        return candidate
        return None

    def _time_from(self, earliest: time) -> time | None:
        for hour in (value for value in self.hours if value >= earliest.hour):
            for minute in self.minutes:
                for second in self.seconds:
                    if time(hour, minute, second) >= earliest:
                        return time(hour, minute, second)
        return None


def parse_schedule(text: str) -> Schedule:
    """An NCRONTAB expression of six or five fields, else a TimeSpan.

    Raises ValueError, naming the field, for anything else.
    """
    fields = text.split()
    if len(fields) == 5:
        fields = ["0", *fields]
    if len(fields) == 6:
        values = (_field(field, *limits) for field, limits in zip(fields, _LIMITS, strict=True))
        return Crontab(*values)
    try:
        interval = parse_timespan(text)
    except ValueError as error:
        raise ValueError(
            f"The schedule expression '{text}' was not recognized as a valid cron expression or "
            "timespan string."
        ) from error
    if interval <= timedelta(0):
        raise ValueError(f"The schedule expression '{text}' must be longer than zero.")
    return Interval(interval)


def _field(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> tuple[int, ...]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        if slash and not (step_text.isdecimal() and int(step_text) > 0):
            raise ValueError(f"'{text}' is not a valid crontab {name}: bad step '{step_text}'")
        if span == "*":
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _value(start, text, name, low, high, names)
            last = _value(end, text, name, low, high, names) if dash else first
            if slash and not dash:
                last = high  # `5/10` is from 5 to the maximum
        first, last = min(first, last), max(first, last)  # NCrontab swaps a reversed range
        values.update(range(first, last + 1, int(step_text) if slash else 1))
    return tuple(sorted(values))


def _value(text: str, whole: str, name: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.isdecimal():
        number = int(text)
    else:
        matches = [low + at for at, full in enumerate(names) if full.startswith(text.lower())]
        if not text or not matches:
            raise ValueError(f"'{whole}' is not a valid crontab {name}")
        number = matches[0]
    if not low <= number <= high:
        raise ValueError(f"'{whole}' is not a valid crontab {name}: {low} to {high} allowed")
    return number
