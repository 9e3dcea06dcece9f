"""Each rule, from the cluster's JSON to the grant: whose, which role, where, why, from where."""

from typing import Any

import pytest
from msgspec import Struct

from shared.grants import RULES
from shared.model import Grant
from tests.unit.nouns import CLUSTER, KUBELET_PRINCIPAL, NET, PRINCIPAL, REGISTRY, policy
from tests.unit.topologies import (
    ADDON_PRINCIPAL,
    BATCH,
    EVERYWHERE,
    GATEWAY,
    GATEWAY_SUBNET,
    HUB,
    HUB_NODES,
    NODE_GROUP,
    NODES,
    PODS,
    SHARED,
    VAULT,
    VNET,
    ZONE,
    Facts,
    addon,
    needs,
    pool,
    pools,
    routing,
)

# Written out: a role's GUID is the same for ever, and no test is to believe the product's table.
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
PRIVATE_DNS_ZONE_CONTRIBUTOR = "b12aa53e-6015-4669-85d0-8515ebb3ae7f"
DNS_ZONE_CONTRIBUTOR = "befefa01-2a29-4197-83a8-272ff33ce314"
MANAGED_IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
KEY_VAULT_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
KEY_VAULT_CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
MONITORING_METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"

CONTROL_PLANE = ("controlPlane", PRINCIPAL)
KUBELET = ("kubelet", KUBELET_PRINCIPAL)
GATEWAY_ADDON = ("addon:ingressapplicationgateway", ADDON_PRINCIPAL)
ROUTING = ("addon:webapprouting", ADDON_PRINCIPAL)

SET = f"{SHARED}/providers/Microsoft.Compute/diskEncryptionSets/des"
OWN_KUBELET = f"{SHARED}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kubelet"
RESERVATION = f"{SHARED}/providers/Microsoft.Compute/capacityReservationGroups/crg"
HOSTS = f"{SHARED}/providers/Microsoft.Compute/hostGroups/hosts"
PUBLIC_ZONE = f"{NET}/dnsZones/example.org"
PRIVATE_ZONE = f"{NET}/privateDnsZones/example.internal"
ROUTES, FIREWALL = f"{NET}/routeTables/rt", f"{NET}/networkSecurityGroups/nsg"
PREFIX, BALANCER_PREFIX, NAT_PREFIX = (
    f"{NET}/publicIPPrefixes/{name}" for name in ("nodes", "balancer", "nat")
)
BALANCER_IP, NAT_IP = f"{NET}/publicIPAddresses/balancer", f"{NET}/publicIPAddresses/nat"

OUTBOUND = {
    "networkProfile": {
        "loadBalancerProfile": {
            "outboundIPs": {"publicIPs": [{"id": BALANCER_IP}]},
            "outboundIPPrefixes": {"publicIPPrefixes": [{"id": BALANCER_PREFIX}]},
        },
        "natGatewayProfile": {
            "outboundIPs": {"publicIPs": [NAT_IP]},
            "outboundIPPrefixes": {"publicIPPrefixes": [NAT_PREFIX]},
        },
    }
}
KMS = {
    "securityProfile": {
        "azureKeyVaultKms": {
            "enabled": True,
            "keyId": "https://keys.vault.azure.net/keys/etcd/1",
            "keyVaultResourceId": VAULT,
            "keyVaultNetworkAccess": "Private",
        }
    }
}
KMS_VAULT = "properties.securityProfile.azureKeyVaultKms.keyVaultResourceId"
NETWORK, FIRST_POOL = "properties.networkProfile", "properties.agentPoolProfiles[0]"
INGRESS = "properties.addonProfiles.ingressApplicationGateway.config"


class Row(Struct, frozen=True):
    """A rule; whose grant it is, of which role, why; a cluster that needs it; scopes, sources."""

    rule: str
    who: tuple[str, str]
    role: str
    because: str
    properties: dict[str, Any]
    at: tuple[tuple[str, str], ...]
    facts: Facts = {}
    refused: str = ""


ROWS = (
    Row("nodeSubnets", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "node subnet", pools(NODES, BATCH), (
        (NODES, f"{FIRST_POOL}.vnetSubnetID"),
        (BATCH, "properties.agentPoolProfiles[1].vnetSubnetID"))),
    Row("podSubnets", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "pod subnet",
        {"agentPoolProfiles": [pool(vnetSubnetID=NODES), pool(podSubnetID=PODS)]},
        ((PODS, "properties.agentPoolProfiles[1].podSubnetID"),)),
    Row("apiServerSubnet", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "API server subnet",
        {"apiServerAccessProfile": {"enableVnetIntegration": True, "subnetId": BATCH}},
        ((BATCH, "properties.apiServerAccessProfile.subnetId"),)),
    Row("hostedSystemSubnets", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "hosted system subnet",
        {"hostedSystemProfile":
            {"enabled": True, "systemNodeSubnetID": BATCH, "nodeSubnetID": NODES}}, (
        (BATCH, "properties.hostedSystemProfile.systemNodeSubnetID"),
        (NODES, "properties.hostedSystemProfile.nodeSubnetID"))),
    Row("virtualNetworks", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "virtual network",
        {"nodeProvisioningProfile": {"mode": "Auto"}, **pools(NODES, BATCH, HUB_NODES)}, (
        (VNET, f"{FIRST_POOL}.vnetSubnetID"),
        (HUB, "properties.agentPoolProfiles[2].vnetSubnetID"))),
    Row("routeTables", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "route table",
        {"networkProfile": {"networkPlugin": "kubenet"}, **pools(NODES)},
        ((ROUTES, f"{FIRST_POOL}.vnetSubnetID → routeTable"),),
        {NODES: {"routeTable": (ROUTES,)}}),
    Row("networkSecurityGroups", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "network security group",
        pools(NODES), ((FIREWALL, f"{FIRST_POOL}.vnetSubnetID → networkSecurityGroup"),),
        {NODES: {"networkSecurityGroup": (FIREWALL,)}}),
    Row("outboundIPs", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "outbound IP", OUTBOUND, (
        (BALANCER_IP, f"{NETWORK}.loadBalancerProfile.outboundIPs.publicIPs[0].id"),
        (NAT_IP, f"{NETWORK}.natGatewayProfile.outboundIPs.publicIPs[0]"))),
    Row("outboundIPPrefixes", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "outbound IP prefix", OUTBOUND, (
        (BALANCER_PREFIX,
         f"{NETWORK}.loadBalancerProfile.outboundIPPrefixes.publicIPPrefixes[0].id"),
        (NAT_PREFIX, f"{NETWORK}.natGatewayProfile.outboundIPPrefixes.publicIPPrefixes[0]"))),
    Row("nodePublicIPPrefixes", CONTROL_PLANE, NETWORK_CONTRIBUTOR, "node public IP prefix",
        {"agentPoolProfiles": [pool(enableNodePublicIP=True, nodePublicIPPrefixID=PREFIX)]},
        ((PREFIX, f"{FIRST_POOL}.nodePublicIPPrefixID"),)),
    Row("diskEncryptionSet", CONTROL_PLANE, READER, "disk encryption set",
        {"diskEncryptionSetID": SET}, ((SET, "properties.diskEncryptionSetID"),)),
    Row("privateDnsZone", CONTROL_PLANE, PRIVATE_DNS_ZONE_CONTRIBUTOR,
        "private DNS zone of the API server",
        {"apiServerAccessProfile": {"enablePrivateCluster": True, "privateDNSZone": ZONE}},
        ((ZONE, "properties.apiServerAccessProfile.privateDNSZone"),)),
    Row("kubeletIdentity", CONTROL_PLANE, MANAGED_IDENTITY_OPERATOR, "kubelet identity",
        {"identityProfile": {"kubeletidentity": {"resourceId": OWN_KUBELET}}},
        ((OWN_KUBELET, "properties.identityProfile.kubeletidentity.resourceId"),)),
    Row("capacityReservations", CONTROL_PLANE, CONTRIBUTOR, "capacity reservation group",
        {"agentPoolProfiles": [pool(capacityReservationGroupID=RESERVATION)]},
        ((SHARED, f"{FIRST_POOL}.capacityReservationGroupID"),), refused="RoleNeverAllowed"),
    Row("hostGroups", CONTROL_PLANE, CONTRIBUTOR, "dedicated host group",
        {"agentPoolProfiles": [pool(hostGroupID=HOSTS)]},
        ((SHARED, f"{FIRST_POOL}.hostGroupID"),), refused="RoleNeverAllowed"),
    Row("keyVaultKeys", CONTROL_PLANE, KEY_VAULT_CRYPTO_USER, "etcd encryption key", KMS,
        ((VAULT, KMS_VAULT),)),
    Row("keyVaultNetwork", CONTROL_PLANE, KEY_VAULT_CONTRIBUTOR, "private link to the key vault",
        KMS, ((VAULT, KMS_VAULT),)),
    Row("bootstrapRegistry", KUBELET, ACR_PULL, "system images",
        {"bootstrapProfile": {"artifactSource": "Cache", "containerRegistryId": REGISTRY}},
        ((REGISTRY, "properties.bootstrapProfile.containerRegistryId"),)),
    Row("gateways", GATEWAY_ADDON, NETWORK_CONTRIBUTOR, "application gateway",
        addon("ingressApplicationGateway", applicationGatewayId=GATEWAY),
        ((GATEWAY, f"{INGRESS}.applicationGatewayId"),)),
    Row("gatewayGroups", GATEWAY_ADDON, READER, "group of the application gateway",
        addon("ingressApplicationGateway", applicationGatewayId=GATEWAY),
        ((NET.partition("/providers")[0], f"{INGRESS}.applicationGatewayId"),)),
    Row("gatewaySubnets", GATEWAY_ADDON, NETWORK_CONTRIBUTOR, "subnet of the application gateway",
        addon("ingressApplicationGateway", applicationGatewayId=GATEWAY, subnetId=BATCH), (
        (BATCH, f"{INGRESS}.subnetId"),
        (GATEWAY_SUBNET, f"{INGRESS}.applicationGatewayId → subnet")),
        {GATEWAY: {"subnet": (GATEWAY_SUBNET,)}}),
    Row("gatewayNetworks", GATEWAY_ADDON, NETWORK_CONTRIBUTOR, "network of the application gateway",
        {**pools(NODES), **addon("ingressApplicationGateway", subnetCIDR="10.225.0.0/16")},
        ((VNET, f"{FIRST_POOL}.vnetSubnetID"),)),
    Row("virtualNodeSubnet", ("addon:aciconnectorlinux", ADDON_PRINCIPAL), NETWORK_CONTRIBUTOR,
        "virtual node subnet",
        {**pools(NODES, HUB_NODES), **addon("aciConnectorLinux", SubnetName="virtual")},
        ((f"{VNET}/subnets/virtual",
          "properties.addonProfiles.aciConnectorLinux.config.SubnetName"),)),
    Row("publicDnsZones", ROUTING, DNS_ZONE_CONTRIBUTOR, "DNS zone",
        routing(PRIVATE_ZONE, PUBLIC_ZONE),
        ((PUBLIC_ZONE, "properties.ingressProfile.webAppRouting.dnsZoneResourceIds[1]"),)),
    Row("privateDnsZones", ROUTING, PRIVATE_DNS_ZONE_CONTRIBUTOR, "private DNS zone",
        routing(PRIVATE_ZONE, PUBLIC_ZONE),
        ((PRIVATE_ZONE, "properties.ingressProfile.webAppRouting.dnsZoneResourceIds[0]"),)),
    Row("legacyMonitoring", ("addon:omsagent", ADDON_PRINCIPAL), MONITORING_METRICS_PUBLISHER,
        "container insights", addon("omsagent", logAnalyticsWorkspaceResourceID="unread"),
        ((str(CLUSTER), "id"),)),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_a_cluster_that_needs_it_gets_it(row: Row) -> None:
    found = [g for g in needs(row.properties, row.facts) if g.because == row.because]
    identity, principal = row.who
    assert found == [
        Grant(identity, principal, row.role, scope, row.because, row.refused, source, row.rule)
        for scope, source in row.at
    ]


def test_no_rule_lacks_a_row() -> None:
    assert [row.rule for row in ROWS] == [rule.name for rule in RULES]


def test_every_rule_has_a_reason_of_its_own() -> None:
    assert len({rule.because for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_nothing_is_wanted_in_the_node_resource_group(row: Row) -> None:
    """Clusters whose own resources look as if they were brought along."""
    for scope, _ in row.at:
        group = scope.split("/")[4]
        theirs = needs(row.properties, row.facts, node_resource_group=group.upper())
        assert scope not in {grant.scope for grant in theirs}


def test_a_plain_cluster_needs_nothing() -> None:
    plain = {
        "identityProfile": {
            "kubeletidentity": {
                "resourceId": f"{NODE_GROUP}/providers/Microsoft.ManagedIdentity"
                "/userAssignedIdentities/c1-agentpool",
                "objectId": KUBELET_PRINCIPAL,
            }
        },
        "networkProfile": {
            "networkPlugin": "azure",
            "loadBalancerProfile": {
                "managedOutboundIPs": {"count": 1},
                "effectiveOutboundIPs": [
                    {"id": f"{NODE_GROUP}/providers/Microsoft.Network/publicIPAddresses/x"}
                ],
                "backendPoolType": "nodeIPConfiguration",
            },
            "outboundType": "loadBalancer",
        },
        "nodeProvisioningProfile": {"mode": "Manual"},
        "addonProfiles": None,
        "apiServerAccessProfile": None,
    }
    assert needs(plain) == ()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_a_role_may_take_the_place_of_a_rules_usual_one(row: Row) -> None:
    custom = "cccccccc-0000-4000-8000-000000000001"
    by = policy(f"{EVERYWHERE.replace('AcrPull', custom)}roles: {{{row.rule}: {custom}}}\n")
    found = {g.because: (g.role, g.refused) for g in needs(row.properties, row.facts, by)}
    assert found.pop(row.because) == (custom, "")
    assert custom not in {role for role, _ in found.values()}
