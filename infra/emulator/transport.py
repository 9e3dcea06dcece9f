"""The in-process mouth: an azure-core transport that hands requests to the emulator.

Pass it as `transport=` to any synchronous azure client; the real URLs work and nothing listens.
"""

from __future__ import annotations

import io
import time
from types import TracebackType
from typing import Any, Protocol

import requests
from azure.core.exceptions import (
    IncompleteReadError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import HttpTransport, RequestsTransportResponse
from azure.core.rest import HttpRequest as RestRequest
from azure.core.rest._requests_basic import RestRequestsTransportResponse
from urllib3.response import HTTPResponse

from .clock import ManualClock
from .wire import Request, Response
from .world import World

DEFAULT_READ_TIMEOUT_SECONDS = 300.0


class Brain(Protocol):
    """What a mouth needs of the emulator."""

    world: World

    def handle(self, request: Request) -> Response:
        """Answer one request."""

    def advance(self, seconds: float) -> None:
        """Move emulated time ahead."""


class EmulatorTransport(HttpTransport[Any, Any]):
    """Sends to `emulator.handle`.

    Broken answers raise what the requests transport raises: a reset ServiceResponseError, half a
    body IncompleteReadError, an answer slower than the client's read timeout
    ServiceResponseTimeoutError; nothing is ever really waited for. The client's own sleeps
    (retries, polling) move a ManualClock ahead instead of the wall clock.
    """

    def __init__(self, emulator: Brain) -> None:
        self._emulator = emulator

    def __enter__(self) -> EmulatorTransport:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Nothing is held."""

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def sleep(self, duration: float) -> None:
        """Let emulated time pass when it is moved by hand, else wait."""
        if isinstance(self._emulator.world.clock, ManualClock):
            self._emulator.advance(duration)
        else:
            time.sleep(duration)

    def send(self, request: Any, **kwargs: Any) -> Any:
        """One request, one answer; takes both of azure-core's request classes."""
        is_rest = isinstance(request, RestRequest)
        body = _bytes(request.content if is_rest else request.body)
        sent = Request.build(request.method, request.url, request.headers, body)
        response = self._emulator.handle(sent)
        timeout = kwargs.get("read_timeout", DEFAULT_READ_TIMEOUT_SECONDS)
        if response.delay_seconds > timeout:
            raise ServiceResponseTimeoutError(f"Read timed out. (read timeout={timeout})")
        if response.broken == "reset":
            raise ServiceResponseError("Connection aborted: connection reset by peer")
        if response.broken == "truncated":
            raise IncompleteReadError("Connection broken: IncompleteRead")
        carried = _as_requests(response, request.url)
        if not is_rest:
            return RequestsTransportResponse(request, carried)
        answer = RestRequestsTransportResponse(  # type: ignore[no-untyped-call]
            request=request, internal_response=carried
        )
        if not kwargs.get("stream"):
            answer.read()
            answer.close()
        return answer


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    if hasattr(body, "read"):
        content = body.read()
        return content if isinstance(content, bytes) else str(content).encode()
    return b"".join(body)


def _as_requests(response: Response, url: str) -> requests.Response:
    content = response.content()
    headers = response.all_headers()
    carried = requests.Response()
    carried.status_code = response.status
    carried.url = url
    carried.headers.update(headers)
    carried.encoding = "utf-8"
    carried.raw = HTTPResponse(
        io.BytesIO(content), headers, response.status, preload_content=False, request_url=url
    )
    return carried
