"""What Microsoft.Authorization checks before it takes a role assignment.

Codes and texts: learn.microsoft.com, role-based-access-control/troubleshooting and
troubleshoot-limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from . import conditions, scopes
from .arm_ids import subscription_of
from .assignments import Assignment
from .wire import ArmError, Request
from .world import Principal, World

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PRINCIPAL_TYPES = frozenset({"User", "Group", "ServicePrincipal", "ForeignGroup", "Device"})


def require_name(name: str) -> None:
    """ArmError 400 InvalidRoleAssignmentId unless the name is a GUID."""
    if not _GUID.fullmatch(name):
        raise ArmError(
            400,
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
        )


def read_properties(request: Request) -> dict[str, Any]:
    """The `properties` of a PUT, with every value of the right shape; ArmError 400 otherwise."""
    properties = request.json_object().get("properties")
    if not isinstance(properties, dict) or not all(
        value is None or isinstance(value, str) for value in properties.values()
    ):
        raise ArmError(400, "BadRequestFormat", "The request was incorrectly formatted.")
    if not properties.get("roleDefinitionId"):
        raise ArmError(400, "BadRequestFormat", "The request was incorrectly formatted.")
    if not _GUID.fullmatch(properties.get("principalId") or ""):
        raise ArmError(
            400,
            "InvalidPrincipalId",
            "A valid principal ID must be provided for role assignment.",
        )
    if properties.get("principalType") not in {None, *_PRINCIPAL_TYPES}:
        raise ArmError(400, "BadRequestFormat", "The request was incorrectly formatted.")
    if condition := properties.get("condition"):
        if properties.get("conditionVersion") != conditions.VERSION:
            raise ArmError(400, "InvalidConditionVersion", "The condition version must be '2.0'.")
        conditions.parse(condition)
    return properties


def require_principal(world: World, object_id: str, stated_type: str | None) -> None:
    """Look the principal up as Azure does.

    Without principalType it must be in the directory, and not so young that the replica asked does
    not have it: ArmError 400 PrincipalNotFound. With principalType the directory may not know it,
    but must not disagree: ArmError 400 UnmatchedPrincipalType.
    """
    principal = world.directory.get(object_id)
    if stated_type is None:
        if principal is None or not _is_replicated(world, principal):
            raise ArmError(
                400,
                "PrincipalNotFound",
                f"Principal {object_id.replace('-', '')} does not exist in the directory "
                f"{world.tenant_id}. Check that you have the correct principal ID. If you are "
                "creating this principal and then immediately assigning a role, this error might "
                "be related to a replication delay. In this case, set the role assignment "
                "principalType property to a value, such as ServicePrincipal, User, or Group.  "
                "See https://aka.ms/docs-principaltype",
            )
    elif principal is not None and principal.kind != stated_type:
        raise ArmError(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{object_id}' has type '{principal.kind}', which is different from "
            f"specified PrincipalType '{stated_type}'.",
        )


def refuse_same_meaning(existing: Iterable[Assignment], wanted: Assignment) -> None:
    """ArmError 409 RoleAssignmentExists when another name holds the same grant.

    An assignment that reads do not show yet counts too.
    """
    for each in existing:
        if each.meaning == wanted.meaning:
            raise ArmError(
                409,
                "RoleAssignmentExists",
                "The role assignment already exists. The ID of the existing role assignment is "
                f"{each.name.replace('-', '')}.",
            )


def require_room(existing: Iterable[Assignment], scope: str, limit: int) -> None:
    """ArmError 400 RoleAssignmentLimitExceeded when the scope's subscription is full.

    Assignments at subscription, group and resource scope count together.
    """
    subscription = subscription_of(scope)
    if not subscription:
        return
    root = f"/subscriptions/{subscription}"
    if sum(scopes.contains(root, each.scope) for each in existing) >= limit:
        raise ArmError(
            400,
            "RoleAssignmentLimitExceeded",
            "No more role assignments can be created (code: RoleAssignmentLimitExceeded).",
        )


def _is_replicated(world: World, principal: Principal) -> bool:
    delay = timedelta(seconds=world.knobs.principal_replication_seconds)
    return principal.created_at + delay <= world.clock.now()
