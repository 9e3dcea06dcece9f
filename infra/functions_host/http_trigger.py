"""The HTTP trigger: finds the function for a path, runs it, makes its answer a reply."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from .function_checks import HTTP, HostFunction
from .http_message import HttpReply, HttpRequest
from .invocation import Call
from .route import route_pattern
from .wire import Datum, HttpInput, HttpOutput, Outcome, Text


def find_function(
    request: HttpRequest, prefix: str, functions: Iterable[HostFunction]
) -> tuple[HostFunction, dict[str, str]] | None:
    """The function for `request` with its route parameters; literal routes come first."""
    path = request.path
    if prefix:
        head, path = path[: len(prefix) + 1], path[len(prefix) + 1 :]
        if head.lower() != f"/{prefix}".lower():
            return None
    for function in sorted(functions, key=lambda each: each.route.count("{")):
        if function.kind != HTTP or function.disabled or function.errors:
            continue
        if function.methods and request.method not in function.methods:
            continue
        if match := route_pattern(function.route).fullmatch(path):
            found = match.groupdict()
            return function, {name: value for name, value in found.items() if value is not None}
    return None


async def answer_http(
    request: HttpRequest,
    function: HostFunction,
    params: Mapping[str, str],
    invoke: Callable[[Call], Awaitable[Outcome]],
) -> HttpReply:
    """Run `function`; a failed run is a 500 without a body."""
    outcome = await invoke(http_call(function, request, params))
    if not outcome.succeeded:
        return HttpReply(500)
    names = [str(binding["name"]) for binding in function.outputs if binding["type"] == "http"]
    datum = next((outcome.outputs[name] for name in names if name in outcome.outputs), None)
    return _reply(datum)


def http_call(function: HostFunction, request: HttpRequest, params: Mapping[str, str]) -> Call:
    """The run of `function` for `request`."""
    has_length = int(request.headers.get("content-length") or 0) > 0
    given = HttpInput(
        headers=request.headers,
        body=request.body if has_length else b"",  # the host passes on no chunked body
        method=request.method,
        url=request.url,
        query=request.query,
        params=dict(params),
    )
    reason = "This function was programmatically called via the host APIs."
    return Call(function, given, reason)


def _reply(datum: Datum | None) -> HttpReply:
    if datum is None:
        return HttpReply(204)
    if isinstance(datum, HttpOutput):
        return HttpReply(datum.status, datum.headers, datum.body, tuple(datum.cookies))
    return _from_text(datum.value) if isinstance(datum, Text) else HttpReply(500)


def _from_text(text: str) -> HttpReply:
    """A returned text; a JSON object with a `body` member describes the whole reply."""
    try:
        document: Any = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "body" not in document:
        return HttpReply.text(200, text)
    status = int(document.get("status") or document.get("statusCode") or 200)
    headers = {str(name): str(value) for name, value in (document.get("headers") or {}).items()}
    body = document["body"]
    content = body if isinstance(body, str) else json.dumps(body)
    return HttpReply(status, headers, content.encode())
