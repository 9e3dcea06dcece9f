"""What the host and its worker process say to each other, as typed messages.

The real host speaks gRPC (`FunctionRpc.EventStream`); these messages carry the same content, so
that what a function sees, and how a worker dies, stay the same.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Text(msgspec.Struct, frozen=True, tag="string"):
    """A text."""

    value: str


class Json(msgspec.Struct, frozen=True, tag="json"):
    """A JSON document, as text."""

    value: str


class Binary(msgspec.Struct, frozen=True, tag="bytes"):
    """Bytes."""

    value: bytes


class HttpInput(msgspec.Struct, frozen=True, tag="request"):
    """An HTTP request; header names are lower-case, `params` come from the route."""

    method: str
    url: str
    headers: dict[str, str]
    query: dict[str, str]
    params: dict[str, str]
    body: bytes


class HttpOutput(msgspec.Struct, frozen=True, tag="response"):
    """An HTTP response; `cookies` are whole Set-Cookie values."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes


# One value into or out of a function: the worker protocol's TypedData.
Datum = Text | Json | Binary | HttpInput | HttpOutput


class FunctionMetadata(msgspec.Struct, frozen=True):
    """One function as the worker indexed it; `bindings` in the words of function.json."""

    name: str
    bindings: list[dict[str, Any]]
    has_retry_policy: bool = False


class Indexed(msgspec.Struct, frozen=True, tag="indexed"):
    """Worker to host, once: the app's functions, or why there are none (`error`)."""

    functions: list[FunctionMetadata]
    error: str | None = None


class Invoke(msgspec.Struct, frozen=True, tag="invoke"):
    """Host to worker: run `function` with the trigger's input and metadata."""

    invocation_id: str
    function: str
    input: Datum
    metadata: dict[str, Datum]
    trace_parent: str


class Outcome(msgspec.Struct, frozen=True, tag="outcome"):
    """Worker to host: the run ended. `error` is `TypeName: text`, `stack` its traceback."""

    invocation_id: str
    outputs: dict[str, Datum] = {}
    error: str | None = None
    stack: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether nothing was raised."""
        return self.error is None


class LogRecord(msgspec.Struct, frozen=True, tag="log"):
    """Worker to host: a line logged by the app. Without an invocation the host drops it."""

    level: str
    message: str
    function: str | None = None


ToHost = Indexed | Outcome | LogRecord
ToWorker = Invoke
