"""Spans of time as people type them: 90m, 1h, 1.5s."""

import re
from datetime import timedelta

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def parse(text: str) -> timedelta:
    """`90m` → 90 minutes. Raises `typer.BadParameter`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a number followed by s, m or h")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})
