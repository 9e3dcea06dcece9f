"""Reads of yesterday's state: a GET answered with what it said before the last change.

Off unless the knob `stale_read_probability` is up; nothing is remembered otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .wire import ArmError, Call, Request, Response, Router
from .world import World

# What one caller was told is not for another.
_ABOUT_CALLER = "/providers/microsoft.authorization/permissions"

Answer = Callable[[Call], Response]


@dataclass
class _Memory:
    latest: Response
    before: Response | None = None
    changed_at: datetime | None = None


class StaleReads:
    """Stands between the gateway and the routes; `answer` gives the up-to-date answer."""

    def __init__(self, world: World, router: Router, answer: Answer) -> None:
        self._world = world
        self._router = router
        self._answer = answer
        self._memory: dict[tuple[str, ...], _Memory] = {}

    def answer(self, call: Call) -> Response:
        """The answer to a request; a GET may be told what was true before."""
        is_about_caller = call.request.path.lower().endswith(_ABOUT_CALLER)
        if self._world.knobs.stale_read_probability <= 0 or is_about_caller:
            return self._answer(call)
        if call.request.method == "GET":
            fresh = self._look(call)
            return self._earlier(call) or fresh
        reading = Request.build("GET", call.request.url)
        if self._router.route(reading):
            self._look(Call(reading, call.caller, call.correlation_id))
        return self._answer(call)

    def _look(self, call: Call) -> Response:
        """Answer a GET and remember what was said, and what before that."""
        try:
            fresh = self._answer(call)
        except ArmError as error:
            fresh = error.response()
        memory = self._memory.setdefault(_key(call), _Memory(fresh))
        if (memory.latest.status, memory.latest.body) != (fresh.status, fresh.body):
            memory.before, memory.latest = memory.latest, fresh
            memory.changed_at = self._world.clock.now()
        return _copy(fresh)

    def _earlier(self, call: Call) -> Response | None:
        """The answer before the last change, when chance wants it and it is not too old."""
        memory = self._memory[_key(call)]
        if memory.before is None or memory.changed_at is None:
            return None
        knobs = self._world.knobs
        age = (self._world.clock.now() - memory.changed_at).total_seconds()
        if age > knobs.stale_read_seconds:
            return None
        is_stale = self._world.random.random() < knobs.stale_read_probability
        return _copy(memory.before) if is_stale else None


def _key(call: Call) -> tuple[str, ...]:
    query = call.request.query
    return call.request.path.lower(), query.get("$filter", "").lower(), query.get("$skiptoken", "")


def _copy(answer: Response) -> Response:
    """For the way out, where headers are added and faults may break it."""
    return Response(answer.status, answer.body, dict(answer.headers))
