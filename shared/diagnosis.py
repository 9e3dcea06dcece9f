"""Why a grant that is written may not work: what stands in its way, in words for people (pure).

    DenyAssignment    Azure keeps the principal from it, whatever its roles
    RoleLacksAction   the role does not allow what the grant is for

These two are certain: no waiting helps. What else can be behind a grant that is late is said in the
order of how sure it is.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shared.deny_assignments import DenyAssignment, all_of
from shared.grants import needed
from shared.locks import Lock
from shared.model import Assignment, Denial, Grant, Progress
from shared.permissions import Permissions, RoleDefinition, lacking
from shared.resource_id import covers_text, parse_scope
from shared.roles import role_name

DENY_ASSIGNMENT = "DenyAssignment"
ROLE_LACKS_ACTION = "RoleLacksAction"
CERTAIN = frozenset({DENY_ASSIGNMENT, ROLE_LACKS_ACTION})

# A token carries group memberships and lives up to a day (learn.microsoft.com/entra/identity/
# managed-identities-azure-resources/managed-identity-best-practice-recommendations).
_NOTHING = (
    "nothing was found that stands in the way; a role that comes by way of a group works only with "
    "the identity's next token, which may be a day away"
)


class Diagnosis(NamedTuple):
    """What stands in the way of a grant: `reason` is one of `CERTAIN`, or why it could not be
    read; empty when nothing certain does. `message` is for people."""

    reason: str = ""
    message: str = ""


def diagnose(
    progress: Progress,
    found: Assignment,
    definition: RoleDefinition | None,
    denied: Iterable[DenyAssignment],
    denials: Iterable[Denial],
    locks: Iterable[Lock] = (),
) -> Diagnosis:
    """What stands in the way of a grant whose assignment was `found`, with the `definition` of its
    role, under deny assignments anywhere and the `locks` at and above its scope, as far as they
    were read; `denials` are the cluster's."""
    grant = progress.grant
    scope = parse_scope(grant.scope)
    actions = needed(grant)
    if actions == Permissions() and definition:
        actions = all_of(definition)
    for each in denied:
        if each.concerns(grant.principal_id, scope) and (action := each.takes(actions)):
            return Diagnosis(
                DENY_ASSIGNMENT,
                f"deny assignment {each.name!a} ({each.id}) takes away {action}; "
                "ask whoever owns it for an exclusion",
            )
    if definition and (action := lacking(definition, needed(grant))):
        return Diagnosis(
            ROLE_LACKS_ACTION, f"the role {role_name(found.role)} does not allow {action}"
        )
    locked = [(lock, action) for lock in locks if (action := lock.holds_back(actions))]
    suspects = [
        *(f"the read-only lock {lock.name!a} ({lock.id}) holds back {a}" for lock, a in locked),
        *_suspects(progress, found, definition, denials),
    ]
    return Diagnosis("", "; ".join(suspects) or _NOTHING)


def _suspects(
    progress: Progress,
    found: Assignment,
    definition: RoleDefinition | None,
    denials: Iterable[Denial],
) -> Iterator[str]:
    grant = progress.grant
    if "ScopeLocked" in progress.message:
        yield "a lock on the scope or above it"
    for denial in denials:
        if denial.identity == grant.identity and _concerns(denial, grant):
            if definition and lacking(definition, Permissions((denial.action,))):
                yield f"the role {role_name(found.role)} does not allow {denial.action}"
            elif not covers_text(found.scope, denial.scope):
                yield f"it is denied at {denial.scope}, and assigned at {found.scope}"
    if found.condition:
        yield f"the assignment is under a condition, which may not hold: {found.condition!a}"


def _concerns(denial: Denial, grant: Grant) -> bool:
    """Whether the denial is about the grant's scope, or what is above or below it."""
    return covers_text(grant.scope, denial.scope) or covers_text(denial.scope, grant.scope)
