"""Deny assignments: what Azure keeps principals from, whatever roles they hold (pure).

Azure makes them itself, for managed applications, deployment stacks and locked node resource
groups (learn.microsoft.com/azure/role-based-access-control/deny-assignments).
"""

from msgspec import Struct

from shared.permissions import Permissions, RoleDefinition, covers
from shared.resource_id import Scope
from shared.resource_id import covers as reaches

EVERYONE = "00000000-0000-0000-0000-000000000000"


class DenyAssignment(Struct, frozen=True):
    """One, as ARM lists it. `principals` and `excluded` are object ids in lower case; that a
    principal is in a group named there cannot be seen. `scope` is any ARM scope."""

    id: str
    name: str
    scope: str
    principals: tuple[str, ...]
    excluded: tuple[str, ...]
    permissions: tuple[Permissions, ...]
    this_scope_only: bool = False

    def concerns(self, principal_id: str, scope: Scope) -> bool:
        """Whether it holds for this principal at this scope."""
        named = principal_id in self.principals or EVERYONE in self.principals
        if not named or principal_id in self.excluded or not reaches(self.scope, scope):
            return False
        return not self.this_scope_only or self.scope.lower() == scope.key

    def takes(self, needed: Permissions) -> str:
        """The first action, or data action, of `needed` that it takes away; empty if none."""
        for block in self.permissions:
            for wanted, denied, spared in (
                (needed.actions, block.actions, block.not_actions),
                (needed.data_actions, block.data_actions, block.not_data_actions),
            ):
                for action in wanted:
                    if _any_covers(denied, action) and not _any_covers(spared, action):
                        return action
        return ""


def all_of(definition: RoleDefinition) -> Permissions:
    """Everything a role gives, when it is not known which part of it is needed."""
    blocks = definition.permissions
    return Permissions(
        actions=tuple(action for block in blocks for action in block.actions),
        data_actions=tuple(action for block in blocks for action in block.data_actions),
    )


def _any_covers(patterns: tuple[str, ...], action: str) -> bool:
    return any(covers(pattern, action) for pattern in patterns)
