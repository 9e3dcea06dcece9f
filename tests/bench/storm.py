"""Ten thousand duplicates of events about a hundred clusters that are well, all at one moment.

    reads = requests to ARM until nothing waits any more / clusters
    live  = the most messages of one cluster that wait at once when all events were delivered

on a clock moved by hand. Floor of `reads`: 1. What is told while our share of ARM's limits is used
up becomes one turn that is planned for each cluster, and the other messages end there.
"""

from unittest.mock import patch

from shared import wiring
from tests.bench.row import Row, at_most
from tests.bench.scale_world import POLICY_TEXT, fill
from tests.bench.session import Session
from tests.bench.wave import WaveTown

_CLUSTERS, _COPIES = 100, 100
_GOAL_READS, _GOAL_LIVE = 5, 12
_EVENT = {
    "topic": "",
    "eventType": "Microsoft.Resources.ResourceWriteSuccess",
    "eventTime": "2026-01-01T00:00:00Z",
    "dataVersion": "2",
    "metadataVersion": "1",
}


def measure(session: Session) -> list[Row]:
    """Two rows."""
    town = WaveTown(session.storage(), POLICY_TEXT)
    fill(town, _CLUSTERS)
    town.change_policy(POLICY_TEXT)  # deployed again, for its connections were closed
    ids = [each.id for each in town.azure.clusters.all()]
    with patch.object(wiring, "application", lambda: town.app):
        town.azure.world.ledger.clear()
        for number in range(_COPIES):
            for cluster in ids:
                operation = {"operationName": "Microsoft.ContainerService/managedClusters/write"}
                town.deliver_event(
                    _EVENT | {"id": str(number), "subject": cluster, "data": operation}
                )
        town.deliver_due()
        town.run_until(lambda: not town.post.letters, timer=False)
    town.close()
    reads = town.calls("GET") / _CLUSTERS
    return [
        at_most("storm.reads", reads, "calls", 1, _GOAL_READS, f"{_COPIES} events a cluster"),
        at_most("storm.live", town.live, "messages", 1, _GOAL_LIVE),
    ]
