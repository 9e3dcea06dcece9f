"""Scores: what was noticed of what could have been, by file."""

from dataclasses import asdict, dataclass, field
from typing import Any

GOAL = 90.0  # per cent
STRICT = ("grants", "policy", "resource_id")  # have to reach it on their own, too


@dataclass
class Score:
    """Mutants of one file; `survivors` are those that no test noticed."""

    killed: int = 0
    survivors: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many there were."""
        return self.killed + len(self.survivors)

    @property
    def percent(self) -> float:
        """The share that was noticed; of nothing, all."""
        return 100.0 * self.killed / self.total if self.total else 100.0

    def plus(self, other: "Score") -> "Score":
        """Both together."""
        return Score(self.killed + other.killed, self.survivors + other.survivors)


def table(scores: dict[str, Score]) -> str:
    """One line a file, then the total."""
    rows = [*sorted(scores.items()), ("total", _sum(scores))]
    return "\n".join(
        f"{name:16} {score.killed:5} of {score.total:5}  {score.percent:6.1f} %"
        for name, score in rows
    )


def as_json(scores: dict[str, Score]) -> dict[str, Any]:
    """The same for programs, with the survivors' names."""
    total = _sum(scores)
    return {
        "files": {name: {**asdict(s), "percent": s.percent} for name, s in sorted(scores.items())},
        "killed": total.killed,
        "total": total.total,
        "percent": total.percent,
    }


def enough(scores: dict[str, Score]) -> bool:
    """Whether the goal is reached."""
    strict = [scores[name] for name in STRICT if name in scores]
    return all(score.percent >= GOAL for score in [_sum(scores), *strict])


def _sum(scores: dict[str, Score]) -> Score:
    total = Score()
    for score in scores.values():
        total = total.plus(score)
    return total
