"""The map of the emulator shows every file, and no file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from infra import emulator


def test_the_map_names_every_file_once() -> None:
    assert emulator.__doc__ and emulator.__file__
    lines = re.findall(r"^ {4}(\w.*)$", emulator.__doc__, re.MULTILINE)
    named = [name for line in lines for name in re.split(" {2,}", line)[0].split(", ")]
    there = {path.stem for path in Path(emulator.__file__).parent.glob("*.py")} - {"__init__"}
    assert sorted(named) == sorted(there)
