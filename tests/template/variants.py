"""The template as it is deployed: with as little as it takes, with all it has, and in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.template.deployed import Deployed, Resource
from tests.template.deployment import deploy

ROOT = Path(__file__).resolve().parents[2]
HERE = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
HUB = "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/hub"
APP_GROUP = "rg-dev"
GROUP = f"/subscriptions/{HERE}/resourceGroups"
REGISTRY = f"{GROUP}/shared-1/providers/Microsoft.ContainerRegistry/registries/images"

_LEAST = {"environmentName": "dev", "location": "westus2", "managedSubscriptions": [HERE]}
_USUAL = {
    **_LEAST,
    "managedSubscriptions": [HERE, OTHER],
    "clusterGroups": [f"{GROUP}/clusters"],
    "grantableScopes": [f"{GROUP}/net-1", REGISTRY, HUB],
    "profileLinks": [f"{GROUP}/net-1/providers/Microsoft.Network/virtualNetworks/a/subnets/b"],
    "alertEmail": "operator@example.com",
    "lifecycleTopic": True,
}
_ALL = {
    **_USUAL,
    "createResourceGroups": True,
    "grantAnywhereManaged": True,
    "probes": True,
    "storageNetworkAccess": "Disabled",
    "subnetId": f"{GROUP}/net-1/providers/Microsoft.Network/virtualNetworks/a/subnets/app",
    "endpointSubnetId": f"{GROUP}/net-2/providers/Microsoft.Network/virtualNetworks/b/subnets/ways",
}
VARIANTS: dict[str, dict[str, Any]] = {
    "least": _LEAST,
    "usual": _USUAL,
    "groups": _USUAL,
    "all": _ALL,
}
# Of the second layer, besides what the first one tells it.
_EVENTS: dict[str, dict[str, Any]] = {
    "groups": {
        "eventGroups": [
            f"{GROUP}/clusters",
            f"{GROUP}/more-clusters",
            f"/subscriptions/{OTHER}/resourceGroups/clusters",
            f"/subscriptions/{OTHER}/resourceGroups/more-clusters",
        ]
    },
    "all": {
        "existingTopics": [
            f"/subscriptions/{OTHER}/resourceGroups/rg-topics"
            "/providers/Microsoft.EventGrid/systemTopics/theirs"
        ],
        "eventDelivery": "queue",
    },
}


@dataclass(frozen=True, slots=True)
class Variant:
    """Both layers, with these parameters of the first, the way that events come by the second, the
    ids of what they are of, and the policy that lies beside them."""

    name: str
    parameters: dict[str, Any]
    app: Deployed
    events: Deployed
    delivery: str
    sources: set[str]
    policy: Path

    def of(self, kind: str) -> list[Resource]:
        """The resources of a type."""
        whole = [*self.app.resources, *self.events.resources]
        return [each for each in whole if each.type == kind]


def variants(infra: Path) -> Iterator[Variant]:
    """Each of them. Raises `Fault`."""
    for name, parameters in VARIANTS.items():
        app = deploy(infra / "main.bicep", parameters, HERE, APP_GROUP)
        told = {
            "environmentName": "dev",
            "location": "westus2",
            "functionAppId": app.outputs["GRANTKEEPER_FUNCTION_APP_ID"],
            "workAccountId": app.outputs["GRANTKEEPER_WORK_ACCOUNT_ID"],
            "managedSubscriptions": app.outputs["GRANTKEEPER_MANAGED_SUBSCRIPTIONS"],
            "alertGroupId": app.outputs["GRANTKEEPER_ALERT_GROUP_ID"],
        }
        told |= _EVENTS.get(name, {})
        events = deploy(infra / "events.bicep", told, HERE, APP_GROUP)
        managed = [f"/subscriptions/{each}" for each in parameters["managedSubscriptions"]]
        yield Variant(
            name,
            parameters,
            app,
            events,
            told.get("eventDelivery", "function"),
            set(told.get("eventGroups", managed)),
            infra.parent / "policy.yaml",
        )
