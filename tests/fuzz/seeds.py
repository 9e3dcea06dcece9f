"""The inputs to begin with, well formed: what is made of them is the fuzzer's affair."""

import base64
import json
import random

from tests.fuzz.targets import ENDPOINT, POLICY_TEXT, SUBSCRIPTION
from tests.hostile.mutation import Spoiler
from tests.hostile.texts import OWNER
from tests.hostile.topology import Place, cluster

_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/net-main"
_SUBNET = f"{_GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/nodes"
_CLUSTER = f"{_GROUP}/providers/Microsoft.ContainerService/managedClusters/c1"
_ASSIGNMENT = f"{_SUBNET}/providers/Microsoft.Authorization/roleAssignments/{SUBSCRIPTION}"
_ANY = "/subscriptions/*/resourceGroups"
_REQUEST = {
    "apiVersion": "grantkeeper/v1",
    "requestId": "r-1",
    "profile": "default",
    "resourceGroup": "clusters",
    "name": "c1",
    "location": "westus2",
    "subscriptionId": SUBSCRIPTION,
    "parameters": {"nodeCount": 3, "subnet": _SUBNET},
    "tags": {"team": "payments"},
}
_LETTER = [
    {
        "id": "1",
        "subject": f"{_CLUSTER}/agentPools/np",
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "data": {"claims": {"name": "Somebody"}},
        "deadLetterReason": "MaxDeliveryAttemptsExceeded",
    },
    {"specversion": "1.0", "subject": _CLUSTER, "type": "x", "deadletterreason": "y"},
]
_FACTS = {
    "properties": {
        "loginServer": "r.azurecr.io",
        "roleAssignmentMode": "AbacRepositoryPermissions",
        "gatewayIPConfigurations": [{"properties": {"subnet": {"id": _SUBNET}}}],
        "dhcpOptions": {"dnsServers": ["10.0.0.4"]},
        "networkSecurityGroup": {"id": _GROUP},
        "routeTable": {"id": _GROUP},
    }
}


def spoiler(chance: random.Random) -> Spoiler:
    """Spoils documents of the subscription that the targets manage."""
    return Spoiler(SUBSCRIPTION, (SUBSCRIPTION, OWNER), chance)


def seeds() -> dict[str, list[bytes]]:
    """Inputs by the target they are for."""
    place = Place(SUBSCRIPTION, random.Random(0))  # noqa: S311 - reproducible, nothing secret
    ids = (_GROUP, _SUBNET, _CLUSTER)
    texts = {
        "scope": ids,
        "pattern": [f"{glob}\n{_SUBNET}" for glob in (f"{_ANY}/net-*", f"{_ANY}/*", _SUBNET)],
        "wake": [_CLUSTER, f"Microsoft.Resources.ResourceWriteSuccess\n{_CLUSTER}/agentPools/np"],
        "request": [json.dumps(_REQUEST)],
        "letter": [json.dumps(_LETTER), *map(json.dumps, _LETTER), _base64(json.dumps(_LETTER[0]))],
        "cluster": [json.dumps(cluster(place, _CLUSTER)) for _ in range(40)],
        "facts": [json.dumps(_FACTS)],
        "egress": [
            f"GET\n{ENDPOINT}{_CLUSTER}?api-version=2026-08-01",
            f"PUT\n{_ASSIGNMENT}",
            f"POST\n{_CLUSTER}/runCommand",
        ],
    }
    found = {name: [text.encode() for text in each] for name, each in texts.items()}
    return {**found, "policy": [POLICY_TEXT]}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
