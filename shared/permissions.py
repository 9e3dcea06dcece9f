"""What a role may do: two roles compared, and what makes a role too dangerous to grant.

Actions are texts such as `Microsoft.Network/virtualNetworks/subnets/join/action`, compared without
case; `*` stands for any characters, slashes too. A block allows its actions without its notActions,
a role what any of its blocks allows; data actions are a world of their own
(learn.microsoft.com/azure/role-based-access-control/role-definitions).
"""

import hashlib
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

_READS = "*/read"
_AUTHORIZATION = "Microsoft.Authorization/*"
# Whoever writes these lets somebody outside of Azure become the identity
# (learn.microsoft.com/entra/workload-id/workload-identity-federation).
_FEDERATION = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"


class Permissions(Struct, frozen=True):
    """One block of a role definition. What one block takes away, another may still give."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


class RoleDefinition(Struct, frozen=True):
    """A role as Azure has it; `role` is its GUID, `custom` tells a tenant's own from a built-in."""

    role: str
    name: str
    custom: bool
    permissions: tuple[Permissions, ...]

    @property
    def digest(self) -> str:
        """SHA-256 in hex of what the role may do: the same however it is written or named."""
        blocks = sorted(
            [sorted({text.lower() for text in patterns}) for patterns in astuple(block)]
            for block in self.permissions
        )
        return hashlib.sha256(msgspec.json.encode(blocks)).hexdigest()


def at_least(held: RoleDefinition, needed: RoleDefinition) -> bool:
    """Whether `held` allows everything that `needed` allows.

    Never True wrongly; False wrongly only where several patterns would have to be put together.
    """
    return _includes(_control(held), _control(needed)) and _includes(_data(held), _data(needed))


def danger(definition: RoleDefinition, declared_data_actions: tuple[str, ...]) -> str:
    """Why this role is too dangerous to grant to a cluster: a sentence that names the action, or
    an empty text.

    In Microsoft.Authorization, and where the namespace is a wildcard, only reads are let through,
    whatever notActions say; data actions must be declared (patterns, as in a role definition).
    """
    for block in definition.permissions:
        for action in block.actions:
            if why := _escalation(action, block.not_actions):
                return f"action {action!r} {why}"
        for action in block.data_actions:
            if not any(covers(p, action) for p in declared_data_actions + block.not_data_actions):
                return f"data action {action!r} is not declared for this role"
    return ""


def lacking(definition: RoleDefinition, needed: Permissions) -> str:
    """The first action, or data action, of `needed` that the role does not allow; empty if none."""
    for wanted, kind in ((needed.actions, _control), (needed.data_actions, _data)):
        for action in wanted:
            if not any(_allows(block, action) for block in kind(definition)):
                return action
    return ""


def covers(wide: str, narrow: str) -> bool:
    """Whether every action that the pattern `narrow` matches is matched by `wide`.

    Exact: a `*` in `narrow` may stand for characters that `wide` does not have, so only a `*` of
    `wide` can match it. Never slow, unlike a regular expression with many wildcards.
    """
    wide, narrow = wide.lower(), narrow.lower()
    head, *middle = wide.split("*")
    if not middle:
        return wide == narrow
    tail = middle.pop()
    if len(narrow) < len(head) + len(tail):
        return False
    if not (narrow.startswith(head) and narrow.endswith(tail)):
        return False
    place, end = len(head), len(narrow) - len(tail)
    for part in middle:
        place = narrow.find(part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


def overlap(one: str, other: str) -> bool:
    """Whether some action is matched by both patterns. Exact: between two wildcards anything
    fits, so two patterns that have some differ only in how they begin and end."""
    if "*" not in one:
        return covers(other, one)
    if "*" not in other:
        return covers(one, other)
    one, other = one.lower(), other.lower()
    head, other_head = one.partition("*")[0], other.partition("*")[0]
    tail, other_tail = one.rpartition("*")[2], other.rpartition("*")[2]
    begin_alike = head.startswith(other_head) or other_head.startswith(head)
    return begin_alike and (tail.endswith(other_tail) or other_tail.endswith(tail))


class _Allowed(NamedTuple):
    """One block's share of the control plane, or of the data plane."""

    given: tuple[str, ...]
    taken: tuple[str, ...]


def _allows(block: _Allowed, action: str) -> bool:
    given, taken = (any(_matches(each, action) for each in patterns) for patterns in block)
    return given and not taken


def _matches(pattern: str, action: str) -> bool:
    """Whether an action is of a pattern, in which `/*/` stands for `/` too: what Managed Identity
    Operator has as `userAssignedIdentities/*/assign/action` is asked for without the `*/`."""
    return covers(pattern, action) or covers(pattern.replace("/*/", "/"), action)


def _control(definition: RoleDefinition) -> list[_Allowed]:
    return [_Allowed(block.actions, block.not_actions) for block in definition.permissions]


def _data(definition: RoleDefinition) -> list[_Allowed]:
    return [
        _Allowed(block.data_actions, block.not_data_actions) for block in definition.permissions
    ]


def _includes(held: list[_Allowed], needed: list[_Allowed]) -> bool:
    return all(
        any(_gives(block, action, not_needed) for block in held)
        for actions, not_needed in needed
        for action in actions
    )


def _gives(block: _Allowed, action: str, not_needed: tuple[str, ...]) -> bool:
    """Whether a block allows all of `action` but what is not needed anyway."""
    missed = [taken for taken in block.taken if overlap(taken, action)]
    return any(covers(given, action) for given in block.given) and all(
        any(covers(spared, taken) for spared in not_needed) for taken in missed
    )


def _escalation(action: str, not_actions: tuple[str, ...]) -> str:
    if covers(_READS, action):
        return ""
    if "*" in action.partition("/")[0]:
        return "reaches namespaces by a wildcard"
    if overlap(action, _AUTHORIZATION):
        return "can change who may do what"
    taken = any(covers(pattern, _FEDERATION) for pattern in not_actions)
    return "can federate identities" if overlap(action, _FEDERATION) and not taken else ""
