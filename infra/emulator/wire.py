"""Requests, answers, errors and routes of the emulated services, free of sockets and of state."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from .world import ArmChange, Principal

Shape = TypeVar("Shape")

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a client sent it.

    `path` is percent-decoded once, double slashes are collapsed (clients write an empty parent
    segment, and `//metadata` after a base URL with a slash), a trailing slash is dropped, case is
    kept. Keys of `query` and `headers` are lower-cased.
    """

    method: str
    url: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def build(
        cls, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Request:
        """Read an absolute URL apart."""
        parts = urlsplit(url)
        path = re.sub("/{2,}", "/", unquote(parts.path)).rstrip("/") or "/"
        query = {k.lower(): v for k, v in parse_qsl(parts.query, keep_blank_values=True)}
        lowered = {k.lower(): v for k, v in (headers or {}).items()}
        return cls(method.upper(), url, path, query, lowered, body)

    def json(self) -> Any:
        """The body as JSON; ArmError 400 InvalidRequestContent when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ArmError(
                400,
                "InvalidRequestContent",
                f"The request content was invalid and could not be deserialized: '{error}'.",
            ) from None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; ArmError 400 InvalidRequestContent when it is none."""
        document = self.json()
        if not isinstance(document, dict):
            raise ArmError(
                400, "InvalidRequestContent", "The request content must be a JSON object."
            )
        return document

    def read(self, shape: type[Shape]) -> Shape:
        """The body as a type msgspec knows; ArmError 400 InvalidRequestContent names the field."""
        return fit(self.json(), shape)

    @property
    def origin(self) -> str:
        """'https://localhost:PORT', from which absolute URLs in answers are built."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(slots=True)
class Response:
    """One HTTP answer. A dict or list in `body` becomes JSON, bytes go as they are.

    `delay_seconds` (wall time) and `broken` ('reset': no answer at all, 'truncated': half of the
    body) are for whoever carries the answer: the TLS server or the in-process transport.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    broken: str | None = None

    def content(self) -> bytes:
        """The bytes to send."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, separators=(",", ":")).encode()

    def all_headers(self) -> dict[str, str]:
        """The headers to send; Content-Type is added for JSON bodies."""
        if isinstance(self.body, dict | list):
            return {"Content-Type": JSON_TYPE, **self.headers}
        return dict(self.headers)


class ArmError(Exception):
    """An error answer of Azure Resource Manager.

    `flat` gives the shape of the AKS resource provider, `{"code","message",...}`, instead of ARM's
    `{"error":{"code","message",...}}`; clients meet both.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        flat: bool = False,
        headers: Mapping[str, str] | None = None,
        target: str | None = None,
        details: tuple[Mapping[str, Any], ...] = (),
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.flat = flat
        self.headers = dict(headers or {})
        self.target = target
        self.details = details

    def document(self) -> dict[str, Any]:
        """The error object without its envelope, as also found in failed operations."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            body["target"] = self.target
        if self.details:
            body["details"] = [dict(each) for each in self.details]
        return body

    def response(self) -> Response:
        """The answer that carries this error."""
        document = self.document()
        if self.flat:
            body = {"code": document.pop("code"), "details": None, **document, "subcode": ""}
        else:
            body = {"error": document}
        return Response(self.status, body, dict(self.headers))


def fit(document: Any, shape: type[Shape]) -> Shape:
    """A JSON document as a type msgspec knows; ArmError 400 InvalidRequestContent else."""
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise ArmError(400, "InvalidRequestContent", f"{error}.") from None


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose sender is known; `caller` is None where no token is asked for."""

    request: Request
    caller: Principal | None
    correlation_id: str

    def change(self, resource_id: str, operation_name: str, *, existed: bool) -> ArmChange:
        """What the request did, once it has succeeded."""
        return ArmChange(
            resource_id, operation_name, "Succeeded", self.caller, self.correlation_id, existed
        )


Handler = Callable[..., Response]


class Router:
    """Routes by method and by a regular expression over the whole path, ignoring case.

    Named groups become keyword arguments of the handler. The first route registered wins.
    """

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        """Register `handler(call, **groups)`."""
        self._routes.append((method.upper(), re.compile(pattern, re.IGNORECASE), handler))

    def route(self, request: Request) -> tuple[Handler, dict[str, str]] | None:
        """The handler for a request with its path arguments, or None."""
        for method, pattern, handler in self._routes:
            if method == request.method and (found := pattern.fullmatch(request.path)):
                return handler, {k: v for k, v in found.groupdict().items() if v is not None}
        return None
