"""Clusters in every topology that grants are inferred from, and what AKS refuses of them."""

from __future__ import annotations

from typing import Any

import pytest

from .town import LONG_ENOUGH, POOL, Town, cluster_body, error_code, put_cluster


def network(town: Town, *subnets: str) -> list[str]:
    """A virtual network `net` with these subnets; their ids."""
    town.subnet(subnets[0])
    path = town.id("Microsoft.Network/virtualNetworks", "net")
    for number, name in enumerate(subnets):
        properties = {"addressPrefix": f"10.1.{number}.0/24"}
        town.emulator.resources.put(f"{path}/subnets/{name}", {"properties": properties})
    return [f"{path}/subnets/{name}" for name in subnets]


def made(town: Town, body: dict[str, Any]) -> Any:
    """The properties of a cluster that was asked for, when it has succeeded."""
    answer = put_cluster(town, "c1", body)
    assert answer.status in (200, 201), answer.body
    town.emulator.advance(LONG_ENOUGH)
    return shown(town)["properties"]


def shown(town: Town) -> Any:
    document = town.ask("GET", town.id("Microsoft.ContainerService/managedClusters", "c1")).body
    assert document["properties"]["provisioningState"] == "Succeeded"
    return document


def user_assigned(town: Town, body: dict[str, Any], *grants: tuple[str, str]) -> dict[str, Any]:
    """The body with a user-assigned identity that has these roles: (scope, role)."""
    identity = town.identity("control")
    assert identity.principal_id
    for scope, role in grants:
        town.emulator.role_assignments.seed(scope, identity.principal_id, role)
    chosen = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    return {**body, "identity": chosen}


def test_pools_lie_in_subnets_of_their_own_and_may_come_and_go(town: Town) -> None:
    one, two, pods = network(town, "one", "two", "pods")
    first = {**POOL, "vnetSubnetID": one, "podSubnetID": pods}
    second = {"name": "second", "mode": "User", "vnetSubnetID": two}
    body = cluster_body(agentPoolProfiles=[first, second])
    assert [pool["vnetSubnetID"] for pool in made(town, body)["agentPoolProfiles"]] == [one, two]
    assert shown(town)["properties"]["agentPoolProfiles"][0]["podSubnetID"] == pods
    town.emulator.event_grid.take()
    left = made(town, cluster_body(agentPoolProfiles=[first]))["agentPoolProfiles"]
    assert [pool["name"] for pool in left] == ["nodepool1"]
    (event,) = town.emulator.event_grid.take()
    assert event["data"]["operationName"] == "Microsoft.ContainerService/managedClusters/write"


def test_the_automatic_sku_has_more_switched_on(town: Town) -> None:
    found = made(town, {**cluster_body(), "sku": {"name": "Automatic"}})
    assert found["nodeProvisioningProfile"]["mode"] == "Auto"
    assert found["apiServerAccessProfile"]["enableVnetIntegration"] is True
    assert found["ingressProfile"]["webAppRouting"]["identity"]["objectId"]
    assert shown(town)["sku"] == {"name": "Automatic", "tier": "Standard"}


def test_the_automatic_sku_leaves_off_what_is_switched_off(town: Town) -> None:
    off = {"webAppRouting": {"enabled": False}}
    found = made(town, {**cluster_body(ingressProfile=off), "sku": {"name": "Automatic"}})
    assert found["ingressProfile"] == off


def test_hosted_system_nodes_have_three_subnets_and_need_no_pool(town: Town) -> None:
    api, system, nodes = network(town, "api", "system", "nodes")
    hosted = {"enabled": True, "systemNodeSubnetID": system, "nodeSubnetID": nodes}
    api_server = {"enableVnetIntegration": True, "subnetId": api}
    body = {
        **cluster_body(hostedSystemProfile=hosted, apiServerAccessProfile=api_server),
        "sku": {"name": "Automatic"},
    }
    del body["properties"]["agentPoolProfiles"]
    found = made(town, body)
    assert found["hostedSystemProfile"] == hosted
    assert found["apiServerAccessProfile"] == api_server
    assert found["agentPoolProfiles"] == []


def test_outbound_addresses_and_prefixes_of_both_kinds_are_kept(town: Town) -> None:
    address = town.put("Microsoft.Network/publicIPAddresses", "out").id
    prefix = town.put("Microsoft.Network/publicIPPrefixes", "range").id
    balancer = {
        "outboundIPs": {"publicIPs": [{"id": address}]},
        "outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]},
        "backendPoolType": "nodeIP",
    }
    pool = {**POOL, "enableNodePublicIP": True, "nodePublicIPPrefixID": prefix}
    found = made(
        town,
        cluster_body(networkProfile={"loadBalancerProfile": balancer}, agentPoolProfiles=[pool]),
    )
    kept = found["networkProfile"]["loadBalancerProfile"]
    assert kept == {**balancer, "effectiveOutboundIPs": [{"id": address}]}
    assert found["agentPoolProfiles"][0]["nodePublicIPPrefixID"] == prefix


def test_a_nat_gateway_has_plain_ids(town: Town) -> None:
    address = town.put("Microsoft.Network/publicIPAddresses", "out").id
    prefix = town.put("Microsoft.Network/publicIPPrefixes", "range").id
    gateway = {
        "sku": "StandardV2",
        "outboundIPs": {"publicIPs": [address]},
        "outboundIPPrefixes": {"publicIPPrefixes": [prefix]},
    }
    profile = {"outboundType": "managedNATGateway", "natGatewayProfile": gateway}
    kept = made(town, cluster_body(networkProfile=profile))["networkProfile"]["natGatewayProfile"]
    assert kept["outboundIPs"] == {"publicIPs": [address]}
    assert kept["outboundIPPrefixes"] == {"publicIPPrefixes": [prefix]}
    assert kept["effectiveOutboundIPs"] == [{"id": address}]


def test_a_nat_gateway_without_addresses_gets_one_in_the_node_group(town: Town) -> None:
    profile = {"outboundType": "managedNATGateway"}
    kept = made(town, cluster_body(networkProfile=profile))["networkProfile"]["natGatewayProfile"]
    (effective,) = kept["effectiveOutboundIPs"]
    assert "/MC_rg_c1_westus2/" in effective["id"]


def test_an_encryption_set_a_vault_and_a_bootstrap_registry_are_kept(town: Town) -> None:
    disks = town.put("Microsoft.Compute/diskEncryptionSets", "disks").id
    vault = town.put("Microsoft.KeyVault/vaults", "keys").id
    registry = town.registry().id
    kms = {
        "enabled": True,
        "keyId": "https://keys.vault.azure.net/keys/etcd/1",
        "keyVaultNetworkAccess": "Private",
        "keyVaultResourceId": vault,
    }
    bootstrap = {"artifactSource": "Cache", "containerRegistryId": registry}
    found = made(
        town,
        cluster_body(
            diskEncryptionSetID=disks,
            securityProfile={"azureKeyVaultKms": kms},
            bootstrapProfile=bootstrap,
        ),
    )
    assert found["diskEncryptionSetID"] == disks
    assert found["securityProfile"]["azureKeyVaultKms"] == kms
    assert found["bootstrapProfile"] == bootstrap


@pytest.mark.parametrize("zone", ["system", "none", "None"])
def test_a_private_cluster_may_have_a_zone_of_its_own_or_none(town: Town, zone: str) -> None:
    profile = {"enablePrivateCluster": True, "privateDNSZone": zone}
    found = made(town, cluster_body(apiServerAccessProfile=profile))
    assert found["apiServerAccessProfile"] == profile


def test_a_custom_private_zone_works_with_an_identity_granted_beforehand(town: Town) -> None:
    zone = town.put("Microsoft.Network/privateDnsZones", "privatelink.westus2.azmk8s.io").id
    profile = {"enablePrivateCluster": True, "privateDNSZone": zone}
    body = cluster_body(apiServerAccessProfile=profile)
    body = user_assigned(town, body, (zone, "Private DNS Zone Contributor"))
    assert made(town, body)["apiServerAccessProfile"]["privateDNSZone"] == zone


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("capacityReservationGroupID", "Microsoft.Compute/capacityReservationGroups"),
        ("hostGroupID", "Microsoft.Compute/hostGroups"),
    ],
)
def test_reserved_machines_need_a_grant_beforehand_in_a_later_pool_too(
    town: Town, field: str, kind: str
) -> None:
    reserved = town.put(kind, "reserved").id
    pool = {**POOL, field: reserved}
    assert error_code(put_cluster(town, "c1", cluster_body(agentPoolProfiles=[pool]))) == (
        "InvalidParameter"
    )
    made(town, user_assigned(town, cluster_body()))
    pools = town.id("Microsoft.ContainerService/managedClusters", "c1") + "/agentPools"
    later = {"properties": {"mode": "User", field: reserved}}
    assert town.ask("PUT", f"{pools}/later", later).status == 400
    body = user_assigned(town, cluster_body(agentPoolProfiles=[pool]), (town.group, "Contributor"))
    assert made(town, body)["agentPoolProfiles"][0][field] == reserved
    assert town.ask("PUT", f"{pools}/later", later).status == 201


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"hostedSystemProfile": {"enabled": True}}, "hostedSystemProfile.enabled"),
        ({"hostedSystemProfile": {"nodeSubnetID": "/a/subnets/b"}}, "hostedSystemProfile"),
        ({"nodeProvisioningProfile": {"mode": "On"}}, "nodeProvisioningProfile.mode"),
        ({"apiServerAccessProfile": {"privateDNSZone": "mine"}}, "privateDNSZone"),
        ({"apiServerAccessProfile": {"privateDNSZone": "/subscriptions/x"}}, "privateDNSZone"),
        ({"securityProfile": {"azureKeyVaultKms": {"enabled": True}}}, "keyId"),
        (
            {
                "securityProfile": {
                    "azureKeyVaultKms": {
                        "enabled": True,
                        "keyId": "https://k.vault.azure.net/keys/a/1",
                        "keyVaultNetworkAccess": "Private",
                    }
                }
            },
            "keyVaultResourceId",
        ),
        (
            {
                "networkProfile": {
                    "natGatewayProfile": {
                        "sku": "Standard",
                        "outboundIPPrefixes": {"publicIPPrefixes": ["/x"]},
                    }
                }
            },
            "natGatewayProfile",
        ),
        (
            {
                "networkProfile": {
                    "natGatewayProfile": {"outboundIPs": {"publicIPs": [{"id": "x"}]}}
                }
            },
            "managedCluster",
        ),
        (
            {"networkProfile": {"loadBalancerProfile": {"managedOutboundIPs": {"count": 0}}}},
            "count",
        ),
        ({"bootstrapProfile": {"artifactSource": "Mars"}}, "artifactSource"),
    ],
)
def test_what_contradicts_itself_is_refused(
    town: Town, change: dict[str, Any], parameter: str
) -> None:
    answer = put_cluster(town, "c1", cluster_body(**change))
    assert (answer.status, error_code(answer)) == (400, "InvalidParameter")
    assert parameter in answer.body["target"]
    assert town.emulator.clusters.all() == []


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Microsoft.Compute/diskEncryptionSets", lambda at: {"diskEncryptionSetID": at}),
        (
            "Microsoft.ContainerRegistry/registries",
            lambda at: {"bootstrapProfile": {"containerRegistryId": at}},
        ),
        (
            "Microsoft.Network/publicIPAddresses",
            lambda at: {
                "networkProfile": {"natGatewayProfile": {"outboundIPs": {"publicIPs": [at]}}}
            },
        ),
    ],
)
def test_what_points_nowhere_is_refused(town: Town, kind: str, change: Any) -> None:
    body = cluster_body(**change(town.id(kind, "nowhere")))
    answer = put_cluster(town, "c1", body)
    assert (answer.status, error_code(answer)) == (400, "InvalidParameter")
    assert "/nowhere' was not found" in answer.body["message"]
