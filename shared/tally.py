"""What a pass of the timer found, in one line with stable names (docs/operations.md) (pure)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.glance import Glance

# Role assignments at and below a subscription; those of management groups do not count
# (learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits).
_LIMIT = 4000
_PERCENTS = (90, 80)


def quota_passed(assignments: int) -> int:
    """The highest of 80 and 90 percent of the limit that so many assignments have reached; 0 when
    there is room."""
    return next((p for p in _PERCENTS if assignments * 100 >= _LIMIT * p), 0)


@dataclass(slots=True)
class Tally:
    """Counts of one pass; `figures` are whatever else belongs into its line, by name."""

    figures: Counter[str] = field(default_factory=Counter)
    oldest: datetime | None = None

    def count(self, name: str, number: int = 1) -> None:
        """Add to a figure."""
        self.figures[name] += number

    def include(self, prefix: str, figures: Mapping[str, int]) -> None:
        """Add figures that somebody else has counted."""
        for name, number in figures.items():
            self.count(f"{prefix}.{name}", number)

    def see(self, known: Glance) -> None:
        """Count a record; one whose cluster is gone is history."""
        if known.deleted:
            return
        self.count("clusters")
        self.count(f"ready.{known.ready}.{known.reason or 'None'}")
        for state, number in known.grants.items():
            self.count(f"grants.{state}", number)
        if not known.settled and known.ready != "True" and known.since:
            self.oldest = min(self.oldest or known.since, known.since)

    def line(self, now: datetime) -> str:
        """`name=number` of every figure, sorted by name."""
        figures = dict(self.figures)
        figures["oldest_unready_seconds"] = (
            int((now - self.oldest).total_seconds()) if self.oldest else 0
        )
        return " ".join(f"{name}={number}" for name, number in sorted(figures.items()))
