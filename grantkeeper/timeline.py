"""A grant's propagation window in one line, with a mark for each moment, and in words.

    W──R━━━●──○──┊──────────────────────────────────────────────┤

The bar reaches from the write to the deadline; what has passed is thick.
"""

from datetime import datetime, timedelta

from rich.text import Text

from grantkeeper.report import Grant

LEGEND = "W written · R readable · E effective · ● now · ○ look · ┊ expected · ┤ deadline"
_NARROWEST = 10
_COLOUR = {"written": "yellow", "readable": "cyan", "effective": "green"}


def bar(grant: Grant, next_look: datetime | None, now: datetime, width: int) -> Text:
    """The window in `width` columns; empty when they are too few, or the grant is not written."""
    start, end = grant.written_at, grant.deadline
    if start is None or end is None or end <= start or width < _NARROWEST:
        return Text()
    last = width - 1

    def column(moment: datetime) -> int:
        return min(max(round((moment - start) / (end - start) * last), 0), last)

    passed = column(now)
    cells = ["━" if place < passed else "─" for place in range(width)]
    cells[last] = "┤"
    if grant.expected_at:
        cells[column(grant.expected_at)] = "┊"
    if next_look and now < next_look < end and not grant.is_proven:
        cells[column(next_look)] = "○"
    if now < end and not grant.is_proven:
        cells[passed] = "●"
    place = -1
    states = (("W", start), ("R", grant.readable_at), ("E", grant.effective_at))
    for letter, moment in states:
        if moment:  # letters stand in their order, also when they came at once
            place = min(max(column(moment), place + 1), last)
            cells[place] = letter
    late = now >= end and not grant.effective_at
    return Text("".join(cells), "red" if late else _COLOUR.get(grant.state, ""))


def left(grant: Grant, now: datetime) -> str:
    """How long the window still is; empty when it does not matter any more."""
    if grant.deadline is None or grant.is_proven:
        return ""
    if now < grant.deadline:
        return f"{span(grant.deadline - now)} left"
    return "" if grant.effective_at else f"{span(now - grant.deadline)} late"


def span(length: timedelta) -> str:
    """`90 s`, `12 min`, `5 h`: as exactly as people want it."""
    seconds = round(length.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
