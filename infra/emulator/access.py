"""Who may do what, where, now: the decision of Azure RBAC.

Deny assignments first, then the *effective* role assignments at or above the scope, with their
conditions (learn.microsoft.com, role-based-access-control/overview, "How Azure RBAC determines if
a user has access to a resource").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import conditions, scopes
from .assignments import TYPE as ROLE_ASSIGNMENTS
from .assignments import Assignment
from .conditions import Attempt
from .deny_assignments import DenyAssignments
from .role_assignments import RoleAssignments
from .role_definitions import RoleDefinitions
from .roles import Permission
from .wire import ArmError, Call
from .world import Principal, World

Reason = Literal["NoAssignment", "DenyAssignment", "ConditionNotMet"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an action is allowed; if not, why, with the deny assignment's id in `detail`."""

    allowed: bool
    reason: Reason | None = None
    detail: str = ""


class Access:
    """Decides for any principal, not only for the caller."""

    def __init__(
        self,
        world: World,
        definitions: RoleDefinitions,
        assignments: RoleAssignments,
        denials: DenyAssignments,
    ) -> None:
        self._world = world
        self._definitions = definitions
        self._assignments = assignments
        self._denials = denials

    def allows(
        self,
        object_id: str,
        action: str,
        scope: str,
        *,
        data_action: bool = False,
        request: Mapping[str, str] | None = None,
        resource: Mapping[str, str] | None = None,
    ) -> Decision:
        """Decide about one action of one principal.

        `request` and `resource` hold what conditions ask for (RoleDefinitionId as a GUID,
        PrincipalId, PrincipalType, in lower-case keys): what is asked for, and what is there.
        """
        denial = self._denials.blocking(object_id, action, scope, data_action=data_action)
        if denial is not None:
            return Decision(False, "DenyAssignment", denial.id)
        attempt = Attempt(action, request or {}, resource or {})
        reason: Reason = "NoAssignment"
        for assignment in self._effective(object_id, scope):
            role = self._definitions.get(assignment.role_guid)
            if role is None or not role.grants(action, data_action=data_action):
                continue
            if assignment.condition is None or conditions.parse(assignment.condition)(attempt):
                return Decision(True)
            reason = "ConditionNotMet"
        return Decision(False, reason)

    def permissions(self, object_id: str, scope: str) -> list[Permission]:
        """Everything a principal's effective assignments give it at a scope."""
        roles = (
            self._definitions.get(each.role_guid) for each in self._effective(object_id, scope)
        )
        return [permission for role in roles if role for permission in role.permissions]

    def require(self, call: Call, action: str, scope: str) -> None:
        """ArmError 403 unless the caller may do the action.

        For writes and deletes of role assignments the attributes for conditions are read from the
        call itself.
        """
        caller = _caller(call)
        request, resource = self._attributes(call, action, scope)
        decision = self.allows(caller.object_id, action, scope, request=request, resource=resource)
        if not decision.allowed:
            raise refusal(caller, action, scope, decision)

    def require_linked(
        self, call: Call, action: str, scope: str, linked_action: str, linked_scope: str
    ) -> None:
        """ArmError 403 LinkedAuthorizationFailed unless the caller may do the linked action.

        `action` on `scope` is what was asked for; it touches `linked_scope`, as a cluster does its
        subnets.
        """
        caller = _caller(call)
        decision = self.allows(caller.object_id, linked_action, linked_scope)
        if not decision.allowed:
            raise linked_refusal(caller, action, scope, linked_action, linked_scope, decision)

    def _effective(self, object_id: str, scope: str) -> Iterator[Assignment]:
        now = self._world.clock.now()
        for each in self._assignments.of_principal(object_id):
            if each.is_effective(now) and scopes.contains(each.scope, scope):
                yield each

    def _attributes(
        self, call: Call, action: str, scope: str
    ) -> tuple[dict[str, str], dict[str, str]]:
        kind, _, verb = action.lower().rpartition("/")
        if kind != ROLE_ASSIGNMENTS.lower() or verb not in ("write", "delete"):
            return {}, {}
        there = self._assignments.named(scope.rpartition("/")[2])
        resource = (
            {
                "roledefinitionid": there.role_guid,
                "principalid": there.principal_id,
                "principaltype": there.principal_type,
            }
            if there
            else {}
        )
        return (_asked_for(call.request.json()) if verb == "write" else {}), resource


def refusal(principal: Principal, action: str, scope: str, decision: Decision) -> ArmError:
    """The 403 for an action that was not allowed, in Azure's words."""
    who = f"The client '{principal.client_id}' with object id '{principal.object_id}'"
    if decision.reason == "DenyAssignment":
        return ArmError(
            403,
            "DenyAssignmentAuthorizationFailed",
            f"{who} has permission to perform action '{action}' on scope '{scope}'; however, the "
            f"access is denied because of the deny assignment with Id '{decision.detail}'.",
        )
    lacking = "does not have authorization"
    if decision.reason == "ConditionNotMet":
        lacking += " or an ABAC condition not fulfilled"
    return ArmError(
        403,
        "AuthorizationFailed",
        f"{who} {lacking} to perform action '{action}' over scope '{scope}' or the scope is "
        "invalid. If access was recently granted, please refresh your credentials.",
    )


def linked_refusal(
    principal: Principal,
    action: str,
    scope: str,
    linked_action: str,
    linked_scope: str,
    decision: Decision,
) -> ArmError:
    """The 403 for an action allowed in itself, but not on another resource it touches."""
    text = (
        f"The client '{principal.client_id}' with object id '{principal.object_id}' has permission "
        f"to perform action '{action}' on scope '{scope}'; however, it "
    )
    if decision.reason == "DenyAssignment":
        text += (
            f"is blocked by deny assignments on the '1' linked scope(s) '{linked_scope}' for "
            f"action '{linked_action}'."
        )
    else:
        text += (
            f"does not have permission to perform action '{linked_action}' on the linked scope(s) "
            f"'{linked_scope}' or the linked scope(s) are invalid."
        )
    return ArmError(403, "LinkedAuthorizationFailed", text)


def _caller(call: Call) -> Principal:
    if call.caller is None:
        raise ArmError(
            401,
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
        )
    return call.caller


def _asked_for(body: Any) -> dict[str, str]:
    """The attributes of a role assignment asked for; PrincipalType only when it was stated."""
    properties = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(properties, dict):
        return {}
    asked = {
        "roledefinitionid": str(properties.get("roleDefinitionId", "")).rpartition("/")[2],
        "principalid": properties.get("principalId"),
        "principaltype": properties.get("principalType"),
    }
    return {name: value for name, value in asked.items() if isinstance(value, str) and value}
