"""The emulator's time: real, scaled, or moved by hand."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

DEFAULT_START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Emulated time, always aware and in UTC."""

    def now(self) -> datetime:
        """The emulated moment."""

    def advance(self, seconds: float) -> None:
        """Move time forward by emulated seconds."""


class RealClock:
    """Wall time, or `scale` emulated seconds for each real one.

    It starts at the wall clock's time, never jumps back, and may also be moved forward by hand;
    with a scale of 0 it moves by hand only.
    """

    def __init__(self, scale: float = 1.0) -> None:
        if not (scale >= 0 and math.isfinite(scale)):
            raise ValueError(f"time scale must be 0 or more, not {scale}")
        self.scale = scale
        self._start = datetime.now(UTC)
        self._monotonic_start = time.monotonic()
        self._offset = timedelta()

    def now(self) -> datetime:
        """The wall clock's start plus scaled time since then."""
        passed = (time.monotonic() - self._monotonic_start) * self.scale
        return self._start + timedelta(seconds=passed) + self._offset

    def advance(self, seconds: float) -> None:
        """Jump ahead by emulated seconds."""
        self._offset += _forward(seconds)


class ManualClock:
    """Time that stands still until it is moved."""

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was last moved to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move ahead by emulated seconds."""
        self._now += _forward(seconds)


def _forward(seconds: float) -> timedelta:
    if seconds < 0:
        raise ValueError(f"time cannot go back ({seconds} s)")
    return timedelta(seconds=seconds)
