"""One figure: what was measured, beside what is possible and what is aimed at."""

from msgspec import Struct


class Row(Struct, frozen=True):
    """`floor` is the least that could be, `goal` the most that should be (or the least, of what is
    better the higher it is), in `unit` like `value`.

    `ok` is whether the goal is met; None where there is no goal, or no value.
    """

    name: str
    value: float | None
    unit: str
    floor: float | None = None
    goal: float | None = None
    ok: bool | None = None
    note: str = ""


def at_most(
    name: str, value: float, unit: str, floor: float | None, goal: float, note: str = ""
) -> Row:
    """A figure that is good when it is not above its goal."""
    return Row(name, value, unit, floor, goal, value <= goal, note)


def at_least(name: str, value: float, unit: str, goal: float, note: str = "") -> Row:
    """A figure that is good when it is not below its goal."""
    return Row(name, value, unit, None, goal, value >= goal, note)


def exactly(name: str, value: float, unit: str, goal: float, note: str = "") -> Row:
    """A figure whose goal is its floor: less would be a fault, more would be waste."""
    return Row(name, value, unit, goal, goal, value == goal, note)
