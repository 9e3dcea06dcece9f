"""What a timer remembers between runs, in a file per function, and when that means a run is due.

The real host keeps the same three fields in a blob (`ScheduleMonitor` of the WebJobs extensions).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .ncrontab import Schedule


@dataclass(frozen=True)
class TimerStatus:
    """`last` is None until the first run; `next` None when the schedule has no more occurrence."""

    last: datetime | None
    next: datetime | None
    last_updated: datetime

    def as_document(self) -> dict[str, str]:
        """In the words of the real status blob."""
        return {
            "Last": _text(self.last, "0001-01-01T00:00:00+00:00"),
            "Next": _text(self.next, "9999-12-31T23:59:59+00:00"),
            "LastUpdated": self.last_updated.isoformat(),
        }


def _text(moment: datetime | None, missing: str) -> str:
    return missing if moment is None else moment.isoformat()


def _moment(text: str) -> datetime | None:
    return None if text.startswith(("0001-", "9999-")) else datetime.fromisoformat(text)


class StatusFile:
    """The status of one timer on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> TimerStatus | None:
        """The status; None when there is none, or none that can be read."""
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            updated = _moment(document["LastUpdated"])
            if updated is None:
                return None
            return TimerStatus(_moment(document["Last"]), _moment(document["Next"]), updated)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, status: TimerStatus) -> None:
        """Replace the status in one step."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(status.as_document()), encoding="utf-8")
        draft.replace(self._path)


def at_start(
    schedule: Schedule, known: TimerStatus | None, now: datetime
) -> tuple[TimerStatus, bool]:
    """The status a listener starts with, and whether a run was missed (pure).

    However many runs were missed, one is made up. A changed schedule counts from the last run
    and forgets occurrences that are over.
    """
    if known is None:
        return TimerStatus(None, schedule.next(now), now), False
    base = (known.last or known.last_updated).astimezone(now.tzinfo)
    expected = schedule.next(base)
    if known.next != expected:
        if expected is not None and now > expected:
            base, expected = now, schedule.next(now)
        known = TimerStatus(None, expected, base)
    return known, known.next is not None and now > known.next
