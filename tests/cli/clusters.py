"""Clusters' JSON, as people have it in files, and what `explain` says of a cluster."""

import json
from pathlib import Path
from typing import Any

from tests.cli.records import SUBSCRIPTION, cluster_id
from tests.typed import Type

PRINCIPAL = "aaaaaaaa-0000-4000-8000-000000000001"
KUBELET = "aaaaaaaa-0000-4000-8000-000000000002"
ADDON = "aaaaaaaa-0000-4000-8000-000000000003"
GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
NET = f"{GROUPS}/net-a/providers/Microsoft.Network"
NODES, PODS = (f"{NET}/virtualNetworks/v/subnets/{name}" for name in ("nodes", "pods"))
ELSEWHERE = f"{GROUPS}/other/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes"
REGISTRY = f"{GROUPS}/net-a/providers/Microsoft.ContainerRegistry/registries/images"
ALL_ROLES = """
      - AcrPull
      - DNS Zone Contributor
      - Managed Identity Operator
      - Network Contributor
      - Private DNS Zone Contributor
      - Reader"""

TOPOLOGIES: dict[str, dict[str, Any]] = {
    "subnets": {
        "agentPoolProfiles": [
            {"name": "a", "vnetSubnetID": NODES, "podSubnetID": PODS},
            {"name": "b", "vnetSubnetID": ELSEWHERE},
        ]
    },
    "outbound": {
        "networkProfile": {
            "loadBalancerProfile": {
                "outboundIPs": {"publicIPs": [{"id": f"{NET}/publicIPAddresses/out"}]},
                "outboundIPPrefixes": {"publicIPPrefixes": [{"id": f"{NET}/publicIPPrefixes/p"}]},
            }
        },
        "agentPoolProfiles": [{"nodePublicIPPrefixID": f"{NET}/publicIPPrefixes/nodes"}],
    },
    "private": {
        "agentPoolProfiles": [{"name": "a", "vnetSubnetID": NODES}],
        "apiServerAccessProfile": {
            "enablePrivateCluster": True,
            "privateDNSZone": f"{NET}/privateDnsZones/privatelink.westus2.azmk8s.io",
        },
        "diskEncryptionSetID": f"{GROUPS}/net-a/providers/Microsoft.Compute/diskEncryptionSets/d",
    },
    "app routing": {
        "ingressProfile": {
            "webAppRouting": {
                "enabled": True,
                "dnsZoneResourceIds": [f"{NET}/dnsZones/example.org"],
                "identity": {"objectId": ADDON},
            }
        },
        "bootstrapProfile": {"containerRegistryId": REGISTRY},
    },
}


def in_arm(**properties: Any) -> dict[str, Any]:
    """A cluster as ARM has it."""
    return {
        "id": cluster_id("c1"),
        "name": "c1",
        "location": "westus2",
        "identity": {"type": "SystemAssigned", "principalId": PRINCIPAL},
        "properties": {
            "provisioningState": "Succeeded",
            "nodeResourceGroup": "MC_team_c1",
            "servicePrincipalProfile": {"clientId": "msi"},
            "identityProfile": {"kubeletidentity": {"objectId": KUBELET}},
            **properties,
        },
    }


def written(place: Path, body: Any) -> str:
    file = place / "cluster.json"
    file.write_text(json.dumps(body))
    return str(file)


def explained(typed: Type, cluster: str, *more: str) -> Any:
    """What `explain --json` says, with its exit code."""
    answer = typed("explain", "--json", "--cluster", cluster, *more)
    assert answer.err == ""
    return json.loads(answer.out) | {"code": answer.code}
