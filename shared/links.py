"""What else a turn reads: resources that the cluster points at, each once, and not in every turn.

A fact about a network or a registry changes rarely and raises no event of ours, so it is believed
until the next resync. A read that fails is tried again like a failed write.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from shared.errors import Failure
from shared.model import Link
from shared.policy import Policy
from shared.progress import after_failure
from shared.resource_id import ResourceId
from shared.wire import FACTS


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one cluster in one turn. `read` reads the facts of a resource, or raises
    `Failure`; `known` are the links of earlier turns, `used` becomes those of this one."""

    read: Callable[[ResourceId], dict[str, tuple[str, ...]]]
    policy: Policy
    now: datetime
    known: dict[str, Link]
    used: dict[str, Link] = field(default_factory=dict)

    def facts(self, resource: ResourceId) -> dict[str, tuple[str, ...]] | None:
        """What is known of a resource, by fact; None when it cannot be read now."""
        if resource.type not in FACTS:
            return {}
        if resource.key not in self.used:
            known = self.known.get(resource.key, Link(str(resource)))
            self.used[resource.key] = known if self._holds(known) else self._read(resource, known)
        link = self.used[resource.key]
        return link.facts if link.read_at else None

    def _holds(self, link: Link) -> bool:
        if link.retry_at:
            return self.now < link.retry_at
        looks = self.policy.looks  # what is not there may be in a moment
        believed = looks.resync if link.facts else looks.absent
        return link.read_at is not None and self.now - link.read_at < believed

    def _read(self, resource: ResourceId, known: Link) -> Link:
        try:
            return Link(known.id, self.now, self.read(resource))
        except Failure as failure:
            since = known.failing_since or self.now
            window, looks = self.policy.propagation.window, self.policy.looks
            reason, retry_at = after_failure(failure, since, window, looks, self.now)
            return replace(
                known,
                failing_since=since,
                retry_at=retry_at,
                reason=reason,
                message=failure.message,
            )
