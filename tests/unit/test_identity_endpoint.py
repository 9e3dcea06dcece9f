"""A token endpoint that is busy does not hold up a turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.answers import classified
from shared.errors import Transient
from shared.wiring import identity


@contextmanager
def busy_endpoint(status: int) -> Iterator[tuple[str, list[str]]]:
    """The address of a token endpoint that asks for an hour's patience, and what it was asked."""
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Retry-After", "3600")
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"statusCode": 429, "message": "busy"}')

        def log_message(self, *_: object) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/msi/token", asked
        server.shutdown()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_refused_for_now_is_asked_for_once_and_looked_at_later(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """A client that did as Retry-After says would be back in an hour."""
    with busy_endpoint(status) as (address, asked):
        monkeypatch.setenv("IDENTITY_ENDPOINT", address)
        monkeypatch.setenv("IDENTITY_HEADER", "secret")
        with (
            identity("11111111-2222-3333-4444-555555555555") as credential,
            pytest.raises(Transient),
            classified(),
        ):
            credential.get_token("https://management.azure.com/.default")
    assert len(asked) == 1
