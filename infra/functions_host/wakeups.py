"""Wakes a sleeping queue listener when this host itself adds to its queue."""

from __future__ import annotations

import asyncio
from collections import defaultdict


class Wakeups:
    """Events by queue name. Used on the event loop only."""

    def __init__(self) -> None:
        self._events: defaultdict[str, list[asyncio.Event]] = defaultdict(list)

    def subscribe(self, queue: str, event: asyncio.Event) -> None:
        """Set `event` whenever something was added to `queue`."""
        self._events[queue].append(event)

    def notify(self, queue: str) -> None:
        """Something was added to `queue`."""
        for event in self._events[queue]:
            event.set()
