"""When the making of a cluster is told."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.containerservice import ContainerServiceClient

from infra.emulator import EmulatorTransport
from infra.emulator.knobs import Knobs
from tests.emulator_access.conftest import Site, make_site

BODY: Any = {
    "location": "westus2",
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "dnsPrefix": "c1",
        "agentPoolProfiles": [
            {"name": "pool", "count": 1, "vmSize": "Standard_D2s_v5", "mode": "System"}
        ],
    },
}


def cluster_writes(site: Site) -> list[str]:
    """The types of the events about writes of clusters, since the last look."""
    return [
        event["eventType"].rpartition(".")[2]
        for event in site.emulator.event_grid.take()
        if event["data"]["operationName"] == "Microsoft.ContainerService/managedClusters/write"
    ]


@pytest.mark.parametrize("at_acceptance", [False, True])
def test_a_cluster_is_told_at_its_terminal_state_and_by_a_knob_when_accepted(
    at_acceptance: bool,
) -> None:
    site = make_site(Knobs(provisioning_seconds=(60.0, 60.0), events_at_acceptance=at_acceptance))
    emulator = site.emulator
    client = ContainerServiceClient(
        emulator.credential(emulator.operator),
        emulator.subscription_id,
        transport=EmulatorTransport(emulator),
    )
    client.managed_clusters.begin_create_or_update("shared", "c1", BODY, polling=False)
    assert cluster_writes(site) == (["ResourceWriteSuccess"] if at_acceptance else [])
    emulator.advance(60)
    assert cluster_writes(site) == ["ResourceWriteSuccess"]
    emulator.close()
