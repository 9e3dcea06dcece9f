"""When to look again (pure).

The best gap between looks follows 1/sqrt(hazard) of the delay; exponential back-off reaches 36 to
54 % of that on the delays people report. The list is the optimum for a blend of four assumed
distributions of the time until a grant works, in seconds after the grant for the documented
60-minute window; a policy with another window scales it.
"""

import zlib
from datetime import datetime, timedelta

_WINDOW = 3600
_LOOKS = (
    85, 155, 235, 320, 405, 495, 590, 690, 795, 910, 1030, 1160, 1295, 1440, 1595, 1755, 1920,
    2085, 2250, 2415, 2575, 2730, 2875, 3010, 3135, 3250, 3355, 3450, 3530, 3600,
)  # fmt: skip
_JITTER = 0.1


def next_look(written_at: datetime, deadline: datetime, now: datetime, seed: str) -> datetime:
    """The next look at a grant written at `written_at`, never after its `deadline`.

    `seed` spreads grants that were written together: each gap moves by at most 10 %, always the
    same way for the same grant, so that a repeated turn computes the same moment.
    """
    scale = (deadline - written_at) / timedelta(seconds=_WINDOW)
    previous = 0.0
    for index, look in enumerate(_LOOKS):
        gap = (look - previous) * (1 - _JITTER * _unit(f"{seed}{index}"))
        at = written_at + timedelta(seconds=(previous + gap) * scale)
        if at > now:
            return min(at, deadline)
        previous = look
    return deadline


def _unit(text: str) -> float:
    return zlib.crc32(text.encode()) / 0xFFFFFFFF
