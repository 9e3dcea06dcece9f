"""The admin endpoints: health, what was indexed, runs by hand, drain and restart."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from .event_grid import event_grid_call
from .function_checks import EVENT_GRID, HTTP, QUEUE, HostFunction
from .http_message import HttpReply, HttpRequest
from .http_trigger import http_call
from .invocation import Call
from .job_host import JobHost
from .queue_message import by_hand_metadata
from .timer import timer_call
from .wire import Text

PREFIX = "/admin/"
PING = "/admin/host/ping"
_BY_HAND = "This function was programmatically called via the host APIs."


class Admin:
    """Answers requests under /admin. `restart` asks the host for a new job host."""

    def __init__(self, restart: Callable[[], None]) -> None:
        self._restart = restart
        self._started = time.monotonic()
        self._runs: set[asyncio.Task[Any]] = set()

    def answer(self, request: HttpRequest, job: JobHost) -> HttpReply:
        """Answer one request; 404 for what is not imitated."""
        parts = request.path.removeprefix(PREFIX).strip("/").split("/")
        if parts[0] == "host":
            return self._host(request.method, "/".join(parts[1:]), job)
        if parts == ["functions"] and request.method == "GET":
            functions = job.functions.values()
            return HttpReply.json(200, [_description(function) for function in functions])
        if parts[0] != "functions" or len(parts) < 2:
            return HttpReply(404)
        function = job.functions.get(parts[1])
        if function is None:
            return HttpReply(404)
        if len(parts) == 2 and request.method == "POST":
            return self._run(request, function, job)
        if len(parts) == 2 and request.method == "GET":
            return HttpReply.json(200, _description(function))
        if parts[2:] == ["status"] and request.method == "GET":
            errors = {"errors": list(function.errors)} if function.errors else {}
            return HttpReply.json(200, errors)
        return HttpReply(404)

    def _host(self, method: str, action: str, job: JobHost) -> HttpReply:
        if action == "status" and method == "GET":
            return HttpReply.json(200, self._status(job))
        if action == "drain/status" and method == "GET":
            return HttpReply.json(200, _drain_status(job))
        if method != "POST":
            return HttpReply(404)
        if action == "drain":
            job.drain()
            return HttpReply(202)
        if action == "resume":
            if job.draining:
                job.resume()
            return HttpReply.json(200, {"state": "Running"})
        if action == "restart":
            self._restart()
            return HttpReply(200)
        return HttpReply(204 if action == "synctriggers" else 404)

    def _status(self, job: JobHost) -> dict[str, Any]:
        return {
            "id": "local",
            "state": "Running",
            "version": "4.0.0-local",
            "versionDetails": "infra.functions_host",
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "errors": [job.index_error] if job.index_error else [],
        }

    def _run(self, request: HttpRequest, function: HostFunction, job: JobHost) -> HttpReply:
        """Start a run by hand: 202 at once, its result is only in the log."""
        try:
            given = json.loads(request.body)["input"]
            call = _by_hand(function, "" if given is None else str(given))
        except (ValueError, LookupError, TypeError, RecursionError):
            return HttpReply(400)
        task = asyncio.create_task(job.invoker.invoke(call))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)
        return HttpReply(202)


def _by_hand(function: HostFunction, given: str) -> Call:
    """The call for a text given by hand. Raises ValueError for an event that is no JSON."""
    if function.kind == QUEUE:
        return Call(function, Text(given), _BY_HAND, by_hand_metadata(given))
    if function.kind == EVENT_GRID:
        return event_grid_call(function, json.loads(given))
    if function.kind == HTTP:
        return http_call(function, _request_by_hand(given.encode()), {})
    return timer_call(function, None, past_due=False)


def _request_by_hand(body: bytes) -> HttpRequest:
    return HttpRequest("POST", "", "", {}, {"content-length": str(len(body))}, body)


def _description(function: HostFunction) -> dict[str, Any]:
    return {
        "name": function.name,
        "config": {"bindings": [function.trigger, *function.outputs]},
        "isDisabled": function.disabled,
        "language": "python",
    }


def _drain_status(job: JobHost) -> dict[str, Any]:
    state = "Completed" if job.drained else "InProgress" if job.draining else "Disabled"
    return {"state": state, "outstandingInvocations": job.invoker.running, "outstandingRetries": 0}
