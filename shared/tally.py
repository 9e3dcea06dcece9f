"""What a pass of the timer found, in one line with stable names (docs/operations.md) (pure)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from shared.glance import Glance


@dataclass(slots=True)
class Tally:
    """Counts of one pass; `figures` are whatever else belongs into its line, by name."""

    figures: Counter[str] = field(default_factory=Counter)
    oldest: datetime | None = None

    def count(self, name: str, number: int = 1) -> None:
        """Add to a figure."""
        self.figures[name] += number

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
