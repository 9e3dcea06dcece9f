"""What the demo makes in ARM: networks, a registry, and the cluster somebody else creates."""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.demo.rest import Arm, Json

LOCATION = "westus2"
CLUSTERS_API = "2025-07-01"
_GROUPS_API = "2022-09-01"
_NETWORK_API = "2024-05-01"
_REGISTRY_API = "2025-11-01"
_DISKS_API = "2023-10-02"
_ZONES_API = "2018-05-01"

# learn.microsoft.com/azure/role-based-access-control/built-in-roles
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
DNS_ZONE_CONTRIBUTOR = "befefa01-2a29-4197-83a8-272ff33ce314"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


@dataclass(frozen=True, slots=True)
class Scene:
    """The ids of what the demo is about."""

    subscription: str

    def subnet(self, name: str = "nodes") -> str:
        """A subnet: both clusters have `nodes`; `more` and `pods` are for the foreign one."""
        return f"{self._network('virtualNetworks/demo')}/subnets/{name}"

    @property
    def security_group(self) -> str:
        """The network security group of the subnet `more`; no cluster's JSON names it."""
        return self._network("networkSecurityGroups/more")

    @property
    def address(self) -> str:
        """The public IP by which the foreign cluster leaves Azure."""
        return self._network("publicIPAddresses/way-out")

    @property
    def zone(self) -> str:
        """The DNS zone in which the foreign cluster's apps are entered."""
        return self._network("dnsZones/demo.example")

    @property
    def disk_encryption(self) -> str:
        """What encrypts the foreign cluster's disks; policy allows no role there."""
        group = self._group("secure-keys")
        return f"{group}/providers/Microsoft.Compute/diskEncryptionSets/disks"

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
        """Make networks, registry and keys, as a platform team would have done before."""
        for name in ("net-demo", "shared-registry", "secure-keys", "team-research"):
            arm.put(self._group(name), _GROUPS_API, {"location": LOCATION})
        somewhere: Json = {"location": LOCATION, "properties": {}}
        arm.put(self.security_group, _NETWORK_API, somewhere)
        arm.put(self.address, _NETWORK_API, {**somewhere, "sku": {"name": "Standard"}})
        network = {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
            "subnets": [
                _subnet("nodes", 1),
                _subnet("more", 2, networkSecurityGroup={"id": self.security_group}),
                _subnet("pods", 3),
            ],
        }
        body = {"location": LOCATION, "properties": network}
        arm.put(self._network("virtualNetworks/demo"), _NETWORK_API, body)
        arm.put(self.registry, _REGISTRY_API, {**somewhere, "sku": {"name": "Premium"}})
        arm.put(self.zone, _ZONES_API, {"location": "global", "properties": {}})
        arm.put(self.disk_encryption, _DISKS_API, somewhere)

    def create_foreign_cluster(self, arm: Arm) -> None:
        """Create a cluster directly in ARM, past any request; it is still being made after."""
        addresses = {"publicIPs": [{"id": self.address}]}
        routing = {"enabled": True, "dnsZoneResourceIds": [self.zone]}
        properties = {
            "dnsPrefix": "research",
            "agentPoolProfiles": [
                {"name": "pool1", "mode": "System", "count": 2, "vnetSubnetID": self.subnet()},
                {
                    "name": "pool2",
                    "mode": "User",
                    "count": 1,
                    "vnetSubnetID": self.subnet("more"),
                    "podSubnetID": self.subnet("pods"),
                },
            ],
            "networkProfile": {
                "networkPlugin": "azure",
                "loadBalancerSku": "standard",
                "loadBalancerProfile": {"outboundIPs": addresses},
            },
            "ingressProfile": {"webAppRouting": routing},
            "diskEncryptionSetID": self.disk_encryption,
        }
        identity = {"type": "SystemAssigned"}
        body = {"location": LOCATION, "identity": identity, "properties": properties}
        arm.put(self.foreign, CLUSTERS_API, body)

    def needs(self, cluster: Json) -> Iterator[tuple[str, str, str]]:
        """The roles a cluster (ARM's document) needs: principal, role GUID, scope."""
        properties = cluster["properties"]
        control_plane = cluster["identity"]["principalId"]
        kubelet = properties.get("identityProfile", {}).get("kubeletidentity", {})
        yield control_plane, NETWORK_CONTRIBUTOR, self.subnet()
        yield kubelet.get("objectId", "no kubelet identity yet"), ACR_PULL, self.registry
        if cluster["id"].lower() == self.foreign.lower():
            routing = properties["ingressProfile"]["webAppRouting"].get("identity", {})
            subnets = (self.subnet("more"), self.subnet("pods"))
            for scope in (*subnets, self.security_group, self.address):
                yield control_plane, NETWORK_CONTRIBUTOR, scope
            yield routing.get("objectId", "no identity yet"), DNS_ZONE_CONTRIBUTOR, self.zone
            yield control_plane, READER, self.disk_encryption

    def _group(self, name: str) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{name}"

    def _network(self, name: str) -> str:
        return f"{self._group('net-demo')}/providers/Microsoft.Network/{name}"

    def _cluster(self, group: str, name: str) -> str:
        namespace = "Microsoft.ContainerService/managedClusters"
        return f"{self._group(group)}/providers/{namespace}/{name}"


def _subnet(name: str, number: int, **properties: Json) -> Json:
    return {"name": name, "properties": {"addressPrefix": f"10.{number}.0.0/16", **properties}}
