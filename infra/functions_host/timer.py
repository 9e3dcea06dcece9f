"""The timer trigger: runs one function on its schedule, never twice at the same time.

Facts: `TimerListener`, `ScheduleMonitor` (WebJobs extensions). Not imitated: the blob lease that
lets one of many instances run a timer; here there is one instance.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from .console import log
from .function_checks import HostFunction
from .invocation import Call
from .ncrontab import Interval, parse_schedule
from .timer_status import StatusFile, TimerStatus, at_start
from .wire import Json, Outcome, Text

_MINUTE = timedelta(minutes=1)


class TimerListener:
    """One function's timer. `zone` is the zone its schedule is written in."""

    def __init__(
        self,
        function: HostFunction,
        state_dir: Path,
        zone: tzinfo,
        invoke: Callable[[Call], Awaitable[Outcome]],
    ) -> None:
        self._function = function
        self._schedule = parse_schedule(str(function.trigger["schedule"]))
        self._file = StatusFile(state_dir / "timers" / f"{function.name}.json")
        self._zone = zone
        self._invoke = invoke
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run the function at its times until stopped; a run under way is waited for."""
        monitored = self._is_monitored()
        status, past_due = at_start(
            self._schedule, self._file.read() if monitored else None, self._now()
        )
        if monitored:
            self._file.write(status)
        log.info("The next occurrence of 'Functions.%s' is %s.", self._function.name, status.next)
        if past_due or self._function.trigger.get("runOnStartup"):
            status = await self._tick(status, monitored, past_due)
        while status.next is not None and not self._stopping.is_set():
            # By timestamps: within one zone a plain difference would ignore a clock change.
            if await self._stopped_within(status.next.timestamp() - self._now().timestamp()):
                return
            status = await self._tick(status, monitored, past_due=False, due=status.next)

    def stop(self) -> None:
        """Start no more runs."""
        self._stopping.set()

    def _now(self) -> datetime:
        return datetime.now(self._zone)

    def _is_monitored(self) -> bool:
        """Schedules that run more than once a minute keep no status."""
        if self._function.trigger.get("useMonitor") is False:
            return False
        if isinstance(self._schedule, Interval):
            return self._schedule.every >= _MINUTE
        now = self._now()
        first = self._schedule.next(now)
        second = self._schedule.next(first) if first else None
        return second is None or second >= now + _MINUTE

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True

    async def _tick(
        self, status: TimerStatus, monitored: bool, past_due: bool, due: datetime | None = None
    ) -> TimerStatus:
        """One run; the status after it. `due` is the occurrence it is for, if it is for one."""
        began = self._now()
        await self._invoke(timer_call(self._function, status if monitored else None, past_due))
        counted = began if due is None else max(began, due)  # it may have fired a hair early
        after = TimerStatus(counted, self._schedule.next(counted), counted)
        if monitored:
            self._file.write(after)
        return after


def timer_call(function: HostFunction, status: TimerStatus | None, past_due: bool) -> Call:
    """One run of a timer function, with the status *before* it."""
    info = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status.as_document() if status else None,
        "IsPastDue": past_due,
    }
    now = datetime.now().astimezone().strftime("%m/%d/%Y %H:%M:%S")
    return Call(
        function,
        Json(json.dumps(info)),
        f"Timer fired at {now}",
        {"TimerTrigger": Text(now)},
    )
