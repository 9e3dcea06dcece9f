"""The TLS mouth: HTTP/1.1 with keep-alive on loopback, one thread per connection."""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from .app import Emulator
from .wire import Request, Response

log = logging.getLogger(__name__)

IDLE_SECONDS = 120
TICK_SECONDS = 0.05
MAX_BODY_BYTES = 4 * 1024 * 1024


class EmulatorServer:
    """Serves an emulator on https://localhost:PORT until it is closed.

    A second thread runs what falls due, so that events are sent without anybody asking.
    """

    def __init__(self, emulator: Emulator, context: ssl.SSLContext, port: int = 0) -> None:
        self.emulator = emulator
        self._http = _Listener(emulator, context, port)
        self.port = self._http.server_address[1]
        self.url = f"https://localhost:{self.port}"
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._serve, name="emulator-http"),
            threading.Thread(target=self._tick, name="emulator-ticker"),
        ]

    def __enter__(self) -> EmulatorServer:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Serve in the background."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop listening, close every connection, end the threads."""
        self._stopped.set()
        self._http.shutdown()
        self._http.close_connections()
        self._http.server_close()
        for thread in self._threads:
            thread.join()
        self.emulator.close()

    def _serve(self) -> None:
        self._http.serve_forever(poll_interval=0.05)

    def _tick(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            try:
                self.emulator.world.run_due()
            except Exception:
                # What failed is off the list; what else is due must not wait for ever.
                log.exception("work that was due failed")


class _Listener(ThreadingHTTPServer):
    """Hands each connection, still without TLS, to a thread: a slow handshake holds up nobody."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, emulator: Emulator, context: ssl.SSLContext, port: int) -> None:
        self.emulator = emulator
        self._context = context
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Connection)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(IDLE_SECONDS)
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._kept_open(request):
            secured = self._context.wrap_socket(request, server_side=True)
        with self._kept_open(secured), secured:
            super().finish_request(secured, client_address)

    @contextmanager
    def _kept_open(self, connection: socket.socket) -> Iterator[None]:
        with self._open_lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._open_lock:
                self._open.discard(connection)

    def close_connections(self) -> None:
        """Wake the threads that wait for a client, or sleep before an answer."""
        self.stopping.set()
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    log.debug("a connection was closed already")

    def handle_error(self, _request: Any, client_address: Any) -> None:
        """A client that goes away or distrusts the certificate is no error of ours."""
        error = sys.exception()
        level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
        log.log(level, "connection from %s ended: %s", client_address, error, exc_info=error)


class _Connection(BaseHTTPRequestHandler):
    """Reads requests, writes each answer with one system call (no delayed-ACK pauses)."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    server_version = "LocalAzure"
    sys_version = ""
    wbufsize = -1

    def answer(self) -> None:
        """One request, whatever its method."""
        body = self._body()
        if body is None:
            return
        host = self.headers.get("Host", f"localhost:{self.server.server_address[1]}")
        headers = dict(self.headers.items())
        url = f"https://{host}{self.path}"
        try:
            request = Request.build(self.command, url, headers, body)
        except ValueError:
            self._refuse(400, "Bad Request")
            return
        response = self.server.emulator.handle(request)
        if response.delay_seconds:
            self.server.stopping.wait(response.delay_seconds)
        self._send(response)

    def _body(self) -> bytes | None:
        """The request's body; None when it was refused."""
        if "Transfer-Encoding" in self.headers:
            self._refuse(411, "Length Required")
            return None
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            self._refuse(400, "Bad Request")
            return None
        if int(length) > MAX_BODY_BYTES:
            self._refuse(413, "Content Too Large")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: int, reason: str) -> None:
        self.close_connection = True
        self.send_error(status, reason)

    def _send(self, response: Response) -> None:
        if response.broken == "reset":
            self.close_connection = True
            return
        content = response.content()
        self.send_response_only(response.status)  # the date is the emulator's, not ours
        for name, value in response.all_headers().items():
            self.send_header(name, value)
        if response.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        if response.broken == "truncated":
            self.close_connection = True
            content = content[: len(content) // 2]
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Requests are in the ledger, not in the log."""

    # fmt: off
    do_GET = do_HEAD = do_PUT = do_PATCH = do_POST = do_DELETE = do_OPTIONS = answer  # noqa: N815
    # fmt: on
