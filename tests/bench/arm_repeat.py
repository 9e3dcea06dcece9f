"""What it costs when everything is told three times.

    arm_repeat = ARM writes with every message and event delivered three times in a row - (1 + G)

from request to Ready with G = 2 grants. Goal and floor: 0, for every write is safe to repeat, and
none is repeated that reading could spare.
"""

from tests.bench.arm_calls import until_ready
from tests.bench.row import Row, exactly
from tests.bench.session import Session
from tests.bench.towns import MOST_GRANTS, Verify

_TIMES = 3
_MODES: tuple[Verify, ...] = ("read", "probe")


def measure(session: Session) -> list[Row]:
    """A row for each mode."""
    return [_row(session, verify) for verify in _MODES]


def _row(session: Session, verify: Verify) -> Row:
    calls = until_ready(session, verify, MOST_GRANTS, times=_TIMES)
    extra = calls.writes - (1 + MOST_GRANTS)
    return exactly(f"arm_repeat.{verify}", extra, "writes", 0, str(calls))
