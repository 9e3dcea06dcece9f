"""Long-running operations and how clients poll them.

Protocol: learn.microsoft.com/azure/azure-resource-manager/management/async-operations. The poll URL
is opaque: it carries dummy query parameters, kilobytes long as in Azure, that must come back
untouched, and the `name` in the body is not the GUID of the URL (its first three groups have their
bytes swapped), as in the recordings of the Azure CLI's tests.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from .timestamps import arm_time
from .wire import ArmError, Call, Request, Response, Router
from .world import World

IN_PROGRESS = "InProgress"
SUCCEEDED = "Succeeded"
FAILED = "Failed"
CANCELED = "Canceled"

RESULT_KEPT_SECONDS = 86_400.0
"""How long the end of an operation can be looked up."""

Finish = Callable[["Operation"], None]


@dataclass
class Operation:
    """One operation; `finish` runs once, when the end is reached or the operation is cancelled.

    `outcome` is the end it is bound for, SUCCEEDED unless somebody decided otherwise.
    """

    id: str
    prefix: str  # the path before '/operations/ID'
    started_at: datetime
    finish: Finish
    outcome: str = SUCCEEDED
    error: ArmError | None = None
    status: str = IN_PROGRESS
    ended_at: datetime | None = None
    query: dict[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """Whether the end has not been reached."""
        return self.status == IN_PROGRESS

    def document(self) -> dict[str, Any]:
        """The body of a poll."""
        guid = uuid.UUID(self.id)
        body: dict[str, Any] = {
            "name": str(uuid.UUID(bytes_le=guid.bytes)),
            "status": self.status,
            "startTime": arm_time(self.started_at),
        }
        if self.ended_at:
            body["endTime"] = arm_time(self.ended_at)
        if self.error:
            body["error"] = self.error.document()
        return body


class Operations:
    """All operations, running and ended."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._operations: dict[str, Operation] = {}

    def register(self, router: Router) -> None:
        """Both ways to poll: by the operation's status, and by its result's location."""
        base = "/subscriptions/[^/]+(?:/providers/[^/]+/locations/[^/]+)?"
        router.add("GET", base + "/operations/(?P<guid>[^/]+)", self._poll_status)
        router.add("GET", base + "/operationresults/(?P<guid>[^/]+)", self._poll_location)

    def start(
        self,
        prefix: str,
        seconds: float,
        finish: Finish,
        *,
        outcome: str = SUCCEEDED,
        error: ArmError | None = None,
    ) -> Operation:
        """Begin an operation that ends after so many emulated seconds."""
        guid = self._world.new_guid()
        signature = hashlib.sha512(guid.encode()).hexdigest()
        query = {"t": guid[:8], "c": signature * 16, "s": signature, "h": signature[:43]}
        now = self._world.clock.now()
        operation = Operation(guid, prefix, now, finish, outcome, error, query=query)
        self._operations[guid] = operation
        self._world.after(seconds, lambda: self._end(operation))
        return operation

    def cancel(self, operation: Operation) -> None:
        """End a running operation as Canceled, now."""
        operation.outcome = CANCELED
        operation.error = ArmError(409, "OperationPreempted", "The operation was canceled.")
        self._end(operation)

    def abandon(self, operation: Operation) -> None:
        """End a running operation without its consequences: what it was about has gone."""
        if operation.running:
            operation.status = CANCELED
            operation.ended_at = self._world.clock.now()

    def status_headers(self, request: Request, operation: Operation) -> dict[str, str]:
        """Azure-AsyncOperation, with Retry-After when the knob is set."""
        url = self._url(request, operation, "operations")
        return {"Azure-AsyncOperation": url, **self._retry_after()}

    def location_headers(self, request: Request, operation: Operation) -> dict[str, str]:
        """Location, with Retry-After when the knob is set."""
        url = self._url(request, operation, "operationresults")
        return {"Location": url, **self._retry_after()}

    def accepted(self, request: Request, operation: Operation) -> Response:
        """202 with both headers and an empty body, as AKS answers a DELETE."""
        headers = self.status_headers(request, operation)
        return Response(202, None, headers | self.location_headers(request, operation))

    def _end(self, operation: Operation) -> None:
        if not operation.running:
            return
        operation.status = operation.outcome
        operation.ended_at = self._world.clock.now()
        operation.finish(operation)
        self._world.after(RESULT_KEPT_SECONDS, lambda: self._operations.pop(operation.id, None))

    def _url(self, request: Request, operation: Operation, kind: str) -> str:
        query = urlencode({"api-version": "2025-03-01", **operation.query})
        return f"{request.origin}{operation.prefix}/{kind}/{operation.id}?{query}"

    def _retry_after(self) -> dict[str, str]:
        seconds = self._world.knobs.retry_after_seconds
        return {"Retry-After": str(seconds)} if seconds else {}

    def _find(self, call: Call, guid: str) -> Operation:
        operation = self._operations.get(guid.lower())
        path = call.request.path.lower()
        if operation is None or not path.startswith(operation.prefix.lower() + "/operation"):
            raise ArmError(404, "NotFound", f"The operation '{guid}' was not found.")
        sent = {key: call.request.query.get(key) for key in operation.query}
        if sent != operation.query:
            raise ArmError(
                400, "InvalidOperationUrl", "The query of the operation URL was not kept as sent."
            )
        return operation

    def _poll_status(self, call: Call, guid: str) -> Response:
        operation = self._find(call, guid)
        headers = self._retry_after() if operation.running else {}
        return Response(200, operation.document(), headers)

    def _poll_location(self, call: Call, guid: str) -> Response:
        operation = self._find(call, guid)
        if operation.running:
            return Response(202, None, self.location_headers(call.request, operation))
        if operation.error:
            raise operation.error
        return Response(204)
