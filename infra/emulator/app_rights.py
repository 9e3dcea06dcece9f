"""What the app's own identity may do, told by whoever deploys the app: custom roles and where.

On Azure a template makes these roles and assignments; here they are there at once, and each telling
replaces the one before.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from . import conditions
from .role_assignments import RoleAssignments
from .role_definitions import RoleDefinitions
from .roles import Permission, RoleDefinition
from .wire import Call, Response, Router
from .world import Principal, World


class CustomRole(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A role as a template's file has it."""

    role_name: str
    description: str = ""
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


class AppRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role, where the app has it, and under which condition.

    A scope is what follows a subscription's id ('' is the subscription itself), and holds in each
    subscription, whether it is there yet or not.
    """

    role: CustomRole
    scopes: tuple[str, ...] = ("",)
    condition: str | None = None


class _Rights(msgspec.Struct, forbid_unknown_fields=True):
    rights: list[AppRight]


class AppRights:
    """The roles of the principal `app`; `PUT /_emulator/app-rights` tells them."""

    def __init__(
        self,
        world: World,
        definitions: RoleDefinitions,
        assignments: RoleAssignments,
        app: Principal,
    ) -> None:
        self._world = world
        self._definitions = definitions
        self._assignments = assignments
        self._app = app

    def register_control(self, router: Router) -> None:
        """Serve it to whoever steers the emulator."""
        router.add("PUT", "/_emulator/app-rights", self._put)

    def give(self, rights: Sequence[AppRight]) -> None:
        """Let the app have these roles, in effect at once, and no others. Raises ArmError 400 for
        a condition that cannot be read."""
        for right in rights:
            if right.condition:
                conditions.parse(right.condition)
        self._assignments.drop_of(self._app.object_id)
        for right in rights:
            self._definitions.keep(self._definition(right.role))
            for subscription in self._world.subscription_ids:
                for scope in right.scopes:
                    self._assignments.seed(
                        f"/subscriptions/{subscription}{scope}",
                        self._app.object_id,
                        right.role.role_name,
                        right.condition,
                    )

    def _definition(self, role: CustomRole) -> RoleDefinition:
        chance = self._world.seeded("role", role.role_name)
        now = self._world.clock.now()
        return RoleDefinition(
            str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            role.role_name,
            "CustomRole",
            role.description,
            (Permission.from_json(msgspec.to_builtins(role)),),
            tuple(f"/subscriptions/{each}" for each in self._world.subscription_ids),
            now,
            now,
        )

    def _put(self, call: Call) -> Response:
        self.give(call.request.read(_Rights).rights)
        held = self._assignments.of_principal(self._app.object_id)
        return Response(200, {"value": [each.to_json() for each in held]})
