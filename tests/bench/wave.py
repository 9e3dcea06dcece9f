"""A thousand clusters appear within a minute, made by others, and ARM has its limits.

    makespan = from the first cluster to the last role assignment written / floor
    floor    = (N*G - share*200) / (share*10) s, what our share of ARM's writes allows
    early    = requests sent to ARM before a Retry-After had passed
    live     = the most messages of one cluster that wait on `reconcile` at once

on a clock moved by hand, with ARM's buckets in the emulator; G = 3 grants. An event tells of each
cluster, and so does the timer. Goals: 1.1 times; 0; 12. No turn fails, or there would be no
figure. `wave.greedy` is half as many with a share of 1.5, more than there is, so that ARM refuses:
nothing may come early there either.
"""

from collections import Counter
from datetime import datetime

from shared import queues
from tests.bench import towns
from tests.bench.row import Row, at_most, exactly
from tests.bench.scale_world import GRANTS, POLICY_TEXT, make_table
from tests.bench.session import Session
from tests.flow.town import Town

_CLUSTERS = 1000
_SHARE, _GREEDY = 0.8, 1.5
_KNOBS = {
    "throttled": True,
    "provisioning_seconds": (30, 30),
    "effective_seconds": (60, 60),
    "role_assignment_limit": 10_000,
}
_LONGEST = 60  # minutes
_STEPS = 12  # in which they appear, within a minute
_GOAL, _GOAL_LIVE = 1.1, 12


class WaveTown(Town):
    """Knows the most letters that ever waited for a turn of one cluster."""

    live = 0

    def deliver_due(self) -> None:
        super().deliver_due()
        waiting = Counter(each.text for each in self.post.letters if each.queue == queues.RECONCILE)
        self.live = max(self.live, max(waiting.values(), default=0))


def measure(session: Session) -> list[Row]:
    """Three rows with our share, one with more than there is."""
    town, seconds = _wave(session, _SHARE, _CLUSTERS)
    floor = (_CLUSTERS * GRANTS - _SHARE * 200) / (_SHARE * 10)
    throttled, reads = town.calls(status=429), town.calls("GET") / _CLUSTERS
    greedy, _ = _wave(session, _GREEDY, _CLUSTERS // 2)
    refused = greedy.calls(status=429)
    return [
        at_most(
            "wave.makespan",
            seconds / floor,
            "times",
            1,
            _GOAL,
            f"{seconds:.0f} s of {floor:.0f}, with {reads:.1f} reads a cluster; our share of ARM's "
            f"reads allows {(seconds * _SHARE * 25 + _SHARE * 250) / _CLUSTERS:.1f} in that time",
        ),
        at_most("wave.live", town.live, "messages", 1, _GOAL_LIVE),
        exactly("wave.early", town.azure.throttle.early, "calls", 0, f"{throttled} refused by ARM"),
        exactly(
            "wave.greedy.early",
            greedy.azure.throttle.early,
            "calls",
            0,
            f"{refused} refused by ARM",
        ),
    ]


def _wave(session: Session, share: float, clusters: int) -> tuple[WaveTown, float]:
    """The town after the wave, and how long that took in seconds."""
    kind = type("_WaveTown", (WaveTown,), {"arm_share": share})
    town: WaveTown = kind(session.storage(), POLICY_TEXT, **_KNOBS)
    with towns.installed(town):
        make_table(town)
        begun = town.clock.now()
        for number in range(clusters):
            town.make_cluster(f"c{number}")
            if (number + 1) * _STEPS % clusters < _STEPS:
                town.run(1 / _STEPS)
        town.run_until(lambda: len(town.grants_made()) == clusters * GRANTS, _LONGEST)
        return town, (_last_write(town) - begun).total_seconds()


def _last_write(town: Town) -> datetime:
    written = (
        entry.at
        for entry in town.azure.world.ledger.entries
        if entry.status == 201 and "roleassignments" in entry.path.lower()
    )
    return max(written)
