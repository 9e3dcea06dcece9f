"""Management locks: they keep everybody, Owners too, from deleting or from changing anything.

Shape: learn.microsoft.com/rest/api/resources/management-locks; what they hold back:
learn.microsoft.com/azure/azure-resource-manager/management/lock-resources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from . import arm_ids, odata_filter, scopes
from .arm_ids import Target
from .wire import ArmError, Call, Response, Router
from .world import World

TYPE = "Microsoft.Authorization/locks"
_LIST = r"(?P<scope>.*)/providers/Microsoft\.Authorization/locks"
_ONE = _LIST + "/(?P<name>[^/]+)"
_FILTERS = frozenset({"atscope"})


class _Properties(msgspec.Struct, frozen=True):
    level: Literal["CanNotDelete", "ReadOnly"]
    notes: str = ""


class _Body(msgspec.Struct, frozen=True):
    properties: _Properties


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock; it holds at its scope and below."""

    id: str
    scope: str
    properties: _Properties

    def holds_back(self, verb: str) -> bool:
        """Whether it refuses what this verb of an action does: POSTs count as changes, too."""
        if self.properties.level == "ReadOnly":
            return verb != "read"
        return verb == "delete"

    def to_json(self) -> dict[str, Any]:
        """The ARM document."""
        return {
            "id": self.id,
            "type": TYPE,
            "name": arm_ids.name_of(self.id),
            "properties": msgspec.to_builtins(self.properties),
        }


class Locks:
    """All locks, by their ids in lower case."""

    def __init__(self, world: World) -> None:
        self._all: dict[str, Lock] = {}
        world.on_delete.append(self._drop_below)

    def register(self, router: Router) -> None:
        """Serve locks at every scope."""
        router.add("GET", _LIST, self._list)
        router.add("GET", _ONE, self._get)
        router.add("PUT", _ONE, self._put)
        router.add("DELETE", _ONE, self._delete)

    def require_none(self, target: Target) -> None:
        """ArmError 409 when a lock holds back what a request asks for; locks themselves can always
        be removed."""
        verb = target.action.rpartition("/")[2].lower()
        locked = [
            lock.scope
            for lock in self._all.values()
            if lock.holds_back(verb) and scopes.contains(lock.scope, target.scope)
        ]
        if locked and target.resource_type.lower() != TYPE.lower():
            raise ArmError(
                409,
                "ScopeLocked",
                f"The scope '{target.scope}' cannot perform {verb} operation because following "
                f"scope(s) are locked: '{','.join(locked)}'. Please remove the lock and try again.",
            )

    def _drop_below(self, resource_id: str) -> None:
        self._all = {
            key: lock
            for key, lock in self._all.items()
            if not scopes.contains(resource_id, lock.scope)
        }

    def _list(self, call: Call, scope: str) -> Response:
        clauses = odata_filter.parse(call.request.query.get("$filter", ""), _FILTERS)
        at_scope = "atscope" in clauses
        found = [
            lock.to_json()
            for lock in self._all.values()
            if scopes.in_list(scope, lock.scope, at_scope=at_scope)
        ]
        return Response(200, {"value": found})

    def _get(self, call: Call, **_path: str) -> Response:
        if lock := self._all.get(call.request.path.lower()):
            return Response(200, lock.to_json())
        raise ArmError(404, "LockNotFound", f"The lock '{call.request.path}' is not found.")

    def _put(self, call: Call, scope: str, name: str) -> Response:
        key, body = call.request.path.lower(), call.request.read(_Body)
        existed = key in self._all
        lock = Lock(f"{scope}/providers/{TYPE}/{name}", scopes.tidy(scope), body.properties)
        self._all[key] = lock
        return Response(200 if existed else 201, lock.to_json())

    def _delete(self, call: Call, **_path: str) -> Response:
        return Response(200 if self._all.pop(call.request.path.lower(), None) else 204)
