"""Clusters that use other resources of the operator's, by themselves or by their add-ons."""

from collections.abc import Callable
from typing import Any

from shared import roles
from shared.model import ADDON, CONTROL_PLANE, KUBELET
from tests.flow.ground import (
    assign,
    group_of,
    network_of,
    put,
    put_identity,
    put_registry,
    put_subnet,
    user_assigned,
)
from tests.flow.topologies import Topology, body, net, pool
from tests.flow.town import Town

AGIC = f"{ADDON}ingressapplicationgateway"
CSI = f"{ADDON}azurekeyvaultsecretsprovider"
MONITORING = f"{ADDON}omsagent"
ROUTING = f"{ADDON}webapprouting"
VIRTUAL_NODES = f"{ADDON}aciconnectorlinux"
SECRETS_USER = roles.BUILT_IN_ROLES["Key Vault Secrets User"]


def own_kubelet_identity(town: Town) -> Topology:
    """The control plane needs it before the cluster is made; it pulls images like any other."""
    identity, principal = put_identity(town)
    kubelet, _ = put_identity(town, "kubelet")
    assign(town, principal, roles.MANAGED_IDENTITY_OPERATOR, kubelet)
    cluster = body(
        user_assigned(identity), identityProfile={"kubeletidentity": {"resourceId": kubelet}}
    )
    return Topology(
        {**cluster, "tags": {"images": "shared"}},
        {(KUBELET, roles.ACR_PULL, town.registry)},
        {(CONTROL_PLANE, roles.MANAGED_IDENTITY_OPERATOR, kubelet): ""},
    )


def disk_encryption_set(town: Town) -> Topology:
    disks = put(town, "Microsoft.Compute/diskEncryptionSets", "disks", "shared-keys")
    return Topology(body(diskEncryptionSetID=disks), {(CONTROL_PLANE, roles.READER, disks)})


def key_management(town: Town) -> Topology:
    """Of etcd, by the key of a private vault."""
    vault = put(town, "Microsoft.KeyVault/vaults", "etcd", "shared-keys")
    kms = {
        "enabled": True,
        "keyId": "https://etcd.vault.azure.net/keys/etcd/1",
        "keyVaultNetworkAccess": "Private",
        "keyVaultResourceId": vault,
    }
    needed = (roles.KEY_VAULT_CRYPTO_USER, roles.KEY_VAULT_CONTRIBUTOR)
    cluster = body(securityProfile={"azureKeyVaultKms": kms})
    return Topology(cluster, {(CONTROL_PLANE, role, vault) for role in needed})


def bootstrap_registry(town: Town) -> Topology:
    registry = put_registry(town, "system")
    return Topology(_bootstrapped(registry), {(KUBELET, roles.ACR_PULL, registry)})


def bootstrap_registry_in_abac_mode(town: Town) -> Topology:
    registry = put_registry(town, "system", "AbacRepositoryPermissions")
    return Topology(_bootstrapped(registry), {(KUBELET, roles.REPOSITORY_READER, registry)})


def declared_registry(town: Town) -> Topology:
    cluster = {**body(), "tags": {"images": "shared"}}
    return Topology(cluster, {(KUBELET, roles.ACR_PULL, town.registry)})


def declared_registry_in_abac_mode(town: Town) -> Topology:
    put_registry(town, "shared", "AbacRepositoryPermissions")
    cluster = {**body(), "tags": {"images": "shared"}}
    return Topology(cluster, {(KUBELET, roles.REPOSITORY_READER, town.registry)})


def existing_gateway(town: Town) -> Topology:
    """It names the subnet it is in."""
    subnet = put_subnet(town, "gateway")
    inside = {"name": "in", "properties": {"subnet": {"id": subnet}}}
    gateway = put(
        town,
        "Microsoft.Network/applicationGateways",
        "front",
        "net-gateways",
        properties={"gatewayIPConfigurations": [inside]},
    )
    addon = {"enabled": True, "config": {"applicationGatewayId": gateway}}
    return Topology(
        body(addonProfiles={"IngressApplicationGateway": addon}),
        net(gateway, subnet, identity=AGIC)
        | {(AGIC, roles.READER, group_of(town, "net-gateways"))},
    )


def new_gateway(town: Town) -> Topology:
    subnet = put_subnet(town, "gateway")
    addon = {"enabled": True, "config": {"subnetId": subnet}}
    cluster = body(addonProfiles={"ingressApplicationGateway": addon})
    return Topology(cluster, net(subnet, identity=AGIC))


def new_gateway_with_a_new_subnet(town: Town) -> Topology:
    addon = {"enabled": True, "config": {"subnetCIDR": "10.7.0.0/16"}}
    cluster = body(
        addonProfiles={"ingressApplicationGateway": addon}, agentPoolProfiles=[pool(town.subnet)]
    )
    return Topology(cluster, net(town.subnet) | net(network_of(town.subnet), identity=AGIC))


def app_routing(town: Town) -> Topology:
    public = put(town, "Microsoft.Network/dnsZones", "example.com", "net-zones")
    private = put(town, "Microsoft.Network/privateDnsZones", "example.internal", "net-zones")
    routing = {"enabled": True, "dnsZoneResourceIds": [public, private]}
    return Topology(
        body(ingressProfile={"webAppRouting": routing}),
        {
            (ROUTING, roles.DNS_ZONE_CONTRIBUTOR, public),
            (ROUTING, roles.PRIVATE_DNS_ZONE_CONTRIBUTOR, private),
        },
    )


def virtual_nodes(town: Town) -> Topology:
    subnet = put_subnet(town, "virtual")
    addon = {"enabled": True, "config": {"SubnetName": "virtual"}}
    cluster = body(
        addonProfiles={"aciConnectorLinux": addon}, agentPoolProfiles=[pool(town.subnet)]
    )
    return Topology(cluster, net(town.subnet) | net(subnet, identity=VIRTUAL_NODES))


def secrets_provider(town: Town) -> Topology:
    """What its identity may read is declared."""
    vault = put(town, "Microsoft.KeyVault/vaults", "team", "shared-keys")
    cluster = body(addonProfiles={"azureKeyvaultSecretsProvider": {"enabled": True}})
    return Topology(cluster, {(CSI, SECRETS_USER, vault)})


def legacy_monitoring(town: Town) -> Topology:
    """The cluster itself is the scope."""
    cluster = body(addonProfiles={"OmsAgent": {"enabled": True, "config": {"useAADAuth": "false"}}})
    return Topology(cluster, {(MONITORING, roles.MONITORING_METRICS_PUBLISHER, str(town.id_of()))})


def _bootstrapped(registry: str) -> dict[str, Any]:
    profile = {"artifactSource": "Cache", "containerRegistryId": registry}
    return body(bootstrapProfile=profile, networkProfile={"outboundType": "none"})


ALL: tuple[Callable[[Town], Topology], ...] = (
    own_kubelet_identity,
    disk_encryption_set,
    key_management,
    bootstrap_registry,
    bootstrap_registry_in_abac_mode,
    declared_registry,
    declared_registry_in_abac_mode,
    existing_gateway,
    new_gateway,
    new_gateway_with_a_new_subnet,
    app_routing,
    virtual_nodes,
    secrets_provider,
    legacy_monitoring,
)
