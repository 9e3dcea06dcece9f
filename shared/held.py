"""Which assignment that is there gives what a grant would (pure but for the role definitions it
asks for).
"""

from collections.abc import Callable, Iterable

from shared.errors import Failure
from shared.model import Assignment, Grant
from shared.permissions import RoleDefinition, at_least
from shared.resource_id import covers, parse_scope
from shared.roles import role_name

# Pairs of roles (GUIDs): whoever holds the first has all that the second gives.
Stronger = frozenset[tuple[str, str]]

# A role's definition by its GUID and a subscription's id, or None when there is none.
Definition = Callable[[str, str], RoleDefinition | None]


def find(grant: Grant, held: tuple[Assignment, ...], stronger: Stronger) -> Assignment | None:
    """The assignment that means this grant, or more: same principal, its role or a stronger one,
    at its scope or above. One under a condition may not allow everything, and does not count
    unless it is in the place of ours.

    By meaning, not by name: the same triple under another name answers every PUT with
    RoleAssignmentExists, and a look-up by our name would say 404 for ever. The grant's own role at
    the nearest scope comes first.
    """
    scope = parse_scope(grant.scope)
    matches = [
        assignment
        for assignment in held
        if assignment.principal_id == grant.principal_id
        and (assignment.role == grant.role or (assignment.role, grant.role) in stronger)
        and covers(assignment.scope, scope)
        and (not assignment.condition or _is_in_place_of(assignment, grant))
    ]
    nearest = sorted(matches, key=lambda match: (match.role == grant.role, len(match.scope)))
    return nearest[-1] if nearest else None


def held_as(grant: Grant, found: Assignment) -> str:
    """How people are told of an assignment that is not the grant's own; empty if it is."""
    if found.condition:
        return f"{role_name(found.role)} under a condition"
    return "" if _is_in_place_of(found, grant) else f"{role_name(found.role)} at {found.scope}"


def gives(wide: Grant, narrow: Grant) -> bool:
    """Whether the one, once it is written, makes the other needless."""
    same = (wide.principal_id, wide.role) == (narrow.principal_id, narrow.role)
    return same and wide.key != narrow.key and covers(wide.scope, parse_scope(narrow.scope))


def stronger(
    grants: Iterable[Grant], held: tuple[Assignment, ...], definition: Definition
) -> Stronger:
    """Which other roles held where a grant is wanted allow all that it would."""
    found = set[tuple[str, str]]()
    for grant in grants:
        scope = parse_scope(grant.scope)
        there = {
            assignment.role
            for assignment in held
            if assignment.principal_id == grant.principal_id
            and covers(assignment.scope, scope)
            and not assignment.condition
        }
        if grant.role not in there:
            found |= {
                (role, grant.role)
                for role in there
                if _allows_all_of(role, grant.role, scope.subscription_id, definition)
            }
    return frozenset(found)


def _allows_all_of(role: str, needed: str, subscription_id: str, definition: Definition) -> bool:
    try:
        held, wanted = (definition(each, subscription_id) for each in (role, needed))
    except Failure:
        return False  # not known now; at worst a role is assigned that was not needed
    return bool(held and wanted and at_least(held, wanted))


def _is_in_place_of(assignment: Assignment, grant: Grant) -> bool:
    """Whether it is of the same role at the same scope, so that no other can be made."""
    return (assignment.role, assignment.scope.lower()) == (grant.role, grant.scope.lower())
