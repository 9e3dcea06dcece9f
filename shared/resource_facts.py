"""Facts about resources that clusters point at, one read for all clusters that point there: a hub
has one network and one registry for a hundred of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.arm import Arm
from shared.resource_id import ResourceId

# A cluster's record believes them until the resync (`shared/links.py`): this only joins the reads
# of clusters that come together.
_BELIEVED = timedelta(minutes=1)
_MOST = 10_000  # resources


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """What this process has read lately. `clock` gives aware UTC times."""

    arm: Arm
    clock: Callable[[], datetime]
    _read: dict[str, tuple[datetime, dict[str, tuple[str, ...]]]] = field(default_factory=dict)

    def of(self, resource: ResourceId) -> dict[str, tuple[str, ...]]:
        """What the resource says, by fact (`wire.FACTS`); nothing if it is not there. Raises
        `Failure`."""
        known = self._read.get(resource.key)
        if known and known[1] and self.clock() - known[0] < _BELIEVED:
            return known[1]
        if len(self._read) >= _MOST:
            self._read.clear()
        now = self.clock()
        facts = self.arm.facts(resource)
        self._read[resource.key] = now, facts
        return facts
