"""ARM calls for one cluster, from request to Ready, in calm weather.

    writes = 1 + G                 the cluster and its G grants; no more, no fewer
    reads  ≥ 1 + k·P + R + D + S   the cluster once, for its kubelet's identity and its success;
                                   k = consecutiveReads lists for each of P principals with grants;
                                   each of R subnets and registries that say more than the cluster;
                                   the definition of each of D roles, once in a process; without
                                   probes, the deny assignments of each of S subscriptions
    reads_per_look ≤ 2             the cluster and one list, in the turn that has the most for each
                                   list of a principal's assignments; R, D and S, which serve many
                                   looks, are in the note
    probes ≥ 2·T                   in probe mode: start and result of each of T targets

With the flow tests' policy each grant has its own principal, resource, role and target. Clusters
take 4 minutes, permissions 5; the floor would need to know both beforehand.
"""

from tests.bench.arm_calls import told, until_ready
from tests.bench.row import Row, at_most, exactly
from tests.bench.session import Session
from tests.bench.towns import MOST_GRANTS, Verify

_CONSECUTIVE_READS = 3  # the policy's default
_MODES: tuple[Verify, ...] = ("read", "probe")


def measure(session: Session) -> list[Row]:
    """Writes, reads and probes, for each mode and number of grants."""
    return [
        row
        for verify in _MODES
        for grants in range(MOST_GRANTS + 1)
        for row in _rows(session, verify, grants)
    ]


def _rows(session: Session, verify: Verify, grants: int) -> list[Row]:
    calls = until_ready(session, verify, grants)
    name = f"arm_per_cluster.{verify}.g{grants}"
    each = _CONSECUTIVE_READS + 2
    denied = 1 if verify == "read" and grants else 0
    rows = [
        exactly(f"{name}.writes", calls.writes, "calls", 1 + grants, str(calls)),
        Row(f"{name}.reads", calls.reads, "calls", floor=1 + each * grants + denied),
    ]
    if grants:
        least, shared = 1 + 1 / grants, f"besides {told(calls.shared)}"
        figure = f"{name}.reads_per_look"
        rows.append(at_most(figure, calls.reads_per_look, "calls", least, 2, shared))
    if verify == "probe" and grants:
        rows.append(Row(f"{name}.probes", calls.probes, "calls", floor=2 * grants))
    return rows
