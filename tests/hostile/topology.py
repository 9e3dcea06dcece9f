"""Clusters with everything that grants are inferred from, well formed."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# In the first two a role may be granted, by the policy of these worlds; the rest are traps.
GROUPS = ("net-main", "shared-registry", "net-main", "shared-registry", "private", "clusters")
SUBNETS = 8
REGISTRIES = 8
GATEWAYS = 8
NETWORKS = 4


@dataclass(frozen=True)
class Place:
    """One managed subscription, and chance."""

    subscription: str
    chance: random.Random

    def id(self, kind: str, *names: str) -> str:
        """The id of a resource in some group: `kind` is its type, one name for each part of it."""
        namespace, *parts = kind.split("/")
        group = self.chance.choice(GROUPS)
        pairs = "".join(f"/{part}/{name}" for part, name in zip(parts, names, strict=True))
        base = f"/subscriptions/{self.subscription}/resourceGroups/{group}"
        return f"{base}/providers/{namespace}{pairs}"

    def network(self, kind: str, *names: str) -> str:
        """The same of Microsoft.Network."""
        return self.id(f"Microsoft.Network/{kind}", *names)

    def subnet(self) -> str:
        """One of the planted subnets."""
        network = f"v{self.chance.randrange(NETWORKS)}"
        return self.network(
            "virtualNetworks/subnets", network, f"s{self.chance.randrange(SUBNETS)}"
        )

    def guid(self) -> str:
        """A principal that no other cluster has."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def identity(self) -> Json:
        """An identity as AKS writes those of add-ons and of the kubelet."""
        return {
            "objectId": self.guid(),
            "clientId": self.guid(),
            "resourceId": self.id("Microsoft.ManagedIdentity/userAssignedIdentities", "own"),
        }


def cluster(place: Place, cluster_id: str) -> Json:
    """A managedCluster's JSON with some of the features below."""
    properties: Json = {
        "provisioningState": place.chance.choice(("Succeeded", "Creating", "Failed")),
        "resourceUID": place.guid(),
        "nodeResourceGroup": "MC_clusters_c_westus2",
        "servicePrincipalProfile": {"clientId": place.chance.choice(("msi", "msi", "MSI"))},
        "identityProfile": {"kubeletidentity": place.identity()},
        "agentPoolProfiles": [_pool(place) for _ in range(place.chance.choice((1, 1, 2)))],
    }
    for feature in place.chance.sample(FEATURES, place.chance.randrange(1, 4)):
        _merge(properties, feature(place))
    return {
        "id": cluster_id,
        "name": cluster_id.rpartition("/")[2],
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": "westus2",
        "tags": {"team": place.chance.choice(("payments", "search"))},
        "sku": {"name": place.chance.choice(("Base", "Automatic")), "tier": "Free"},
        "identity": _control_plane(place),
        "properties": properties,
    }


def _control_plane(place: Place) -> Json:
    if place.chance.random() < 0.7:
        return {"type": "SystemAssigned", "principalId": place.guid(), "tenantId": place.guid()}
    key = place.id("Microsoft.ManagedIdentity/userAssignedIdentities", "cp")
    assigned = {key: {"principalId": place.guid(), "clientId": place.guid()}}
    return {"type": "UserAssigned", "userAssignedIdentities": assigned}


def _pool(place: Place) -> Json:
    pool: Json = {"name": "nodepool1", "mode": "System", "vnetSubnetID": place.subnet()}
    extras = {
        "podSubnetID": place.subnet(),
        "nodePublicIPPrefixID": place.network("publicIPPrefixes", "nodes"),
        "capacityReservationGroupID": place.id("Microsoft.Compute/capacityReservationGroups", "c"),
        "hostGroupID": place.id("Microsoft.Compute/hostGroups", "h"),
    }
    return pool | dict(place.chance.sample(sorted(extras.items()), place.chance.randrange(2)))


def _api_server(place: Place) -> Json:
    zone = place.network("privateDnsZones", "privatelink.westus2.azmk8s.io")
    return {
        "apiServerAccessProfile": {
            "enablePrivateCluster": True,
            "privateDNSZone": place.chance.choice((zone, zone, "system", "none")),
            "subnetId": place.subnet(),
        }
    }


def _hosted_system(place: Place) -> Json:
    profile = {"systemNodeSubnetID": place.subnet(), "nodeSubnetID": place.subnet()}
    return {"hostedSystemProfile": profile}


def _node_provisioning(_: Place) -> Json:
    return {"nodeProvisioningProfile": {"mode": "Auto"}}


def _user_routes(place: Place) -> Json:
    plugin = place.chance.choice(("kubenet", "azure"))
    return {"networkProfile": {"networkPlugin": plugin, "outboundType": "userDefinedRouting"}}


def _load_balancer(place: Place) -> Json:
    addresses = [{"id": place.network("publicIPAddresses", f"ip{n}")} for n in range(2)]
    prefixes = [{"id": place.network("publicIPPrefixes", "out")}]
    return {
        "networkProfile": {
            "loadBalancerProfile": {
                "backendPoolType": place.chance.choice(("nodeIP", "nodeIPConfiguration")),
                "outboundIPs": {"publicIPs": addresses},
                "outboundIPPrefixes": {"publicIPPrefixes": prefixes},
            }
        }
    }


def _nat_gateway(place: Place) -> Json:
    profile = {
        "outboundIPs": {"publicIPs": [place.network("publicIPAddresses", "nat")]},
        "outboundIPPrefixes": {"publicIPPrefixes": [place.network("publicIPPrefixes", "nat")]},
    }
    return {"networkProfile": {"natGatewayProfile": profile}}


def _disk_encryption(place: Place) -> Json:
    return {"diskEncryptionSetID": place.id("Microsoft.Compute/diskEncryptionSets", "des")}


def _key_vault(place: Place) -> Json:
    kms = {
        "enabled": True,
        "keyId": "https://keys.vault.azure.net/keys/etcd/0123",
        "keyVaultNetworkAccess": place.chance.choice(("Private", "Public")),
        "keyVaultResourceId": place.id("Microsoft.KeyVault/vaults", "keys"),
    }
    return {"securityProfile": {"azureKeyVaultKms": kms}}


def _bootstrap(place: Place) -> Json:
    name = f"registry{place.chance.randrange(REGISTRIES)}"
    registry = place.id("Microsoft.ContainerRegistry/registries", name)
    return {"bootstrapProfile": {"containerRegistryId": registry}}


def _gateway(place: Place) -> Json:
    name = f"gw{place.chance.randrange(GATEWAYS)}"
    config = {
        "applicationGatewayId": place.network("applicationGateways", name),
        "subnetId": place.subnet(),
        "subnetCIDR": "10.225.0.0/16",
    }
    kept = dict(place.chance.sample(sorted(config.items()), place.chance.randrange(1, 4)))
    return _addon(place, "ingressApplicationGateway", kept)


def _virtual_nodes(place: Place) -> Json:
    return _addon(place, "aciConnectorLinux", {"SubnetName": "virtual"})


def _monitoring(place: Place) -> Json:
    return _addon(place, place.chance.choice(("omsagent", "omsAgent")), {"useAADAuth": "false"})


def _app_routing(place: Place) -> Json:
    zones = [
        place.network("dnsZones", "example.org"),
        place.network("privateDnsZones", "example.internal"),
    ]
    routing = {"enabled": True, "dnsZoneResourceIds": zones, "identity": place.identity()}
    return {"ingressProfile": {"webAppRouting": routing}}


def _addon(place: Place, key: str, config: Json) -> Json:
    profile = {"enabled": True, "config": config, "identity": place.identity()}
    return {"addonProfiles": {key: profile}}


def _merge(into: Json, more: Json) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


FEATURES: tuple[Callable[[Place], Json], ...] = (
    _api_server, _hosted_system, _node_provisioning, _user_routes, _load_balancer, _nat_gateway,
    _disk_encryption, _key_vault, _bootstrap, _gateway, _virtual_nodes, _monitoring, _app_routing,
)  # fmt: skip
