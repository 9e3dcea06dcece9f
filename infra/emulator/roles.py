"""Roles: what they allow, and Azure's built-in ones that matter around AKS.

Ids and actions of the built-ins are Azure's own (learn.microsoft.com, role-based-access-control/
built-in-roles); only their descriptions are shortened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from . import scopes
from .arm_ids import subscription_of
from .timestamps import arm_time

TYPE = "Microsoft.Authorization/roleDefinitions"
_BUILTIN_SINCE = datetime(2015, 2, 2, 21, 55, 9, tzinfo=UTC)
_FIELDS = ("actions", "notActions", "dataActions", "notDataActions")


@dataclass(frozen=True, slots=True)
class Permission:
    """One block of a role: what its actions give, its notActions take away again."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Permission:
        """Read `{"actions", "notActions", "dataActions", "notDataActions"}`; absent is empty."""
        return cls(*(tuple(document.get(field) or ()) for field in _FIELDS))

    def to_json(self) -> dict[str, list[str]]:
        """The block as Azure shows it."""
        lists = (self.actions, self.not_actions, self.data_actions, self.not_data_actions)
        return {field: list(values) for field, values in zip(_FIELDS, lists, strict=True)}

    def covers(self, action: str, *, data_action: bool = False) -> bool:
        """Whether an action, or a data action, is given and not taken away."""
        given, taken = (
            (self.data_actions, self.not_data_actions)
            if data_action
            else (self.actions, self.not_actions)
        )
        return _any_matches(given, action) and not _any_matches(taken, action)


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role. `guid` is its name, the same in every subscription."""

    guid: str
    role_name: str
    role_type: str  # 'BuiltInRole' or 'CustomRole'
    description: str
    permissions: tuple[Permission, ...]
    assignable_scopes: tuple[str, ...]
    created_on: datetime
    updated_on: datetime
    created_by: str | None = None

    def grants(self, action: str, *, data_action: bool = False) -> bool:
        """Whether any block of the role covers the action."""
        return any(each.covers(action, data_action=data_action) for each in self.permissions)

    def assignable_at(self, scope: str) -> bool:
        """Whether the role may be assigned at a scope."""
        return any(scopes.contains(each, scope) for each in self.assignable_scopes)

    def visible_at(self, scope: str) -> bool:
        """Whether a list at a scope shows the role: it is assignable there, above or below."""
        return self.assignable_at(scope) or any(
            scopes.contains(scope, each) for each in self.assignable_scopes
        )

    def id_at(self, scope: str) -> str:
        """The role's full id as seen from a scope; `az` compares these ids with their case."""
        subscription = subscription_of(scope)
        prefix = f"/subscriptions/{subscription}" if subscription else ""
        return f"{prefix}/providers/{TYPE}/{self.guid}"

    def to_json(self, scope: str) -> dict[str, Any]:
        """The ARM document as seen from a scope."""
        return {
            "properties": {
                "roleName": self.role_name,
                "type": self.role_type,
                "description": self.description,
                "assignableScopes": list(self.assignable_scopes),
                "permissions": [each.to_json() for each in self.permissions],
                "createdOn": arm_time(self.created_on),
                "updatedOn": arm_time(self.updated_on),
                "createdBy": self.created_by,
                "updatedBy": self.created_by,
            },
            "id": self.id_at(scope),
            "type": TYPE,
            "name": self.guid,
        }


def built_in_roles() -> list[RoleDefinition]:
    """The built-in roles, read from builtin_roles.json."""
    text = resources.files(__package__).joinpath("builtin_roles.json").read_text("utf-8")
    return [
        RoleDefinition(
            document["name"],
            document["roleName"],
            "BuiltInRole",
            document["description"],
            (Permission.from_json(document),),
            ("/",),
            _BUILTIN_SINCE,
            _BUILTIN_SINCE,
        )
        for document in json.loads(text)
    ]


def _any_matches(patterns: tuple[str, ...], action: str) -> bool:
    return any(_compiled(pattern).fullmatch(action) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """An action with wildcards: '*' stands for any characters, slashes too.

    '/*/' also stands for '/': Managed Identity Operator holds 'userAssignedIdentities/*/assign/
    action', and what is asked of it is 'userAssignedIdentities/assign/action'.
    """
    parts = re.escape(pattern).replace(r"/\*/", "/(?:.*/)?").replace(r"\*", ".*")
    return re.compile(parts, re.IGNORECASE)
