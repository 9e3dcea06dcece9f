"""What a cold start pays when the deployment has changed every file's time.

    cold_stale = instructions(index the app of the package, after all times were changed)
               / instructions(the same, before)

each less those of a Python that does nothing. A zip rounds times to two seconds, and whoever
unpacks it may set them anew; byte code that goes by them is void then, all of it. Before is byte
code as pip makes it, with valid times: what the package's own must not be worse than. For
comparison, the same byte code after. `first` is with the one lazy import, so with every SDK.
"""

import os
from pathlib import Path
from py_compile import PycInvalidationMode

from infra import package
from tests.bench import cachegrind
from tests.bench.cold_index import INDEX
from tests.bench.row import Row, at_most
from tests.bench.session import Session

_FIRST = INDEX + "import shared.wiring\n"
_NOTHING = "pass"
_UNIT = "ratio"
_FLOOR = 1.0
_GOAL = 1.02
_ANOTHER_TIME = 1_000_000_000  # seconds since 1970: September 2001


def measure(session: Session) -> list[Row]:
    """Three rows; or one, saying that valgrind is not installed."""
    folder = session.folder / "package"
    package.build(package.ROOT, folder, mode=PycInvalidationMode.TIMESTAMP)
    try:
        before, first_before = _index(folder), _first(folder)
    except cachegrind.NotInstalledError as error:
        return [Row("cold_stale", None, _UNIT, _FLOOR, _GOAL, note=f"skipped: {error}")]
    _change_times(folder)
    void = _index(folder)
    package.compile_all(folder, PycInvalidationMode.UNCHECKED_HASH)
    _change_times(folder)
    return [
        at_most("cold_stale", _index(folder) / before, _UNIT, _FLOOR, _GOAL, "the package"),
        at_most("cold_stale.first", _first(folder) / first_before, _UNIT, _FLOOR, _GOAL),
        Row("cold_stale.usual", void / before, _UNIT, note="if byte code went by time stamps"),
    ]


def _index(folder: Path) -> float:
    return _more_than_nothing(folder, INDEX)


def _first(folder: Path) -> float:
    return _more_than_nothing(folder, _FIRST)


def _more_than_nothing(folder: Path, code: str) -> float:
    inside = folder / package.DEPENDENCIES
    least = cachegrind.millions_in(folder, inside, _NOTHING)
    return cachegrind.millions_in(folder, inside, code) - least


def _change_times(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (_ANOTHER_TIME, _ANOTHER_TIME))
