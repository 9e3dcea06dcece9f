"""Clusters that were called effective by a probe before the emulator would let them act.

Probe mode; permissions spread over seconds to hours by a long-tailed draw, and every fifth command
in a cluster is cut off. Clusters share a town of 20; `--seeds 50` makes a thousand of them.
"""

from tests.bench.row import Row, exactly
from tests.bench.session import Session
from tests.bench.towns import MOST_GRANTS, installed, policy_text
from tests.flow.town import Town

_CLUSTERS = 20
_MINUTES = 70
_KNOBS = {
    "effective_seconds": (5, 3000),
    "effective_distribution": "lognormal",
    "run_command_cut_probability": 0.2,
}


def measure(session: Session) -> list[Row]:
    """False words of probes, and objects that they left."""
    early = left = proven = 0
    for seed in session.seeds:
        town = Town(session.storage(), policy_text("probe", MOST_GRANTS), seed=seed, **_KNOBS)
        with installed(town):
            for number in range(_CLUSTERS):
                town.make_cluster(f"c{number}")
            town.run(_MINUTES)
            found, wrong = _judged(town)
            proven, early, left = proven + found, early + wrong, left + _left(town)
    note = f"{proven} grants proven, {len(session.seeds) * _CLUSTERS} clusters"
    return [
        exactly("false_ready.grants", early, "grants", 0, note),
        exactly("false_ready.left_behind", left, "objects", 0),
    ]


def _judged(town: Town) -> tuple[int, int]:
    """How many grants probes called effective, and how many of them too early."""
    found = wrong = 0
    for number in range(_CLUSTERS):
        for grant in town.record(f"c{number}").grants:
            if grant.evidence != "Probe" or grant.effective_at is None:
                continue
            found += 1
            made = town.azure.role_assignments.named(grant.assignment_id.rpartition("/")[2])
            works_at = made.effective_at if made else None
            wrong += works_at is None or grant.effective_at < works_at
    return found, wrong


def _left(town: Town) -> int:
    """Objects of probes in the clusters, when none can be under way any more."""
    town.azure.advance(600)
    clusters = [town.cluster(f"c{number}") for number in range(_CLUSTERS)]
    return sum(len(town.azure.run_command.objects(cluster).all()) for cluster in clusters)
