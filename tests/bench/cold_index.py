"""What it costs to load the function app, beyond loading the Functions library itself.

    cold_index = instructions(import function_app, index it) - instructions(import azure.functions)

Every cold start pays it before the first event is taken. Floor: an app of four functions that
import nothing else. For comparison, the same with `shared.wiring`, and so every SDK, imported at
the top.
"""

from tests.bench import cachegrind
from tests.bench.row import Row, at_most
from tests.bench.session import Session

LIBRARY = "import azure.functions"
INDEX = (
    "import function_app\n"
    "for function in function_app.app.get_functions():\n"
    "    function.get_raw_bindings(), function.get_trigger()\n"
)
EAGER = "import shared.wiring\n" + INDEX

_UNIT = "M instr"
_FLOOR = 3.5
_GOAL = 40.0


def measure(_session: Session) -> list[Row]:
    """Two rows; or one, saying that valgrind is not installed."""
    try:
        library = cachegrind.millions(LIBRARY)
        ours = cachegrind.millions(INDEX) - library
        eager = cachegrind.millions(EAGER) - library
    except cachegrind.NotInstalledError as error:
        return [Row("cold_index", None, _UNIT, _FLOOR, _GOAL, note=f"skipped: {error}")]
    return [
        at_most("cold_index", ours, _UNIT, _FLOOR, _GOAL, "load and index function_app.py"),
        Row("cold_index.eager", eager, _UNIT, note="if every import were at the top"),
    ]
