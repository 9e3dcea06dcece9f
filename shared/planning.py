"""When to look, as this installation has learned it: lists from the delays it has observed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.delays import KINDS, new_observations
from shared.model import Record
from shared.schedule import Plans, looks_for
from shared.store import Store

_BELIEVED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Planner:
    """Lists of looks by kind of grant, each believed for an hour. `window` is the propagation
    window, `clock` gives aware UTC times."""

    store: Store
    window: timedelta
    clock: Callable[[], datetime]
    _read: dict[str, tuple[datetime, tuple[int, ...]]] = field(default_factory=dict)

    def plans(self) -> Plans:
        """The list for each kind of grant that a probe can prove."""
        return {kind: self._plan(kind) for kind in KINDS}

    def learn(self, before: Record, after: Record) -> None:
        """Keep the delays that a turn, which made `after` of `before`, has observed."""
        for observation in new_observations(before, after):
            self.store.observe_delay(*observation)

    def _plan(self, kind: str) -> tuple[int, ...]:
        now = self.clock()
        read_at, plan = self._read.get(kind, (None, ()))
        if read_at is None or now - read_at >= _BELIEVED:
            plan = looks_for(self.store.delays(kind), self.window)
            self._read[kind] = (now, plan)
        return plan
