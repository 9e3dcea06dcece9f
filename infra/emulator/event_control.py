"""The control endpoint's part about events: subscriptions, faults, what was published.

No Azure client calls these; `/_emulator/...` is guarded by the control key before it comes here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .custom_topics import CustomTopics
from .event_faults import FaultRule, WaitingRule
from .event_grid import EventGrid
from .event_subscriptions import EventSubscription
from .wire import ArmError, Call, Response, Router


class EventControl:
    """Routes under `/_emulator` that steer and show event delivery."""

    def __init__(self, event_grid: EventGrid, topics: CustomTopics) -> None:
        self._event_grid = event_grid
        self._topics = topics

    def register(self, router: Router) -> None:
        """Serve the event routes."""
        one = "/_emulator/event-subscriptions/(?P<name>[^/]+)"
        router.add("GET", "/_emulator/event-subscriptions", self._list)
        router.add("GET", one, self._get)
        router.add("PUT", one, self._put)
        router.add("DELETE", one, self._delete)
        router.add("GET", "/_emulator/event-faults", self._faults)
        router.add("POST", "/_emulator/event-faults", self._add_fault)
        router.add("DELETE", "/_emulator/event-faults", self._clear_faults)
        router.add("GET", "/_emulator/events", self._published)
        router.add("GET", "/_emulator/dead-letters", self._dead_letters)
        router.add("GET", "/_emulator/topics/(?P<name>[^/]+)/events", self._topic_events)

    def _list(self, _call: Call) -> Response:
        found = self._event_grid.subscriptions()
        return Response(200, {"value": [each.to_json(name) for name, each in found.items()]})

    def _get(self, _call: Call, name: str) -> Response:
        found = self._event_grid.subscriptions().get(name)
        if found is None:
            raise ArmError(404, "NotFound", f"There is no event subscription '{name}'.")
        return Response(200, found.to_json(name))

    def _put(self, call: Call, name: str) -> Response:
        subscription = call.request.read(EventSubscription)
        subscribed = self._event_grid.subscribe(name, subscription)
        return Response(201, subscribed.to_json(name))

    def _delete(self, _call: Call, name: str) -> Response:
        return Response(200 if self._event_grid.unsubscribe(name) else 204)

    def _faults(self, _call: Call) -> Response:
        return Response(200, {"value": [_rule(each) for each in self._event_grid.faults.waiting()]})

    def _add_fault(self, call: Call) -> Response:
        self._event_grid.faults.add(call.request.read(FaultRule))
        return Response(201)

    def _clear_faults(self, _call: Call) -> Response:
        self._event_grid.faults.clear()
        return Response(204)

    def _published(self, _call: Call) -> Response:
        return Response(200, {"value": list(self._event_grid.published)})

    def _dead_letters(self, _call: Call) -> Response:
        letters = self._event_grid.delivery.dead_letters
        return Response(200, {"value": [each.to_json() for each in letters]})

    def _topic_events(self, _call: Call, name: str) -> Response:
        return Response(200, {"value": self._topics.events(name)})


def _rule(waiting: WaitingRule) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(waiting.rule)
    return {**document, "left": waiting.left}
