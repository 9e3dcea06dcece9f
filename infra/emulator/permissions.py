"""What the caller itself may do at a scope (Microsoft.Authorization/permissions).

Azure answers this for the caller only; nothing tells it about another principal.
"""

from __future__ import annotations

from .access import Access
from .wire import Call, Response, Router

_PATH = r"(?P<scope>/subscriptions/.*)/providers/Microsoft\.Authorization/permissions"


class Permissions:
    """The permissions requests of subscriptions, resource groups and resources."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def register(self, router: Router) -> None:
        """Serve permissions at every scope."""
        router.add("GET", _PATH, self._list)

    def _list(self, call: Call, scope: str) -> Response:
        own = self._access.permissions(call.caller.object_id, scope) if call.caller else []
        return Response(200, {"value": [each.to_json() for each in own]})
