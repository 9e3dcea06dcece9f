"""An HTTP request and its reply, apart from any server."""

from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HttpRequest:
    """A request. `path` starts with a slash; header names are lower-case; `url` is absolute."""

    method: str
    url: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class HttpReply:
    """A reply; `cookies` are whole Set-Cookie values."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cookies: tuple[str, ...] = ()

    @classmethod
    def text(cls, status: int, text: str) -> HttpReply:
        """A plain text."""
        return cls(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())

    @classmethod
    def json(cls, status: int, document: object) -> HttpReply:
        """A JSON document."""
        body = json.dumps(document).encode()
        return cls(status, {"content-type": "application/json; charset=utf-8"}, body)
