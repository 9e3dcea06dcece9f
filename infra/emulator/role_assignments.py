"""Role assignments: written by PUT, readable soon after, effective later.

Behaviour and error codes are those of learn.microsoft.com, role-based-access-control/
troubleshooting and role-assignments-list-rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import assignment_checks as checks
from . import conditions, odata_filter, paging, propagation, scopes
from .assignments import TYPE, Assignment
from .role_definitions import RoleDefinitions
from .wire import ArmError, Call, Response, Router
from .world import World

_PATH = r"(?P<scope>.*)/providers/Microsoft\.Authorization/roleAssignments"
_FILTERS = frozenset({"atscope", "principalid", "assignedto"})


class RoleAssignments:
    """All role assignments of the tenant.

    `require_scope` raises ARM's own error for a scope that does not exist; whoever keeps the
    resources sets it.
    """

    def __init__(self, world: World, definitions: RoleDefinitions) -> None:
        self._world = world
        self._definitions = definitions
        self._by_name: dict[str, Assignment] = {}
        self.require_scope: Callable[[str], None] = lambda _scope: None
        definitions.is_assigned = self._uses_role
        world.on_delete.append(self._drop_below)

    def register(self, router: Router) -> None:
        """Serve roleAssignments at every scope."""
        router.add("GET", _PATH, self._list)
        for method, handler in (("GET", self._get), ("PUT", self._put), ("DELETE", self._delete)):
            router.add(method, _PATH + "/(?P<name>[^/]+)", handler)

    def all(self) -> list[Assignment]:
        """Every assignment, also those no read shows yet."""
        return list(self._by_name.values())

    def of_principal(self, object_id: str) -> list[Assignment]:
        """The assignments of one principal, at any scope."""
        wanted = object_id.lower()
        return [each for each in self.all() if each.principal_id == wanted]

    def at(self, scope: str) -> list[Assignment]:
        """The assignments at exactly this scope."""
        return [each for each in self.all() if scopes.same(each.scope, scope)]

    def named(self, name: str) -> Assignment | None:
        """The assignment with this name, whatever its scope: names are unique in the tenant."""
        return self._by_name.get(name.lower())

    def seed(
        self, scope: str, object_id: str, role_name: str, condition: str | None = None
    ) -> Assignment:
        """Give a principal a role, effective at once; KeyError when no role has the name."""
        role = self._definitions.named(role_name)
        principal = self._world.directory.get(object_id)
        properties = {
            "roleDefinitionId": role.id_at(scope),
            "principalId": object_id,
            "principalType": principal.kind if principal else "ServicePrincipal",
            "condition": condition,
            "conditionVersion": conditions.VERSION if condition else None,
        }
        assignment = self._new(scopes.tidy(scope), self._world.new_guid(), properties, None)
        assignment = replace(
            assignment, readable_at=assignment.created_at, effective_at=assignment.created_at
        )
        self._by_name[assignment.name] = assignment
        return assignment

    def drop_of(self, object_id: str) -> None:
        """Forget all assignments of one principal; nobody is told."""
        for each in self.of_principal(object_id):
            del self._by_name[each.name]

    def set_effective_at(self, name: str, moment: datetime | None) -> Assignment:
        """Decide when an assignment takes effect (None: never); KeyError when there is none."""
        assignment = replace(self._by_name[name.lower()], effective_at=moment)
        self._by_name[assignment.name] = assignment
        return assignment

    def _uses_role(self, guid: str) -> bool:
        return any(each.role_guid == guid for each in self.all())

    def _drop_below(self, resource_id: str) -> None:
        self._by_name = {
            name: each
            for name, each in self._by_name.items()
            if not scopes.contains(resource_id, each.scope)
        }

    def _list(self, call: Call, scope: str) -> Response:
        clauses = odata_filter.parse(call.request.query.get("$filter", ""), _FILTERS)
        if {"atscope", "principalid"} <= clauses.keys():
            raise ArmError(
                400, "UnsupportedQuery", "atScope() and principalId eq cannot be combined."
            )
        principal = clauses.get("principalid", clauses.get("assignedto"))
        now = self._world.clock.now()
        found = [
            each
            for each in (self.all() if principal is None else self.of_principal(principal))
            if each.is_readable(now)
            and scopes.in_list(scope, each.scope, at_scope="atscope" in clauses)
        ]
        return paging.page(
            call.request, found, self._world.knobs.page_size, lambda each: each.to_json()
        )

    def _get(self, _call: Call, scope: str, name: str) -> Response:
        assignment = self._at_scope(scope, name)
        if assignment is None or not assignment.is_readable(self._world.clock.now()):
            raise ArmError(
                404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found."
            )
        return Response(200, assignment.to_json())

    def _delete(self, call: Call, scope: str, name: str) -> Response:
        assignment = self._at_scope(scope, name)
        if assignment is None:
            return Response(204)
        del self._by_name[assignment.name]
        self._changed(call, assignment, "delete", existed=True)
        return Response(200, assignment.to_json())

    def _put(self, call: Call, scope: str, name: str) -> Response:
        checks.require_name(name)
        scope = scopes.tidy(scope)
        self.require_scope(scope)
        properties = checks.read_properties(call.request)
        wanted = self._new(scope, name, properties, call)
        checks.require_principal(
            self._world, properties["principalId"], properties.get("principalType")
        )
        before = self.named(name)
        if before is None:
            return self._create(call, wanted)
        return self._update(call, before, wanted)

    def _create(self, call: Call, wanted: Assignment) -> Response:
        checks.refuse_same_meaning(self.all(), wanted)
        checks.require_room(self.all(), wanted.scope, self._world.knobs.role_assignment_limit)
        self._by_name[wanted.name] = wanted
        self._changed(call, wanted, "write", existed=False)
        document = wanted.to_json()
        # Azure fills this in for later reads only.
        document["properties"]["createdBy"] = None
        return Response(201, document, {"x-ms-request-charge": "1"})

    def _update(self, call: Call, before: Assignment, wanted: Assignment) -> Response:
        if before.meaning != wanted.meaning:
            raise ArmError(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )
        after = replace(
            before,
            description=wanted.description,
            condition=wanted.condition,
            condition_version=wanted.condition_version,
            updated_at=wanted.updated_at,
            updated_by=wanted.updated_by,
        )
        self._by_name[after.name] = after
        self._changed(call, after, "write", existed=True)
        return Response(200, after.to_json())

    def _new(
        self, scope: str, name: str, properties: dict[str, Any], call: Call | None
    ) -> Assignment:
        role = self._definitions.from_id(properties["roleDefinitionId"])
        if not role.assignable_at(scope):
            # A custom role is not to be seen outside its assignable scopes.
            raise ArmError(
                404,
                "RoleDefinitionDoesNotExist",
                f"The specified role definition with ID '{role.guid}' does not exist.",
            )
        now = self._world.clock.now()
        delay = propagation.draw(self._world, name)
        principal = self._world.directory.get(properties["principalId"])
        author = call.caller.object_id if call and call.caller else None
        return Assignment(
            id=f"{scope.rstrip('/')}/providers/{TYPE}/{name.lower()}",
            name=name.lower(),
            scope=scope,
            role_definition_id=role.id_at(scope),
            role_guid=role.guid,
            principal_id=properties["principalId"].lower(),
            principal_type=properties.get("principalType") or (principal.kind if principal else ""),
            description=properties.get("description"),
            condition=properties.get("condition"),
            condition_version=properties.get("conditionVersion"),
            delegated_identity_id=properties.get("delegatedManagedIdentityResourceId"),
            created_at=now,
            created_by=author,
            updated_at=now,
            updated_by=author,
            readable_at=now + delay.readable,
            effective_at=now + delay.effective,
        )

    def _at_scope(self, scope: str, name: str) -> Assignment | None:
        found = self.named(name)
        return found if found and scopes.same(found.scope, scope) else None

    def _changed(self, call: Call, assignment: Assignment, verb: str, *, existed: bool) -> None:
        self._world.changed(call.change(assignment.id, f"{TYPE}/{verb}", existed=existed))
