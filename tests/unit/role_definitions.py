"""Roles for the tests that compare them, and what they allow by brute force: written another way
than the product's, by regular expression."""

import re

from infra.emulator.roles import built_in_roles
from shared.permissions import Permissions, RoleDefinition

BUILT_IN = {
    each.role_name: RoleDefinition(
        each.guid,
        each.role_name,
        custom=False,
        permissions=tuple(
            Permissions(p.actions, p.not_actions, p.data_actions, p.not_data_actions)
            for p in each.permissions
        ),
    )
    for each in built_in_roles()
}


def role(*blocks: Permissions, name: str = "a role") -> RoleDefinition:
    """A custom role of these permissions."""
    return RoleDefinition("a0a0a0a0-0000-4000-8000-000000000001", name, True, blocks)


def matches(pattern: str, action: str) -> bool:
    """Whether a pattern takes in an action."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE))


def allowed(definition: RoleDefinition, action: str) -> bool:
    """Whether a role allows an action; data actions are not looked at."""
    return any(
        any(matches(given, action) for given in block.actions)
        and not any(matches(taken, action) for taken in block.not_actions)
        for block in definition.permissions
    )
