"""What the demo makes in ARM: a network, a registry, and the cluster somebody else creates."""

from dataclasses import dataclass

from infra.demo.rest import Arm, Json

LOCATION = "westus2"
CLUSTERS_API = "2025-07-01"
_GROUPS_API = "2022-09-01"
_NETWORK_API = "2024-05-01"
_REGISTRY_API = "2023-07-01"

# learn.microsoft.com/azure/role-based-access-control/built-in-roles
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"


@dataclass(frozen=True, slots=True)
class Scene:
    """The ids of what the demo is about."""

    subscription: str

    @property
    def subnet(self) -> str:
        """The subnet both clusters' nodes are in."""
        return f"{self._network}/subnets/nodes"

    @property
    def registry(self) -> str:
        """The registry images come from; infra/demo/policy.yaml names it, too."""
        namespace = "Microsoft.ContainerRegistry/registries"
        return f"{self._group('shared-registry')}/providers/{namespace}/demoregistry"

    @property
    def requested(self) -> str:
        """The cluster asked for by a request."""
        return self._cluster("team-payments", "payments")

    @property
    def foreign(self) -> str:
        """The cluster somebody else creates."""
        return self._cluster("team-research", "research")

    def build(self, arm: Arm) -> None:
        """Make the network and the registry, as a platform team would have done before."""
        for name in ("net-demo", "shared-registry", "team-research"):
            arm.put(self._group(name), _GROUPS_API, {"location": LOCATION})
        subnet: Json = {"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/16"}}
        address_space = {"addressPrefixes": ["10.0.0.0/8"]}
        network = {"addressSpace": address_space, "subnets": [subnet]}
        arm.put(self._network, _NETWORK_API, {"location": LOCATION, "properties": network})
        registry = {"location": LOCATION, "sku": {"name": "Premium"}, "properties": {}}
        arm.put(self.registry, _REGISTRY_API, registry)

    def create_foreign_cluster(self, arm: Arm) -> None:
        """Create a cluster directly in ARM, past any request; it is still being made after."""
        pool = {"name": "pool1", "mode": "System", "count": 2, "vnetSubnetID": self.subnet}
        properties = {"dnsPrefix": "research", "agentPoolProfiles": [pool]}
        identity = {"type": "SystemAssigned"}
        body = {"location": LOCATION, "identity": identity, "properties": properties}
        arm.put(self.foreign, CLUSTERS_API, body)

    def _group(self, name: str) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{name}"

    @property
    def _network(self) -> str:
        return f"{self._group('net-demo')}/providers/Microsoft.Network/virtualNetworks/demo"

    def _cluster(self, group: str, name: str) -> str:
        namespace = "Microsoft.ContainerService/managedClusters"
        return f"{self._group(group)}/providers/{namespace}/{name}"
