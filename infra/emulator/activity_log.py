"""Diagnostic settings of subscriptions: where their activity logs go. Nothing is sent there.

Shape: learn.microsoft.com/rest/api/monitor/subscription-diagnostic-settings; the ids in the answers
of its examples are not the paths of the settings.
"""

from __future__ import annotations

from typing import Any

from .arm_ids import IN_SUBSCRIPTION
from .wire import ArmError, Call, Response, Router

_LIST = IN_SUBSCRIPTION + r"/providers/Microsoft\.Insights/diagnosticSettings"
_ONE = _LIST + "/(?P<name>[^/]+)"


class ActivityLogSettings:
    """The settings of all subscriptions, by subscription and name in lower case."""

    def __init__(self) -> None:
        self._settings: dict[tuple[str, str], dict[str, Any]] = {}

    def register(self, router: Router) -> None:
        """Serve them."""
        router.add("GET", _LIST, self._list)
        router.add("GET", _ONE, self._get)
        router.add("PUT", _ONE, self._put)
        router.add("DELETE", _ONE, self._delete)

    def _list(self, _call: Call, subscription: str) -> Response:
        owner = subscription.lower()
        found = [each for key, each in self._settings.items() if key[0] == owner]
        return Response(200, {"value": found})

    def _get(self, _call: Call, subscription: str, name: str) -> Response:
        if found := self._settings.get(_key(subscription, name)):
            return Response(200, found)
        raise ArmError(404, "ResourceNotFound", f"The diagnostic setting '{name}' doesn't exist.")

    def _put(self, call: Call, subscription: str, name: str) -> Response:
        properties = call.request.json_object().get("properties")
        start = f"subscriptions/{subscription}/providers/AzureResourceManager"
        document = {
            "id": f"{start}/diagnosticSettings/{name}",
            "type": None,
            "name": name,
            "properties": properties,
        }
        self._settings[_key(subscription, name)] = document
        return Response(200, document)

    def _delete(self, _call: Call, subscription: str, name: str) -> Response:
        there = self._settings.pop(_key(subscription, name), None)
        return Response(200 if there else 204)


def _key(subscription: str, name: str) -> tuple[str, str]:
    return subscription.lower(), name.lower()
