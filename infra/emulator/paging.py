"""Lists in pages: so many documents, and the address of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from .wire import ArmError, Request, Response

Item = TypeVar("Item")

_TOKEN = "$skiptoken"  # noqa: S105 - a place in a list, nothing secret


def page(
    request: Request, items: Sequence[Item], size: int, document: Callable[[Item], Any]
) -> Response:
    """The page that was asked for; only its items are written down. ArmError 400 when the token is
    none of ours."""
    token = request.query.get(_TOKEN, "0")
    if not token.isdecimal():
        raise ArmError(400, "InvalidSkipToken", f"The skip token '{token}' is invalid.")
    start, end = int(token), int(token) + size
    body: dict[str, Any] = {"value": [document(item) for item in items[start:end]]}
    if end < len(items):
        body["nextLink"] = _with_token(request.url, end)
    return Response(200, body)


def _with_token(url: str, start: int) -> str:
    parts = urlsplit(url)
    asked = [(k, v) for k, v in parse_qsl(parts.query) if k.lower() != _TOKEN]
    return parts._replace(query=urlencode([*asked, (_TOKEN, str(start))])).geturl()
