"""What a command answers: an object that `--json` prints, or what people read in its place."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import typer
from msgspec import Struct
from rich.console import RenderableType

from grantkeeper import terminal

_T = TypeVar("_T")


class Json(Struct, frozen=True, rename="camel"):
    """A part of an answer. Names are camelCase, times ISO 8601 in UTC, absent values null. Fields
    are only ever added."""


def pretty(found: object) -> str:
    """The JSON of an object, as people read it."""
    return msgspec.json.format(msgspec.json.encode(found)).decode()


def tell(found: _T, as_json: bool, shown: Callable[[_T], RenderableType]) -> None:
    """Print an answer: as JSON, or as `shown` has it for people."""
    if as_json:
        typer.echo(pretty(found))
    else:
        terminal.console().print(shown(found), crop=False)
