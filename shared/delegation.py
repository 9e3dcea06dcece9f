"""The condition on the app's own right to write role assignments, from the same list of roles.

Whoever deploys the app puts it on the app's role assignment, so that Azure itself refuses what the
policy does not allow. It is the documented form with roles and principal types
(learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples), an
allow-list: a list of forbidden roles lets through every role that it forgets.

No attribute tells the scope: the assignment that bears the condition must be made no higher than
where the app is to grant.
"""

from collections.abc import Iterable

from shared.resource_id import guid

WRITE = "Microsoft.Authorization/roleAssignments/write"
DELETE = "Microsoft.Authorization/roleAssignments/delete"

_NO_ROLE = "00000000-0000-0000-0000-000000000000"


def condition(roles: Iterable[str]) -> str:
    """The ABAC condition, in one line, that lets these roles (GUIDs) be assigned to and removed
    from service principals, and no others; no roles at all let nothing through.

    The same for the same roles, in whatever order and case. Raises `InvalidId`.
    """
    listed = sorted({guid(role, "role") for role in roles}) or [_NO_ROLE]
    # What is written is in the request, what is deleted is a resource already. Each action needs
    # its half: a condition that does not mention an action leaves it free.
    return " AND ".join((_half(WRITE, "@Request", listed), _half(DELETE, "@Resource", listed)))


def _half(action: str, source: str, roles: list[str]) -> str:
    attribute = f"{source}[Microsoft.Authorization/roleAssignments"
    return (
        f"((!(ActionMatches{{'{action}'}})) OR ("
        f"{attribute}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{', '.join(roles)}}} AND "
        f"{attribute}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase "
        "{'ServicePrincipal'}))"
    )
