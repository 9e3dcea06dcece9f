"""The Event Grid trigger: the webhook at /runtime/webhooks/eventgrid.

Facts: `HttpRequestProcessor`, `EventGridExtensionConfigProvider` (Event Grid extension). The
answer comes only after all events of the request have run: 202, or 500 if any failed, and Event
Grid then delivers all of them again.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from .function_checks import EVENT_GRID, HostFunction
from .http_message import HttpReply, HttpRequest
from .invocation import Call
from .wire import Json, Outcome

PATH = "/runtime/webhooks/eventgrid"
_ORIGIN = re.compile(r"^eventgrid\.azure\.(net|us|cn|eaglex\.ic\.gov|microsoft\.scloud)$")


async def answer_event_grid(
    request: HttpRequest,
    functions: Mapping[str, HostFunction],
    invoke: Callable[[Call], Coroutine[Any, Any, Outcome]],
) -> HttpReply:
    """Answer one request of Event Grid for one of `functions` (all of the app)."""
    name = request.query.get("functionName", "")
    function = functions.get(name)
    if function is None or function.kind != EVENT_GRID or function.disabled or function.errors:
        return HttpReply.text(404, f"cannot find function: '{name}'")
    if request.method == "OPTIONS":
        origin = request.headers.get("webhook-request-origin", "")
        allowed = origin if _ORIGIN.match(origin) else "eventgrid.azure.net"
        return HttpReply(200, {"Webhook-Allowed-Origin": allowed})
    kind = request.headers.get("aeg-event-type", "").lower()
    if kind == "unsubscribe":
        return HttpReply(202)
    if kind not in ("subscriptionvalidation", "notification"):
        return HttpReply(400)
    try:
        document = json.loads(request.body)
        if kind == "subscriptionvalidation":
            return HttpReply.json(200, {"validationResponse": _validation_code(document)})
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        return HttpReply.text(500, f"{type(error).__name__}: {error}")
    return await _run(function, document, invoke)


def _validation_code(document: Any) -> str:
    """The code to echo; in the CloudEvents form `data` is a JSON text of its own."""
    data = document[0]["data"] if isinstance(document, list) else document["data"]
    return str((json.loads(data) if isinstance(data, str) else data)["validationCode"])


async def _run(
    function: HostFunction,
    document: Any,
    invoke: Callable[[Call], Coroutine[Any, Any, Outcome]],
) -> HttpReply:
    events = document if isinstance(document, list) else [document]
    outcomes = await asyncio.gather(*(invoke(event_grid_call(function, e)) for e in events))
    error = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
    return HttpReply(202) if error is None else HttpReply.text(500, error)


def event_grid_call(function: HostFunction, event: Any) -> Call:
    """The run of `function` for one event."""
    data = event.get("data") if isinstance(event, dict) else None
    return Call(
        function,
        Json(json.dumps(event, separators=(",", ":"), ensure_ascii=False)),
        "EventGrid trigger fired",
        {"data": Json(json.dumps(data))},
    )
