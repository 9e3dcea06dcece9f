"""The figures as a table for people and as JSON for programs."""

from collections.abc import Sequence

import msgspec
from rich import box
from rich.markup import escape
from rich.table import Table

from tests.bench.row import Row

_VERDICTS = {True: "[green]yes[/]", False: "[bold red]no[/]", None: ""}


def table(rows: Sequence[Row]) -> Table:
    """A line for each figure, its note below its name: fits a terminal of 80 columns."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    longest = max((len(row.name) for row in rows), default=0)
    shown.add_column("figure", min_width=longest)
    for heading in ("measured", "floor", "goal"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for heading in ("unit", "ok"):
        shown.add_column(heading, no_wrap=True)
    for row in rows:
        name = f"{row.name}\n[dim]{escape(row.note)}[/]" if row.note else row.name
        numbers = (_number(row.value), _number(row.floor), _number(row.goal))
        shown.add_row(name, *numbers, row.unit, _VERDICTS[row.ok])
    return shown


def to_json(rows: Sequence[Row]) -> str:
    """A list of objects with the fields of `Row`."""
    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}".removesuffix(".0")
