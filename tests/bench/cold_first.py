"""What the first invocation of a worker pays for the one lazy import.

cold_first = instructions(index function_app, then import shared.wiring)
           - instructions(index function_app)
"""

from tests.bench import cachegrind
from tests.bench.cold_index import INDEX
from tests.bench.row import Row
from tests.bench.session import Session

_UNIT = "M instr"


def measure(_session: Session) -> list[Row]:
    """One row, without a goal."""
    try:
        first = cachegrind.millions(INDEX + "import shared.wiring\n") - cachegrind.millions(INDEX)
    except cachegrind.NotInstalledError as error:
        return [Row("cold_first", None, _UNIT, note=f"skipped: {error}")]
    return [Row("cold_first", first, _UNIT, note="import of shared.wiring at the first event")]
