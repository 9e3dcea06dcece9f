"""Deny assignments as listed by ARM, one list for all grants and clusters of a subscription."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.arm import Arm
from shared.deny_assignments import DenyAssignment

_BELIEVED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Listed:
    at: datetime
    found: tuple[DenyAssignment, ...]


@dataclass(frozen=True, slots=True)
class DenyLists:
    """What this process has listed lately, each list believed for ten minutes. `clock` gives aware
    UTC times."""

    arm: Arm
    clock: Callable[[], datetime]
    _read: dict[str, _Listed] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def of(self, subscription_id: str, since: datetime | None = None) -> tuple[DenyAssignment, ...]:
        """All that hold somewhere in a subscription, whoever they are for, by a list that is still
        believed and was not read before `since`. Raises `Failure`."""
        with self._one_at_a_time:  # the others wait for the list of the first, and share it
            listed = self._read.get(subscription_id)
            if listed is None or not self._serves(listed, since):
                at = self.clock()
                listed = _Listed(at, self.arm.deny_assignments(subscription_id))
                self._read[subscription_id] = listed
        return listed.found

    def _serves(self, listed: _Listed, since: datetime | None) -> bool:
        is_new = self.clock() - listed.at < _BELIEVED
        return is_new and (since is None or listed.at >= since)
