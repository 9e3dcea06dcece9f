"""The host's HTTP endpoint on loopback: reads requests, lets the event loop answer them."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .console import log
from .http_message import HttpReply, HttpRequest

Answer = Callable[[HttpRequest], Coroutine[Any, Any, HttpReply]]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class HttpServer:
    """A thread per connection; `answer` runs on the loop that made this object."""

    def __init__(self, port: int, answer: Answer) -> None:
        """Listen on `port` (0: a free one). Raises OSError when it is taken."""
        self._loop = asyncio.get_running_loop()
        self._answer = answer
        self._server = _Server(("127.0.0.1", port), self._handler_class())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="http", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more. Blocks until the accepting thread has ended."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: HttpRequest) -> HttpReply:
        """The reply, made on the loop. Called by the connections' threads."""
        try:
            return asyncio.run_coroutine_threadsafe(self._answer(request), self._loop).result()
        except (CancelledError, RuntimeError):
            return HttpReply.text(503, "Function host is not running.")
        except Exception:  # noqa: BLE001 - e.g. a reply described by a function that cannot be given
            log.exception("An unhandled exception has occurred while answering %s", request.path)
            return HttpReply(500)

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        # http.server looks for one `do_METHOD` per method.
        methods = {f"do_{method}": _Handler.answer_any for method in _METHODS}
        return type("Handler", (_Handler,), {"host": self, **methods})


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # Event Grid delivers in bursts

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """A connection broke, e.g. because the caller gave up waiting."""
        log.warning("HTTP connection ended: %s", sys.exc_info()[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Kestrel"
    host: HttpServer

    def answer_any(self) -> None:
        """Answer one request of any method."""
        try:
            body = self._read_body()
        except ValueError:
            self.send_error(400)
            return
        reply = self.host.answer(self._read(body))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        for cookie in reply.cookies:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
        """Say nothing: URLs hold keys."""

    def _read(self, body: bytes) -> HttpRequest:
        parts = urlsplit(self.path)
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
        return HttpRequest(
            method=self.command,
            url=f"http://{self.headers.get('Host', 'localhost')}{self.path}",
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=body,
        )

    def _read_body(self) -> bytes:
        """The body, by length or in chunks (RFC 9112, 6 and 7.1). Raises ValueError."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(max(0, int(self.headers.get("Content-Length") or 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue  # trailers
        return body
