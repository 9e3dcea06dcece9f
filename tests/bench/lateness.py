"""How long after its permissions work a cluster is called Ready.

    lateness = Ready.since - the moment the emulator made the last permission effective

Probe mode, calm weather, in emulated seconds. The clock moves in steps of 5 s; the queue trigger's
own polling (up to maxPollingInterval, 2 s) comes on top. Floor: 0, by asking all the time; the
schedule of looks trades lateness for calls. Never negative: a probe that succeeds has worked.
"""

from statistics import fmean

from tests.bench.lives import lives, percentile
from tests.bench.row import Row
from tests.bench.session import Session
from tests.bench.weather import CALM

_UNIT = "emulated s"


def measure(session: Session) -> list[Row]:
    """Mean and 99th percentile; informative."""
    late = [
        (life.ready_at - life.effective_at).total_seconds()
        for life in lives(session, CALM)
        if life.ready_at
    ]
    note = f"{len(late)} clusters; least {min(late):.0f}"
    return [
        Row("lateness.mean", fmean(late), _UNIT, floor=0, note=note),
        Row("lateness.p99", percentile(late, 99), _UNIT, floor=0),
    ]
