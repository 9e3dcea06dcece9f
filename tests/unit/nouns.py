"""Short ways to make the nouns that the unit tests speak of."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from shared import wire
from shared.model import (
    CONTROL_PLANE,
    Cluster,
    ClusterRequest,
    Grant,
    Progress,
    Record,
)
from shared.policy import Policy
from shared.policy_file import parse
from shared.resource_id import ClusterId
from shared.roles import NETWORK_CONTRIBUTOR

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SUB = "11111111-2222-3333-4444-555555555555"
OTHER_SUB = "99999999-2222-3333-4444-555555555555"
PRINCIPAL = "aaaaaaaa-0000-4000-8000-000000000001"
KUBELET_PRINCIPAL = "aaaaaaaa-0000-4000-8000-000000000002"
NET = f"/subscriptions/{SUB}/resourceGroups/net-main/providers/Microsoft.Network"
SUBNET = f"{NET}/virtualNetworks/v/subnets/nodes"
REGISTRY = (
    f"/subscriptions/{SUB}/resourceGroups/shared-registry/providers"
    "/Microsoft.ContainerRegistry/registries/shared"
)
CLUSTER = ClusterId(SUB, "clusters", "c1")

POLICY_TEXT = """
apiVersion: grantkeeper/v1
profiles:
  default:
    parameters:
      nodeCount:
        {path: /properties/agentPoolProfiles/0/count, type: integer, minimum: 1, maximum: 10}
    cluster:
      identity: {type: SystemAssigned}
      properties:
        agentPoolProfiles: [{name: nodepool1, mode: System, count: 3}]
grantable:
  - roles: [Network Contributor, AcrPull, Container Registry Repository Reader]
    scopes: [/subscriptions/*/resourceGroups/net-*, /subscriptions/*/resourceGroups/shared-*]
"""


def at(seconds: float = 0, **more: float) -> datetime:
    """A moment so long after `NOW`."""
    return NOW + timedelta(seconds=seconds, **more)


def policy(text: str = "") -> Policy:
    """The usual policy, with lines added."""
    return parse((POLICY_TEXT + text).encode())


def body(**properties: Any) -> dict[str, Any]:
    """A managedCluster's JSON: finished, with both identities and one pool on the subnet."""
    usual = {
        "provisioningState": "Succeeded",
        "resourceUID": "uid-1",
        "nodeResourceGroup": "MC_clusters_c1_westus2",
        "servicePrincipalProfile": {"clientId": "msi"},
        "identityProfile": {"kubeletidentity": {"objectId": KUBELET_PRINCIPAL}},
        "agentPoolProfiles": [{"name": "nodepool1", "vnetSubnetID": SUBNET}],
    }
    return {
        "id": str(CLUSTER),
        "location": "westus2",
        "identity": {"type": "SystemAssigned", "principalId": PRINCIPAL},
        "properties": {**usual, **properties},
    }


def cluster(properties: dict[str, Any] | None = None, **changes: Any) -> Cluster:
    """The cluster of `body`, with properties of the JSON and fields of the noun changed."""
    return replace(wire.cluster(msgspec.json.encode(body(**properties or {}))), **changes)


def grant(**changes: Any) -> Grant:
    """Network Contributor of the control plane on the subnet."""
    usual = Grant(CONTROL_PLANE, PRINCIPAL, NETWORK_CONTRIBUTOR, SUBNET, "node subnet")
    return replace(usual, **changes)


def progress(**changes: Any) -> Progress:
    """The usual grant, so far not written."""
    return replace(Progress(grant()), **changes)


def request(**changes: Any) -> ClusterRequest:
    """An accepted request for the usual cluster."""
    usual = ClusterRequest("r-1", str(CLUSTER), "default", "westus2", "digest")
    return replace(usual, **changes)


def record(**changes: Any) -> Record:
    """The usual cluster's record, empty."""
    return replace(Record(str(CLUSTER)), **changes)
