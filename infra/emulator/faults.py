"""Bad weather on the wire: refusals, delays, broken connections."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

from .wire import ArmError, Request, Response
from .world import World

Kind = Literal["status", "html", "slow", "reset", "reset_after_commit", "truncate"]


def require_pattern(field: str, text: str) -> None:
    """ValueError unless a field's text is a regular expression."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{field} is no regular expression: {error}") from None


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """What happens to matching requests.

    | kind               | the server does the work | the client sees                         |
    |--------------------|--------------------------|-----------------------------------------|
    | status             | no                       | `status` with `code`, as ARM writes it  |
    | html               | no                       | `status` with an HTML page              |
    | slow               | yes                      | the answer after `seconds` of wall time |
    | reset              | no                       | a closed connection                     |
    | reset_after_commit | yes                      | a closed connection                     |
    | truncate           | yes                      | half of the body, then a closed one     |
    """

    kind: Kind
    method: str = ""
    """Regular expression over the whole method, ignoring case; '' matches all."""
    path: str = ""
    """Regular expression found anywhere in the path, ignoring case; '' matches all."""
    caller: str = ""
    """Display name of the caller; '' matches all, with or without a token."""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 503
    code: str = "ServerUnavailable"
    message: str = "The service is unavailable."
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Retry-After in seconds, for status and html."""
    headers: dict[str, str] = {}
    """Further headers, for status and html."""
    flat: bool = False
    """For status: the error as the AKS resource provider writes it, without ARM's envelope."""
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """For how many requests it lasts; None for ever."""
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """How many of the matching requests it strikes (seeded)."""

    def __post_init__(self) -> None:
        for field in ("method", "path"):
            require_pattern(field, getattr(self, field))

    def matches(self, request: Request, caller_name: str) -> bool:
        """Whether the request is one of those it is for."""
        return (
            (not self.method or bool(re.fullmatch(self.method, request.method, re.IGNORECASE)))
            and bool(re.search(self.path, request.path, re.IGNORECASE))
            and self.caller in ("", caller_name)
        )

    def instead(self) -> Response | None:
        """The answer given without doing the work; None when the work is done."""
        if self.kind == "reset":
            return Response(0, broken="reset")
        told = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        headers = {**told, **self.headers}
        if self.kind == "html":
            page = f"<html><body><h1>{self.status}</h1></body></html>".encode()
            return Response(self.status, page, {"Content-Type": "text/html", **headers})
        if self.kind == "status":
            error = ArmError(self.status, self.code, self.message, flat=self.flat, headers=headers)
            return error.response()
        return None

    def spoil(self, response: Response) -> Response:
        """The answer to work that was done."""
        if self.kind == "slow":
            response.delay_seconds = self.seconds
        elif self.kind == "reset_after_commit":
            response.broken = "reset"
        elif self.kind == "truncate":
            response.broken = "truncated"
        return response


class Faults:
    """The faults in force, in the order they were added; the first that matches strikes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Fair weather."""
        self._faults.clear()

    def all(self) -> list[Fault]:
        """What is in force."""
        return list(self._faults)

    def strike(self, request: Request, caller_name: str) -> Fault | None:
        """The fault that hits this request, if any; counts it."""
        for fault in self._faults:
            if not fault.matches(request, caller_name):
                continue
            if fault.probability < 1 and self._world.random.random() >= fault.probability:
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count <= 0:
                    self._faults.remove(fault)
            return fault
        return None
