"""Custom topics: they take what is published to them and keep it.

Protocol: learn.microsoft.com, event-grid/post-to-custom-topic.
"""

from __future__ import annotations

import hmac
from collections import deque
from typing import Any

from .wire import ArmError, Call, Response, Router
from .world import World

_KEPT = 10_000
_MOST_BYTES = 1024 * 1024
_EVENT_FIELDS = ("id", "subject", "eventType", "eventTime", "data", "dataVersion")
_CLOUD_EVENT_FIELDS = ("id", "source", "type", "specversion")


class CustomTopics:
    """Every name is a topic; `key` opens all of them."""

    def __init__(self, world: World, key: str) -> None:
        self._world = world
        self._key = key
        self._events: dict[str, deque[dict[str, Any]]] = {}

    def register(self, router: Router) -> None:
        """Serve publishing. The topic's key is asked for here, no token."""
        router.add("POST", "/topics/(?P<name>[^/]+)/api/events", self._publish)

    def events(self, name: str) -> list[dict[str, Any]]:
        """What was published to a topic, oldest first."""
        with self._world.lock:
            return list(self._events.get(name.lower(), ()))

    def _publish(self, call: Call, name: str) -> Response:
        request = call.request
        key = request.headers.get("aeg-sas-key", "")
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            raise ArmError(
                401,
                "Unauthorized",
                "The request authorization key is not authorized for the topic.",
            )
        if len(request.body) > _MOST_BYTES:
            raise ArmError(413, "PayloadTooLarge", "The maximum size of an array is 1 MB.")
        events = request.json()
        if not isinstance(events, list):
            raise ArmError(400, "BadRequest", "The events must be a JSON array.")
        cloud = "cloudevents" in request.headers.get("content-type", "").lower()
        for event in events:
            _check(event, _CLOUD_EVENT_FIELDS if cloud else _EVENT_FIELDS)
        kept = self._events.setdefault(name.lower(), deque(maxlen=_KEPT))
        kept.extend(events)
        return Response(200)


def _check(event: Any, fields: tuple[str, ...]) -> None:
    missing = [f for f in fields if not isinstance(event, dict) or event.get(f) is None]
    if missing:
        raise ArmError(400, "BadRequest", f"This resource needs events with: {', '.join(missing)}.")
