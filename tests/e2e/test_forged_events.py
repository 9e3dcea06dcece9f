"""The webhook believes nothing: an event can at most wake a managed cluster."""

from typing import Any

import pytest

from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e

FOREIGN = "11111111-2222-3333-4444-555555555555"
CLUSTERS = "providers/Microsoft.ContainerService/managedClusters"


def event(subject: object) -> dict[str, Any]:
    return {
        "id": "forged",
        "topic": "/subscriptions/forged",
        "subject": subject,
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "eventTime": "2026-01-01T00:00:00Z",
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": {"operationName": "Microsoft.ContainerService/managedClusters/write"},
    }


def test_forged_events_reach_nothing_in_azure_and_no_record(deployment: Deployment) -> None:
    groups = f"{deployment.azure.root}/resourceGroups"
    subjects = [
        f"/subscriptions/{FOREIGN}/resourceGroups/g/{CLUSTERS}/forged",
        f"{groups}/../{CLUSTERS}/forged",
        f"{groups}/%2e%2e/{CLUSTERS}/forged",
        f"{groups}/g/{CLUSTERS}/..",
        f"{groups}/g/{CLUSTERS}/%2e%2e",
        f"{groups}/g/{CLUSTERS}/forged/../../../../..",
        f"{groups}/g/{CLUSTERS}/forged#",
        f"{groups}/g/{CLUSTERS}/forged?api-version=1",
        f"{groups}/g/{CLUSTERS}/forged\n",
        f"{groups}/g/{CLUSTERS}/forged/agentPools/../..",
        f"{groups}/g/providers/Microsoft.Network/virtualNetworks/forged",
        f"https://forged.example{groups}/g/{CLUSTERS}/forged",
        "/",
        "",
        5,
        [f"{groups}/g/{CLUSTERS}/forged"],
        None,
    ]
    requests, records = len(deployment.azure.app_requests()), deployment.records()
    deployment.notify([event(subject) for subject in subjects])
    # What an event sets off is in the queue before this one is.
    deployment.notify([event(deployment.azure.id_of("true"))])
    until(lambda: deployment.azure.app_requests("/true"))
    until(deployment.calm)
    (only,) = deployment.azure.app_requests()[requests:]
    assert (only["method"], only["path"]) == ("GET", deployment.azure.id_of("true"))
    assert deployment.records() == records
