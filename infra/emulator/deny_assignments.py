"""Deny assignments: made by Azure itself, read-only to callers, and stronger than any role.

Shape: learn.microsoft.com, role-based-access-control/deny-assignments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from . import odata_filter, scopes
from .roles import Permission
from .wire import ArmError, Call, Response, Router
from .world import World

TYPE = "Microsoft.Authorization/denyAssignments"
EVERYONE = "00000000-0000-0000-0000-000000000000"
_PATH = r"(?P<scope>.*)/providers/Microsoft\.Authorization/denyAssignments"
_FILTERS = frozenset({"atscope", "denyassignmentname", "principalid", "assignedto"})


@dataclass(frozen=True, slots=True)
class DenyAssignment:
    """Actions that some principals may not do at a scope and, mostly, below it."""

    guid: str
    display_name: str
    scope: str
    permission: Permission
    principals: tuple[str, ...]
    excluded: tuple[str, ...]
    this_scope_only: bool

    @property
    def id(self) -> str:
        """The full resource id."""
        return f"{self.scope.rstrip('/')}/providers/{TYPE}/{self.guid}"

    def concerns(self, object_id: str) -> bool:
        """Whether the principal is named and not excluded."""
        principal = object_id.lower()
        named = principal in self.principals or EVERYONE in self.principals
        return named and principal not in self.excluded

    def reaches(self, scope: str) -> bool:
        """Whether it holds at a scope."""
        if self.this_scope_only:
            return scopes.same(self.scope, scope)
        return scopes.contains(self.scope, scope)

    def to_json(self) -> dict[str, Any]:
        """The ARM document."""
        return {
            "properties": {
                "denyAssignmentName": self.display_name,
                "description": "",
                "permissions": [self.permission.to_json()],
                "scope": self.scope,
                "doNotApplyToChildScopes": self.this_scope_only,
                "principals": [_principal(each) for each in self.principals],
                "excludePrincipals": [_principal(each) for each in self.excluded],
                "isSystemProtected": True,
            },
            "id": self.id,
            "type": TYPE,
            "name": self.guid,
        }


class Denial(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A deny assignment as the control endpoint takes it."""

    scope: str
    actions: tuple[str, ...]
    display_name: str = "deny"
    principals: tuple[str, ...] = (EVERYONE,)
    excluded: tuple[str, ...] = ()
    this_scope_only: bool = False


class DenyAssignments:
    """All deny assignments; `add` stands for the Azure services that make them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._all: list[DenyAssignment] = []
        world.on_delete.append(self._drop_below)

    def register(self, router: Router) -> None:
        """Serve denyAssignments at every scope, for reading."""
        router.add("GET", _PATH, self._list)
        router.add("GET", _PATH + "/(?P<guid>[^/]+)", self._get)

    def register_control(self, router: Router) -> None:
        """Serve making and lifting, which Azure's API does not offer."""
        router.add("POST", "/_emulator/deny-assignments", self._add)
        router.add("DELETE", "/_emulator/deny-assignments/(?P<guid>[^/]+)", self._remove)

    def add(self, denial: Denial) -> DenyAssignment:
        """Deny actions at a scope to some principals; it holds at once."""
        made = DenyAssignment(
            self._world.new_guid(),
            denial.display_name,
            scopes.tidy(denial.scope),
            Permission(actions=denial.actions),
            tuple(each.lower() for each in denial.principals),
            tuple(each.lower() for each in denial.excluded),
            denial.this_scope_only,
        )
        self._all.append(made)
        return made

    def remove(self, guid: str) -> None:
        """Lift a deny assignment, if it is there."""
        self._all = [each for each in self._all if each.guid != guid.lower()]

    def blocking(
        self, object_id: str, action: str, scope: str, *, data_action: bool = False
    ) -> DenyAssignment | None:
        """The first deny assignment that keeps a principal from an action."""
        for each in self._all:
            if (
                each.concerns(object_id)
                and each.reaches(scope)
                and each.permission.covers(action, data_action=data_action)
            ):
                return each
        return None

    def _drop_below(self, resource_id: str) -> None:
        self._all = [each for each in self._all if not scopes.contains(resource_id, each.scope)]

    def _add(self, call: Call) -> Response:
        return Response(201, self.add(call.request.read(Denial)).to_json())

    def _remove(self, _call: Call, guid: str) -> Response:
        self.remove(guid)
        return Response(204)

    def _list(self, call: Call, scope: str) -> Response:
        clauses = odata_filter.parse(call.request.query.get("$filter", ""), _FILTERS)
        principal = clauses.get("principalid", clauses.get("assignedto"))
        name = clauses.get("denyassignmentname")
        found = [
            each.to_json()
            for each in self._all
            if (principal is None or each.concerns(principal))
            and (name is None or each.display_name == name)
            and scopes.in_list(scope, each.scope, at_scope="atscope" in clauses)
        ]
        return Response(200, {"value": found})

    def _get(self, _call: Call, scope: str, guid: str) -> Response:
        for each in self._all:
            if each.guid == guid.lower() and scopes.same(each.scope, scope):
                return Response(200, each.to_json())
        raise ArmError(404, "DenyAssignmentNotFound", f"The deny assignment '{guid}' is not found.")


def _principal(object_id: str) -> dict[str, str]:
    kind = "SystemDefined" if object_id == EVERYONE else "ServicePrincipal"
    return {"id": object_id, "type": kind}
