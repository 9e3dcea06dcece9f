"""How many machine instructions a piece of Python takes: the same to a thousandth, on any day.

valgrind --tool=cachegrind counts them; without valgrind there is no figure.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from infra.stack.part import ROOT

_MILLION = 1e6
_COMMAND = ("--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNT = re.compile(r"I\s+refs:\s+([\d,]+)")


class NotInstalledError(Exception):
    """valgrind is not on PATH."""


@functools.cache
def millions(code: str) -> float:
    """Millions of instructions of `python -c code`, run in the repository.

    Hashing is fixed, and bytecode valid: an uncounted run writes it first. Raises
    NotInstalledError, and CalledProcessError when the code fails.
    """
    python = (sys.executable, "-c", code)
    _run(python, ROOT, {})
    return _counted(python, ROOT, {})


def millions_in(package: Path, dependencies: Path, code: str) -> float:
    """The same, run in a folder that nothing writes to, with no packages but its own."""
    environment = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(dependencies)}
    return _counted((sys.executable, "-S", "-c", code), package, environment)


def _counted(python: tuple[str, ...], folder: Path, more: dict[str, str]) -> float:
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise NotInstalledError("valgrind is not installed")
    counted = _run((valgrind, *_COMMAND, *python), folder, more)
    found = _COUNT.search(counted)
    if found is None:
        raise ValueError(f"valgrind printed no count: {counted[-500:]!r}")
    return int(found[1].replace(",", "")) / _MILLION


def _run(command: tuple[str, ...], folder: Path, more: dict[str, str]) -> str:
    """What the command writes to stderr."""
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", **more}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stderr
