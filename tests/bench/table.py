"""The figures as a table for people and as JSON for programs."""

from collections.abc import Sequence

import msgspec
from rich.table import Table

from tests.bench.row import Row

_VERDICTS = {True: "[green]yes[/]", False: "[bold red]no[/]", None: ""}


def table(rows: Sequence[Row]) -> Table:
    """A line for each figure."""
    shown = Table(title="Grantkeeper, measured", title_justify="left")
    shown.add_column("figure", no_wrap=True)
    for heading in ("measured", "floor", "goal"):
        shown.add_column(heading, justify="right")
    for heading in ("unit", "ok", "note"):
        shown.add_column(heading)
    for row in rows:
        numbers = (_number(row.value), _number(row.floor), _number(row.goal))
        shown.add_row(row.name, *numbers, row.unit, _VERDICTS[row.ok], row.note)
    return shown


def to_json(rows: Sequence[Row]) -> str:
    """A list of objects with the fields of `Row`."""
    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}".removesuffix(".0")
