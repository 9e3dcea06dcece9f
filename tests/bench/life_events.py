"""Fleets that live through drift, changes, deletion and recreation in rough weather: a quarter of
all messages twice, 40 % of events lost, the app crashing between its writes.

A schedule is what happens to one cluster in an hour; 20 clusters share a town, two identities and
the subnets (`--seeds 500` makes ten thousand). Whatever the weather, no assignment of others may be
touched; and once it is calm, every cluster that is there has what it needs, once, and of what we
made nothing else is left.
"""

from shared.resource_id import covers, parse_scope
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.bench import weather
from tests.bench.fortunes import Fortunes
from tests.bench.row import Row, exactly
from tests.bench.session import Session
from tests.flow.town import POLICY

_CLUSTERS = 20
_HOURS = 1
_CALM_MINUTES = 70  # timer passes, the window and `cleanupAfter`, twice
_POLICY = (
    POLICY.read_bytes()
    + b"""
cleanup: delete
cleanupAfter: PT15M
propagation: { window: PT20M }
"""
)
_KNOBS = {"provisioning_seconds": (5, 200), "effective_seconds": (5, 900)}
Triple = tuple[str, str, str]  # principal, role, scope in lower case


def measure(session: Session) -> list[Row]:
    """How often somebody's assignment was touched, one of ours was missing, doubled or left."""
    touched = missing = needless = written = deleted = 0
    for seed in session.seeds:
        town = weather.WeatherTown(weather.ROUGH, seed, session.storage(), _POLICY, **_KNOBS)
        names = [f"c{number}" for number in range(_CLUSTERS)]
        with weather.installed(town):
            fortunes = Fortunes(town, names, seed)
            fortunes.run(60 * _HOURS)
            town.clear_up()
            town.run(_CALM_MINUTES)
            needed = _needed(town, names)
            held = town.azure.role_assignments.all()
            touched += len(fortunes.touched())
            missing += sum(
                not any(
                    (each.principal_id, each.role_guid) == (holder, role)
                    and covers(each.scope, parse_scope(scope))
                    for each in held
                )
                for holder, role, scope in needed
            )
            ours = [(e.principal_id, e.role_guid, e.scope.lower()) for e in fortunes.ours()]
            needless += len(set(ours) - needed) + len(ours) - len(set(ours))
            written += town.calls("PUT", "roleAssignments", 201)
            deleted += town.calls("DELETE", "roleAssignments", 200)
    note = (
        f"{len(session.seeds) * _CLUSTERS} schedules of {_HOURS} h; {written} assignments made and "
        f"{deleted} deleted by us"
    )
    return [
        exactly("life_events.touched_of_others", touched, "assignments", 0, note),
        exactly("life_events.missing_in_the_end", missing, "grants", 0),
        exactly("life_events.needless_in_the_end", needless, "assignments", 0),
    ]


def _needed(town: weather.WeatherTown, names: list[str]) -> set[Triple]:
    """What the clusters that are there need, as Azure has them."""
    found = set[Triple]()
    for name in names:
        cluster = town.azure.clusters.find(str(town.id_of(name)))
        if cluster is None:
            continue
        holder, kubelet = cluster.control_plane_principal_id, cluster.kubelet_object_id
        found.add((kubelet, ACR_PULL, town.registry.lower()))
        for each in cluster.properties["agentPoolProfiles"]:
            found.add((holder, NETWORK_CONTRIBUTOR, each["vnetSubnetID"].lower()))
    return found
