"""A webhook on a loopback port, as a subscriber to Event Grid writes one, and a way to wait."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DEADLINE_SECONDS = 30.0


def eventually(claim: Callable[[], object], what: str) -> None:
    """Wait until a claim about the world is true; fails after a deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not claim():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.01)


@dataclass(frozen=True)
class Received:
    """One request that reached the webhook."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Webhook:
    """Answers the handshake unless told not to, then `answers` in turn, then 200."""

    url: str = ""
    port: int = 0
    shakes_hands: bool = True
    answers: deque[int] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)

    def notifications(self) -> list[Any]:
        """The events received, whatever was answered to them."""
        return [
            each.body[0] if isinstance(each.body, list) else each.body
            for each in self.received
            if each.headers.get("aeg-event-type") == "Notification"
        ]

    def subjects(self) -> list[str]:
        """The subjects of the events received, in order."""
        return [each["subject"] for each in self.notifications()]

    def answer(self, received: Received) -> tuple[int, dict[str, str], bytes]:
        """Record a request and decide its answer."""
        self.received.append(received)
        if received.method == "OPTIONS":
            origin = received.headers.get("webhook-request-origin", "")
            return 200, {"WebHook-Allowed-Origin": origin if self.shakes_hands else "none"}, b""
        if received.headers.get("aeg-event-type") == "SubscriptionValidation":
            code = received.body[0]["data"]["validationCode"] if self.shakes_hands else "no"
            return 200, {}, json.dumps({"validationResponse": code}).encode()
        return (self.answers.popleft() if self.answers else 200), {}, b""


@contextmanager
def serving(port: int = 0) -> Iterator[Webhook]:
    """A webhook that listens until the block ends, on a free port unless told."""
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(content) if content else None
            status, extra, answer = webhook.answer(Received(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in {**extra, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_OPTIONS = _handle  # noqa: N815 - the names http.server looks for

        def log_message(self, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = False
    webhook.port = server.server_port
    webhook.url = f"http://127.0.0.1:{server.server_port}/events?code=secret"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
