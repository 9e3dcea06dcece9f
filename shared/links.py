"""What else a turn reads: resources that the cluster points at, each once, and not in every turn.

A fact about a network or a registry changes rarely and raises no event of ours, so it is believed
until the next resync. One that cannot be read is tried again like a failed write.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.arm import Arm
from shared.errors import Failure
from shared.model import Link
from shared.policy import Policy
from shared.progress import after_failure
from shared.resource_id import ResourceId
from shared.wire import FACTS


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one cluster in one turn. `known` are those of earlier turns, `used` becomes
    those of this one."""

    arm: Arm
    policy: Policy
    now: datetime
    known: dict[str, Link]
    used: dict[str, Link] = field(default_factory=dict)

    def facts(self, resource: ResourceId) -> dict[str, tuple[str, ...]] | None:
        """What is known of a resource, by fact; None when it cannot be read now."""
        if resource.type not in FACTS:
            return {}
        if resource.key not in self.used:
            known = self.known.get(resource.key)
            self.used[resource.key] = known if known and self._holds(known) else self._read(resource)
        link = self.used[resource.key]
        return None if link.reason else link.facts

    def _holds(self, link: Link) -> bool:
        if link.retry_at:
            return self.now < link.retry_at
        return self.now - link.read_at < self.policy.looks.resync

    def _read(self, resource: ResourceId) -> Link:
        try:
            return Link(str(resource), self.now, self.arm.facts(resource))
        except Failure as failure:
            known = self.known.get(resource.key)
            since = (known and known.failing_since) or self.now
            window: timedelta = self.policy.propagation.window
            reason, retry_at = after_failure(failure, since, window, self.policy.looks, self.now)
            return Link(str(resource), self.now, {}, since, retry_at, reason, failure.message)
