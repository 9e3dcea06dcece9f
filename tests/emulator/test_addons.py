"""Add-ons: whose identity appears when, and goes when."""

from __future__ import annotations

from typing import Any

import pytest

from .test_topologies import made, network, shown
from .town import LONG_ENOUGH, POOL, Town, cluster_body, error_code, put_cluster

NODE_GROUP = "/resourceGroups/MC_rg_c1_westus2/"


@pytest.mark.parametrize(
    "key",
    ["azureKeyvaultSecretsProvider", "omsagent", "omsAgent", "OMSAGENT", "aciConnectorLinux"],
)
def test_an_add_on_has_an_identity_in_the_node_group_whatever_the_case_of_its_key(
    town: Town, key: str
) -> None:
    profile = made(town, cluster_body(addonProfiles={key: {"enabled": True}}))["addonProfiles"][key]
    assert NODE_GROUP in profile["identity"]["resourceId"]
    assert town.emulator.world.directory.get(profile["identity"]["objectId"])


@pytest.mark.parametrize("key", ["azurepolicy", "httpApplicationRouting", "kubeDashboard"])
def test_other_add_ons_have_none(town: Town, key: str) -> None:
    found = made(town, cluster_body(addonProfiles={key: {"enabled": True}}))
    assert "identity" not in found["addonProfiles"][key]


def test_an_add_on_switched_on_later_gets_its_identity_and_one_switched_off_loses_it(
    town: Town,
) -> None:
    made(town, cluster_body())
    on = made(town, cluster_body(addonProfiles={"omsagent": {"enabled": True}}))
    identity = on["addonProfiles"]["omsagent"]["identity"]
    again = put_cluster(town, "c1", cluster_body(addonProfiles={"omsagent": {"enabled": True}}))
    assert again.body["properties"]["addonProfiles"]["omsagent"]["identity"] == identity
    town.emulator.advance(LONG_ENOUGH)
    off = made(town, cluster_body(addonProfiles={"omsagent": {"enabled": False}}))
    assert "identity" not in off["addonProfiles"]["omsagent"]
    assert town.ask("GET", identity["resourceId"]).status == 404
    assert town.emulator.world.directory.get(identity["objectId"]) is None


def test_an_add_on_left_out_of_an_update_loses_its_identity(town: Town) -> None:
    routing = {"webAppRouting": {"enabled": True}}
    found = made(town, cluster_body(ingressProfile=routing))["ingressProfile"]["webAppRouting"]
    made(town, cluster_body())
    assert town.ask("GET", found["identity"]["resourceId"]).status == 404


def test_an_identity_that_a_client_makes_up_is_not_believed(town: Town) -> None:
    forged = {"enabled": True, "identity": {"objectId": "x", "resourceId": "/y"}}
    body = cluster_body(
        addonProfiles={"omsagent": forged, "azurepolicy": forged},
        ingressProfile={"webAppRouting": {**forged, "enabled": False}},
    )
    creating = put_cluster(town, "c1", body).body["properties"]
    assert "identity" not in creating["addonProfiles"]["omsagent"]
    town.emulator.advance(LONG_ENOUGH)
    done = shown(town)["properties"]
    assert done["addonProfiles"]["omsagent"]["identity"]["objectId"] != "x"
    assert "identity" not in done["addonProfiles"]["azurepolicy"]
    assert "identity" not in done["ingressProfile"]["webAppRouting"]


def test_the_add_ons_of_a_service_principal_cluster_use_the_service_principal(town: Town) -> None:
    profile = {"clientId": "00000000-0000-0000-0000-00000000abcd", "secret": "hush"}
    body = cluster_body(
        servicePrincipalProfile=profile, addonProfiles={"omsagent": {"enabled": True}}
    )
    del body["identity"]
    assert made(town, body)["addonProfiles"]["omsagent"] == {"enabled": True}


def test_ingress_of_an_existing_gateway_names_it_as_the_one_in_effect(town: Town) -> None:
    gateway = town.put("Microsoft.Network/applicationGateways", "gateway").id
    profile = {"enabled": True, "config": {"applicationGatewayId": gateway}}
    found = made(town, cluster_body(addonProfiles={"ingressApplicationGateway": profile}))
    ingress = found["addonProfiles"]["ingressApplicationGateway"]
    assert ingress["config"]["effectiveApplicationGatewayId"] == gateway
    assert ingress["identity"]["objectId"]


def test_ingress_without_a_gateway_gets_one_in_the_node_group_and_the_subnet_asked_for(
    town: Town,
) -> None:
    nodes, gateways = network(town, "nodes", "gateways")

    def gateway_of(config: dict[str, str]) -> Any:
        pool = {**POOL, "vnetSubnetID": nodes}
        addons = {"ingressApplicationGateway": {"enabled": True, "config": config}}
        found = made(town, cluster_body(agentPoolProfiles=[pool], addonProfiles=addons))
        shown = found["addonProfiles"]["ingressApplicationGateway"]["config"]
        return town.ask("GET", shown["effectiveApplicationGatewayId"]).body

    named = gateway_of({"applicationGatewayName": "named", "subnetId": gateways})
    assert NODE_GROUP in named["id"]
    (address,) = named["properties"]["gatewayIPConfigurations"]
    assert address["properties"]["subnet"]["id"] == gateways
    ranged = gateway_of({"subnetCIDR": "10.1.9.0/24"})
    (address,) = ranged["properties"]["gatewayIPConfigurations"]
    subnet = town.ask("GET", address["properties"]["subnet"]["id"]).body
    assert subnet["properties"]["addressPrefix"] == "10.1.9.0/24"


def test_virtual_nodes_name_a_subnet_of_the_first_pools_network(town: Town) -> None:
    nodes, virtual = network(town, "nodes", "virtual")
    pool = {**POOL, "vnetSubnetID": nodes}

    def body(subnet: str) -> dict[str, Any]:
        profile = {"enabled": True, "config": {"SubnetName": subnet}}
        return cluster_body(agentPoolProfiles=[pool], addonProfiles={"aciConnectorLinux": profile})

    assert error_code(put_cluster(town, "c1", body("nowhere"))) == "InvalidParameter"
    found = made(town, body("virtual"))["addonProfiles"]["aciConnectorLinux"]
    assert found["config"] == {"SubnetName": virtual.rpartition("/")[2]}


def test_app_routing_keeps_its_zones_which_lie_in_one_group_of_each_kind(town: Town) -> None:
    public = town.put("Microsoft.Network/dnsZones", "example.org").id
    private = town.put("Microsoft.Network/privateDnsZones", "example.internal").id
    elsewhere = public.replace("/resourceGroups/rg/", "/resourceGroups/other/")

    def body(*zones: str) -> dict[str, Any]:
        routing = {"enabled": True, "dnsZoneResourceIds": list(zones)}
        return cluster_body(ingressProfile={"webAppRouting": routing})

    assert error_code(put_cluster(town, "c1", body(public, elsewhere))) == "InvalidParameter"
    routing = made(town, body(public, private))["ingressProfile"]["webAppRouting"]
    assert routing["dnsZoneResourceIds"] == [public, private]
    assert NODE_GROUP in routing["identity"]["resourceId"]


@pytest.mark.parametrize(
    "profile",
    [{"config": []}, {"config": {"subnetCIDR": 5}}, {"config": {"subnetCIDR": "all"}}],
)
def test_settings_that_make_no_sense_are_refused(town: Town, profile: dict[str, Any]) -> None:
    addons = {"ingressApplicationGateway": {"enabled": True, **profile}}
    answer = put_cluster(town, "c1", cluster_body(addonProfiles=addons))
    assert (answer.status, error_code(answer)) == (400, "InvalidParameter")
