"""Reads .NET TimeSpan texts as host.json and timer schedules write them."""

from __future__ import annotations

import re
from datetime import timedelta

_TIMESPAN = re.compile(
    r"^(?:(?P<days>\d+)\.)?(?P<first>\d+):(?P<minutes>[0-5]?\d)"
    r"(?::(?P<seconds>[0-5]?\d)(?:\.(?P<fraction>\d{1,7}))?)?$"
)


def parse_timespan(text: str) -> timedelta:
    """`hh:mm[:ss[.fffffff]]`, `d.hh:mm:ss`, or a whole number of *days*.

    As in .NET a first part above 23 is read as days: `24:00:00` is 24 days, `5` is five days.
    Raises ValueError for anything else.
    """
    text = text.strip()
    if text.isdecimal():
        return timedelta(days=int(text))
    match = _TIMESPAN.match(text)
    if match is None:
        raise ValueError(f"not a time span (hh:mm:ss): {text!r}")
    parts = {name: int(value or 0) for name, value in match.groupdict().items()}
    fraction = timedelta(microseconds=int((match["fraction"] or "").ljust(7, "0")) // 10)
    if parts["first"] <= 23:
        hours = timedelta(days=parts["days"], hours=parts["first"])
        return hours + timedelta(minutes=parts["minutes"], seconds=parts["seconds"]) + fraction
    if match["days"] or parts["minutes"] > 23 or match["fraction"]:
        raise ValueError(f"not a time span (hh:mm:ss): {text!r}")
    return timedelta(days=parts["first"], hours=parts["minutes"], minutes=parts["seconds"])
