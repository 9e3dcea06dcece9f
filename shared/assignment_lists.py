"""Role assignments as listed by ARM, with as few lists as will do.

Usually a principal's own list is the cheapest. When many clusters are due at once, one list of the
whole subscription serves them all for half a minute.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.arm import Arm
from shared.model import Assignment

_SHARED_FOR = timedelta(seconds=30)
_MANY = 8  # lists of single principals within that time, before the whole is listed


@dataclass(frozen=True, slots=True)
class _Whole:
    read_at: datetime
    by_principal: dict[str, tuple[Assignment, ...]]


@dataclass(frozen=True, slots=True)
class AssignmentLists:
    """What this process has listed lately. `clock` gives aware UTC times."""

    arm: Arm
    clock: Callable[[], datetime]
    _whole: dict[str, _Whole] = field(default_factory=dict)
    _asked: dict[str, list[datetime]] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def of(
        self, principal_id: str, subscription_id: str, after: datetime | None
    ) -> tuple[Assignment, ...]:
        """What a principal holds in and above a subscription, by a list read later than `after`.
        Raises `Failure`."""
        if not self._are_many(subscription_id):
            return self.arm.assignments(subscription_id, principal_id)
        with self._one_at_a_time:  # the others wait for the list of the first, and share it
            whole = self._whole.get(subscription_id)
            if whole is None or not self._serves(whole, after):
                read_at = self.clock()
                whole = _Whole(read_at, _grouped(self.arm.assignments(subscription_id)))
                self._whole[subscription_id] = whole
        return whole.by_principal.get(principal_id, ())

    def _are_many(self, subscription_id: str) -> bool:
        now = self.clock()
        recent = [at for at in self._asked.get(subscription_id, ()) if now - at < _SHARED_FOR]
        self._asked[subscription_id] = [*recent, now][-_MANY - 1 :]
        return len(recent) >= _MANY

    def _serves(self, whole: _Whole, after: datetime | None) -> bool:
        is_new = self.clock() - whole.read_at < _SHARED_FOR
        return is_new and (after is None or whole.read_at > after)


def _grouped(found: tuple[Assignment, ...]) -> dict[str, tuple[Assignment, ...]]:
    groups = dict[str, list[Assignment]]()
    for assignment in found:
        groups.setdefault(assignment.principal_id, []).append(assignment)
    return {principal: tuple(held) for principal, held in groups.items()}
