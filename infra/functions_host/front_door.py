"""Sends each HTTP request to the part that answers it, once its key is good."""

from __future__ import annotations

from .admin import PREFIX, Admin
from .event_grid import PATH as EVENT_GRID_PATH
from .event_grid import answer_event_grid
from .http_message import HttpReply, HttpRequest
from .http_trigger import answer_http, find_function
from .job_host import JobHost
from .keys import Keys


class FrontDoor:
    """`keys` is None when keys are not asked for."""

    def __init__(self, admin: Admin, keys: Keys | None) -> None:
        self._admin = admin
        self._keys = keys

    async def answer(self, request: HttpRequest, job: JobHost) -> HttpReply:
        """The reply to `request`: of the admin endpoints, the webhook, or an HTTP function."""
        if request.path.startswith(PREFIX):
            refusal = self._refusal(request, "admin")
            return HttpReply(refusal) if refusal else self._admin.answer(request, job)
        if request.path == EVENT_GRID_PATH:
            if refusal := self._refusal(request, "eventgrid"):
                return HttpReply(refusal)
            return await answer_event_grid(request, job.functions, job.invoker.invoke)
        found = find_function(request, job.config.route_prefix, job.functions.values())
        if found is None:
            return HttpReply(404)
        function, params = found
        if refusal := self._refusal(request, str(function.trigger.get("authLevel", "function"))):
            return HttpReply(refusal)
        return await answer_http(request, function, params, job.invoker.invoke)

    def _refusal(self, request: HttpRequest, level: str) -> int | None:
        """The status that refuses `request` at this level (ignoring case); None lets it in."""
        if self._keys is None or level.lower() == "anonymous":
            return None
        accepted = {"function": (self._keys.function,), "eventgrid": (self._keys.event_grid,)}
        refusal = self._keys.refusal(request, accepted.get(level.lower(), ()))
        # Only the webhook tells a wrong key from an unknown one.
        return refusal if refusal is None or level == "eventgrid" else 401
