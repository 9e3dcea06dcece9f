"""The terminal, or the file in its place: how wide it is, and texts in a form that it can be given.

Texts come from Azure and from whoever sends a request, so control characters are shown, not sent,
and brackets are no markup.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH_OF_A_FILE = 160
_WIDEST_BAR = 100


def console() -> Console:
    """Standard output, or something wide when that is a file or a pipe."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    return Console(width=width, highlight=False, markup=False, emoji=False)


def bar_width(on: Console, beside: int) -> int:
    """How many columns a timeline may have next to so many others; none where it cannot be drawn:
    not on a terminal, or on one without these characters."""
    if not on.is_terminal or on.options.ascii_only:
        return 0
    return min(max(on.width - beside, 0), _WIDEST_BAR)


def printable(text: str) -> str:
    """The text with everything a terminal might obey made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def unbroken(text: str) -> Text:
    """Lines that the terminal may wrap, but that are copied whole: ids and commands."""
    return Text(text, no_wrap=True, overflow="ignore")


def with_rows(text: Text, rows: Iterable[str]) -> Text:
    """The text as a paragraph's first line, with these below it."""
    for row in rows:
        text.append(f"\n  {printable(row)}")
    return text


def with_columns(*names: str) -> Table:
    """An empty table with these columns."""
    table = Table(box=None, pad_edge=False, header_style="bold underline")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def moment(at: datetime | None) -> str:
    """Local times would not match Azure's logs: UTC, and the day only when it is not today."""
    if at is None:
        return "-"
    today = datetime.now(UTC).date() == at.astimezone(UTC).date()
    return f"{at.astimezone(UTC):{'%H:%M:%SZ' if today else '%Y-%m-%d %H:%M:%SZ'}}"
