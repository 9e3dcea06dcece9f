"""The roleDefinitions requests: built-in roles to read, custom roles to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypedDict

from . import odata_filter, scopes
from .roles import TYPE, Permission, RoleDefinition, built_in_roles
from .wire import ArmError, Call, Response, Router
from .world import World

_PATH = r"(?P<scope>.*)/providers/Microsoft\.Authorization/roleDefinitions"
_FILTERS = frozenset({"rolename", "type", "atscope", "atscopeandbelow"})


class _Permission(TypedDict, total=False):
    actions: list[str] | None
    notActions: list[str] | None
    dataActions: list[str] | None
    notDataActions: list[str] | None


class _Properties(TypedDict, total=False):
    roleName: str | None
    description: str | None
    assignableScopes: list[str] | None
    permissions: list[_Permission] | None


class _Body(TypedDict, total=False):
    """The body of a PUT; null means absent."""

    properties: _Properties | None


class RoleDefinitions:
    """All roles of the tenant.

    Whoever keeps the assignments says `is_assigned`; whoever decides about access sets
    `require_linked(call, action, scope, action, scope)`, which raises ARM's own error.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._roles = {each.guid: each for each in built_in_roles()}
        self.is_assigned: Callable[[str], bool] = lambda _guid: False
        self.require_linked: Callable[[Call, str, str, str, str], None] = lambda *_: None

    def register(self, router: Router) -> None:
        """Serve roleDefinitions at every scope."""
        router.add("GET", _PATH, self._list)
        router.add("GET", _PATH + "/(?P<guid>[^/]+)", self._get)
        router.add("PUT", _PATH + "/(?P<guid>[^/]+)", self._put)
        router.add("DELETE", _PATH + "/(?P<guid>[^/]+)", self._delete)

    def get(self, guid: str) -> RoleDefinition | None:
        """The role with this GUID, in any case of letters."""
        return self._roles.get(guid.lower())

    def keep(self, role: RoleDefinition) -> None:
        """Have a role, in place of one with the same GUID."""
        self._roles[role.guid] = role

    def named(self, role_name: str) -> RoleDefinition:
        """The role with this name, in any case of letters; KeyError when there is none."""
        found = self._find_name(role_name)
        if found is None:
            raise KeyError(role_name)
        return found

    def from_id(self, role_definition_id: str) -> RoleDefinition:
        """The role a full id names.

        ArmError 400 BadRequestFormat when it is no id of a role (a bare GUID, say), 404
        RoleDefinitionDoesNotExist when there is no such role.
        """
        found = re.fullmatch(
            r"(?:/.*)?/providers/Microsoft\.Authorization/roleDefinitions/([^/]+)",
            role_definition_id,
            re.IGNORECASE,
        )
        if not found:
            raise ArmError(400, "BadRequestFormat", "The request was incorrectly formatted.")
        return self._require(found[1])

    def _find_name(self, role_name: str) -> RoleDefinition | None:
        wanted = role_name.lower()
        return next((r for r in self._roles.values() if r.role_name.lower() == wanted), None)

    def _require(self, guid: str) -> RoleDefinition:
        role = self.get(guid)
        if role is None:
            raise ArmError(
                404,
                "RoleDefinitionDoesNotExist",
                f"The specified role definition with ID '{guid}' does not exist.",
            )
        return role

    def _list(self, call: Call, scope: str) -> Response:
        wanted = odata_filter.parse(call.request.query.get("$filter", ""), _FILTERS)
        found = [
            role.to_json(scope)
            for role in self._roles.values()
            # Names are compared without case: `az` asks for 'acrpull' and 'reader'.
            if wanted.get("rolename", role.role_name).lower() == role.role_name.lower()
            and wanted.get("type", role.role_type).lower() == role.role_type.lower()
            and role.visible_at(scope)
        ]
        return Response(200, {"value": found})

    def _get(self, _call: Call, scope: str, guid: str) -> Response:
        return Response(200, self._require(guid).to_json(scope))

    def _put(self, call: Call, scope: str, guid: str) -> Response:
        guid = guid.lower()
        before = self.get(guid)
        if before is not None and before.role_type == "BuiltInRole":
            raise ArmError(
                400, "CannotUpdateBuiltInRole", f"The built-in role '{guid}' cannot be changed."
            )
        role = self._custom_role(call, guid, before)
        self._require_everywhere(call, role, "write")
        self.keep(role)
        self._changed(call, role, scope, "write", existed=before is not None)
        return Response(201, role.to_json(scope))

    def _custom_role(self, call: Call, guid: str, before: RoleDefinition | None) -> RoleDefinition:
        properties = call.request.read(_Body).get("properties") or {}
        role_name = properties.get("roleName")
        assignable = properties.get("assignableScopes")
        permissions = properties.get("permissions")
        if not (role_name and assignable and permissions):
            raise ArmError(
                400,
                "InvalidRoleDefinition",
                "A custom role needs roleName, permissions and assignableScopes.",
            )
        same_name = self._find_name(role_name)
        if same_name is not None and same_name.guid != guid:
            raise ArmError(
                409,
                "RoleDefinitionWithSameNameExists",
                f"A custom role with the same name '{role_name}' already exists.",
            )
        now = self._world.clock.now()
        return RoleDefinition(
            guid,
            role_name,
            "CustomRole",
            properties.get("description") or "",
            tuple(Permission.from_json(each) for each in permissions),
            tuple(scopes.tidy(each) for each in assignable),
            before.created_on if before else now,
            now,
            call.caller.object_id if call.caller else None,
        )

    def _delete(self, call: Call, scope: str, guid: str) -> Response:
        role = self.get(guid)
        if role is None:
            return Response(204)
        if role.role_type == "BuiltInRole":
            raise ArmError(
                400, "CannotDeleteBuiltInRole", f"The built-in role '{guid}' cannot be deleted."
            )
        self._require_everywhere(call, role, "delete")
        if self.is_assigned(role.guid):
            raise ArmError(
                409,
                "RoleDefinitionHasAssignments",
                "There are existing role assignments referencing role "
                "(code: RoleDefinitionHasAssignments).",
            )
        del self._roles[role.guid]
        self._changed(call, role, scope, "delete", existed=True)
        return Response(200, role.to_json(scope))

    def _require_everywhere(self, call: Call, role: RoleDefinition, verb: str) -> None:
        """A custom role is written and deleted by who may do so at all of its assignable scopes
        (learn.microsoft.com/azure/role-based-access-control/custom-roles)."""
        action = f"{TYPE}/{verb}"
        for scope in role.assignable_scopes:
            self.require_linked(call, action, call.request.path, action, scope)

    def _changed(
        self, call: Call, role: RoleDefinition, scope: str, verb: str, *, existed: bool
    ) -> None:
        self._world.changed(call.change(role.id_at(scope), f"{TYPE}/{verb}", existed=existed))
