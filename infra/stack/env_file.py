"""Environment files: `KEY='value'` lines which a POSIX shell can source."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def write(file: Path, values: Mapping[str, str]) -> None:
    """Write the file for its owner's eyes only (mode 0600). Raises ValueError for a bad name."""
    lines = []
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name a shell can set: {name!r}")
        lines.append(f"{name}={quote(value)}\n")
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f"{file.name}.new")
    aside.unlink(missing_ok=True)
    aside.touch(mode=0o600)
    aside.write_text("".join(lines))
    aside.replace(file)


def quote(value: str) -> str:
    """The value in single quotes, where a POSIX shell gives no character a meaning (POSIX 2.2.2).

    A single quote itself is written as '"'"'.
    """
    return "'" + value.replace("'", "'\"'\"'") + "'"


def read(file: Path) -> dict[str, str]:
    """The values of such a file. Raises ValueError for anything but assignments and comments."""
    values = {}
    for word in shlex.split(file.read_text(), comments=True):
        name, equals, value = word.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise ValueError(f"{file}: expected KEY='value', found {word!r}")
        values[name] = value
    return values
