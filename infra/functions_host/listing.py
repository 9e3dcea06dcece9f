"""What the host says about each function when it starts: what triggers it, and where."""

from __future__ import annotations

from .event_grid import PATH
from .function_checks import EVENT_GRID, HTTP, QUEUE, TIMER, HostFunction


def describe(function: HostFunction, url: str, route_prefix: str) -> str:
    """One line, e.g. `work: queueTrigger on queue 'work'`; `url` is the host's."""
    return f"{function.name}: {function.kind or 'no trigger'}{_where(function, url, route_prefix)}"


def _where(function: HostFunction, url: str, route_prefix: str) -> str:
    if function.errors:
        return f", refused: {function.errors[0]}"
    if function.disabled:
        return ", disabled"
    if function.kind == QUEUE:
        return f" on queue '{function.trigger['queueName']}'"
    if function.kind == TIMER:
        return f" at {function.trigger['schedule']}"
    if function.kind == EVENT_GRID:
        return f" at {url}{PATH}?functionName={function.name}"
    if function.kind == HTTP:
        methods = ",".join(sorted(function.methods)) or "any method"
        path = "/".join(filter(None, (route_prefix, function.route)))
        return f" [{methods}] {url}/{path}"
    return ""
