"""What a command sees of Azure: nothing (offline), or what the caller's own identity may read."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from grantkeeper.explanation import Seen, Unread
from shared import progress
from shared.arm import Arm
from shared.definitions import unsafe
from shared.deny_assignments import DenyAssignment
from shared.errors import Failure
from shared.held import stronger
from shared.links import Links
from shared.model import Assignment, Grant, Progress
from shared.permissions import RoleDefinition
from shared.policy import Policy
from shared.resource_id import ResourceId, parse_scope
from shared.roles import role_name
from shared.wanted import INVALID_SCOPE
from shared.wire import FACTS


@dataclass(slots=True)
class Offline:
    """Nothing is read. A resource behind the cluster is taken for one without any facts, so that a
    registry is one that honours AcrPull, and what was asked of it is told."""

    live: bool = False
    _asked: dict[str, ResourceId] = field(default_factory=dict)

    def facts(self, resource: ResourceId) -> dict[str, tuple[str, ...]]:
        """Nothing."""
        if resource.type in FACTS:
            self._asked.setdefault(resource.key, resource)
        return {}

    def look(self, grants: tuple[Grant, ...]) -> tuple[Seen, ...]:
        """The grants, as unknown."""
        return tuple(Seen(grant, role_name(grant.role)) for grant in grants)

    def unread(self) -> tuple[Unread, ...]:
        """The resources that facts were asked of."""
        return tuple(Unread(str(each), tuple(FACTS[each.type])) for each in self._asked.values())


class Live:
    """Everything is read, each once; what cannot be is told, and nothing is concluded from it."""

    live: bool = True

    def __init__(self, arm: Arm, policy: Policy, now: datetime) -> None:
        self._arm = arm
        # By role and subscription, None when it knows no such role. Raises `Failure`.
        self.read_definition = cache(lambda role, where: arm.role_definition(where, role))
        self._policy = policy
        self._now = now
        self._links = Links(arm.facts, policy, now, {})
        self._held: dict[tuple[str, str], tuple[Assignment, ...] | None] = {}
        self._denied: dict[str, tuple[DenyAssignment, ...] | None] = {}
        self._unread: dict[str, Unread] = {}

    def facts(self, resource: ResourceId) -> dict[str, tuple[str, ...]] | None:
        """What is known of a resource; None when it cannot be read."""
        return self._links.facts(resource)

    def look(self, grants: tuple[Grant, ...]) -> tuple[Seen, ...]:
        """Whether each grant exists, by whatever assignment, and whether its role is safe."""
        return tuple(map(self._look, grants))

    def unread(self) -> tuple[Unread, ...]:
        """What Azure did not show, with its reason."""
        links = (
            Unread(link.id, (), link.reason, link.message or None)
            for link in self._links.used.values()
            if link.reason
        )
        return (*links, *self._unread.values())

    def _look(self, grant: Grant) -> Seen:
        if grant.refused == INVALID_SCOPE:
            return Seen(grant, role_name(grant.role), Progress(grant))
        name, reason, message = role_name(grant.role), "", ""
        known, definition = self.definition(grant.role, parse_scope(grant.scope).subscription_id)
        if known:
            name = definition.name if definition else name
            reason, message = unsafe(definition, self._policy, grant.role)
        return Seen(grant, name, self._progress(grant), reason, message)

    def _progress(self, grant: Grant) -> Progress | None:
        """How far the grant is; None when what its principal holds cannot be read."""
        looked_for = Progress(grant)
        if not grant.principal_id:
            return looked_for
        held = self.assignments(grant.principal_id, parse_scope(grant.scope).subscription_id)
        if held is None:
            return None
        more = stronger([grant], held, self.read_definition)
        return progress.look(looked_for, held, self._policy.propagation, self._now, more)

    def assignments(self, principal: str, subscription: str) -> tuple[Assignment, ...] | None:
        """What a principal holds in a subscription; None when that cannot be read."""
        key = (principal, subscription)
        if key not in self._held:
            try:
                self._held[key] = self._arm.assignments(subscription, principal)
            except Failure as failure:
                self._held[key] = None
                self._failed(f"role assignments of {principal}", failure)
        return self._held[key]

    def definition(self, role: str, subscription: str) -> tuple[bool, RoleDefinition | None]:
        """Whether the definition of a role (GUID) could be read; and it, None if there is none."""
        try:
            return True, self.read_definition(role, subscription)
        except Failure as failure:
            self._failed(f"role definition {role}", failure)
            return False, None

    def denied(self, subscription: str) -> tuple[DenyAssignment, ...] | None:
        """The deny assignments of a subscription; None when they cannot be read."""
        if subscription not in self._denied:
            try:
                self._denied[subscription] = self._arm.deny_assignments(subscription)
            except Failure as failure:
                self._denied[subscription] = None
                self._failed(f"deny assignments of {subscription}", failure)
        return self._denied[subscription]

    def _failed(self, what: str, failure: Failure) -> None:
        self._unread[what] = Unread(what, (), failure.reason, failure.message or None)
