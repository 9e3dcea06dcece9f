"""One role assignment, and how ARM shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import scopes
from .timestamps import arm_time

TYPE = "Microsoft.Authorization/roleAssignments"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role given to a principal at a scope. `effective_at` None: it never takes effect."""

    id: str
    name: str  # a GUID in lower case, unique in the tenant
    scope: str
    role_definition_id: str
    role_guid: str
    principal_id: str  # lower case
    principal_type: str
    description: str | None
    condition: str | None
    condition_version: str | None
    delegated_identity_id: str | None
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    readable_at: datetime
    effective_at: datetime | None

    @property
    def meaning(self) -> tuple[tuple[str, ...], str, str]:
        """Scope, principal and role: what makes two assignments the same."""
        return scopes.segments(self.scope), self.principal_id, self.role_guid

    def is_readable(self, now: datetime) -> bool:
        """Whether reads show it."""
        return self.readable_at <= now

    def is_effective(self, now: datetime) -> bool:
        """Whether it gives its principal anything yet."""
        return self.effective_at is not None and self.effective_at <= now

    def to_json(self) -> dict[str, Any]:
        """The ARM document."""
        return {
            "properties": {
                "roleDefinitionId": self.role_definition_id,
                "principalId": self.principal_id,
                "principalType": self.principal_type,
                "scope": self.scope,
                "condition": self.condition,
                "conditionVersion": self.condition_version,
                "createdOn": arm_time(self.created_at),
                "updatedOn": arm_time(self.updated_at),
                "createdBy": self.created_by,
                "updatedBy": self.updated_by,
                "delegatedManagedIdentityResourceId": self.delegated_identity_id,
                "description": self.description,
            },
            "id": self.id,
            "type": TYPE,
            "name": self.name,
        }
