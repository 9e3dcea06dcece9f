"""Where a cluster's add-ons use resources: when a rule finds something, and when it does not."""

from typing import Any

import pytest

from shared.model import Grant
from tests.unit.nouns import CLUSTER, NET
from tests.unit.topologies import (
    ADDON_PRINCIPAL,
    BATCH,
    GATEWAY,
    GATEWAY_SUBNET,
    HUB,
    HUB_NODES,
    IDENTITY,
    NODE_GROUP,
    NODES,
    VNET,
    addon,
    because,
    needs,
    pools,
    routing,
)

AGIC = "ingressApplicationGateway"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
ZONES = (f"{NET}/dnsZones/example.org", f"{NET}/privateDnsZones/example.internal")
CONFIG = f"properties.addonProfiles.{AGIC}.config"
CIDR = {"subnetCIDR": "10.225.0.0/16"}


def of_addon(grants: tuple[Grant, ...]) -> list[tuple[str, str]]:
    return [(g.because, g.scope) for g in grants if g.identity.startswith("addon:")]


@pytest.mark.parametrize("key", [AGIC, AGIC.lower(), AGIC.upper()])
def test_an_add_on_is_found_in_any_case(key: str) -> None:
    (gateway, group) = needs(addon(key, applicationGatewayId=GATEWAY))
    assert (gateway.identity, gateway.principal_id) == (f"addon:{AGIC.lower()}", ADDON_PRINCIPAL)
    assert gateway.source == f"properties.addonProfiles.{key}.config.applicationGatewayId"
    assert group.principal_id == ADDON_PRINCIPAL


@pytest.mark.parametrize("enabled", [False, None, "false", 0])
@pytest.mark.parametrize(
    "on",
    [
        addon(AGIC, applicationGatewayId=GATEWAY, subnetId=BATCH, **CIDR),
        addon("aciConnectorLinux", SubnetName="virtual"),
        addon("omsagent"),
    ],
)
def test_an_add_on_that_is_off_needs_nothing(on: dict[str, Any], enabled: Any) -> None:
    off = {key: {**profile, "enabled": enabled} for key, profile in on["addonProfiles"].items()}
    assert of_addon(needs({**pools(NODES), "addonProfiles": off})) == []


@pytest.mark.parametrize("enabled", [False, None])
def test_app_routing_that_is_off_needs_nothing(enabled: bool | None) -> None:
    profile = {**routing(*ZONES)["ingressProfile"]["webAppRouting"], "enabled": enabled}
    assert needs({"ingressProfile": {"webAppRouting": profile}}) == ()


@pytest.mark.parametrize("profile", [None, {}, {"webAppRouting": None}])
def test_app_routing_is_not_among_the_add_ons(profile: Any) -> None:
    among = {"addonProfiles": {"webAppRouting": routing(*ZONES)["ingressProfile"]["webAppRouting"]}}
    assert needs({**among, "ingressProfile": profile}) == ()


@pytest.mark.parametrize("identity", [None, {}, {"objectId": None}, {"objectId": ""}])
def test_an_add_on_whose_identity_is_not_there_yet_is_waited_for(identity: Any) -> None:
    early = {AGIC: {"enabled": True, "config": {"subnetId": BATCH}, "identity": identity}}
    assert needs({"addonProfiles": early}) == (
        Grant(
            f"addon:{AGIC.lower()}",
            "",
            NETWORK_CONTRIBUTOR,
            BATCH,
            "subnet of the application gateway",
            "",
            f"{CONFIG}.subnetId",
            "gatewaySubnets",
        ),
    )


@pytest.mark.parametrize("key", ["azurepolicy", "azureKeyvaultSecretsProvider", "openServiceMesh"])
def test_other_add_ons_need_nothing_that_a_cluster_tells(key: str) -> None:
    """The vaults of the secrets provider are declared."""
    config = {"applicationGatewayId": GATEWAY, "subnetId": BATCH, "SubnetName": "virtual"}
    assert of_addon(needs({**pools(NODES), **addon(key, **config)})) == []


def test_a_gateway_of_ones_own_is_configured_in_its_group_and_joins_its_subnet() -> None:
    facts: Any = {GATEWAY: {"subnet": (GATEWAY_SUBNET,)}}
    assert of_addon(needs(addon(AGIC, applicationGatewayId=GATEWAY), facts)) == [
        ("application gateway", GATEWAY),
        ("group of the application gateway", NET.partition("/providers")[0]),
        ("subnet of the application gateway", GATEWAY_SUBNET),
    ]


@pytest.mark.parametrize("facts", [{}, {GATEWAY: None}, {GATEWAY: {"subnet": ()}}])
def test_a_gateway_of_which_nothing_is_known_has_no_subnet(facts: Any) -> None:
    found = of_addon(needs(addon(AGIC, applicationGatewayId=GATEWAY), facts))
    assert [reason for reason, _ in found] == [
        "application gateway",
        "group of the application gateway",
    ]


def test_a_gateway_that_aks_makes_needs_its_subnet_only() -> None:
    theirs = f"{NODE_GROUP.lower()}/providers/Microsoft.Network/applicationGateways/gw"
    made = addon(AGIC, applicationGatewayId=theirs, subnetId=GATEWAY_SUBNET)
    assert of_addon(needs(made)) == [("subnet of the application gateway", GATEWAY_SUBNET)]


def test_a_gateway_given_addresses_gets_a_new_subnet_in_the_clusters_network() -> None:
    given = {**pools(NODES, HUB_NODES), **addon(AGIC, **CIDR)}
    reason = "network of the application gateway"
    assert of_addon(needs(given)) == [(reason, VNET), (reason, HUB)]
    with_subnet = {**pools(NODES), **addon(AGIC, subnetId=BATCH, **CIDR)}
    assert of_addon(needs(with_subnet)) == [("subnet of the application gateway", BATCH)]
    assert of_addon(needs({**pools(NODES), **addon(AGIC, subnetCIDR="")})) == []
    assert of_addon(needs(addon(AGIC, **CIDR))) == []


def test_what_is_no_gateway_is_refused_once_for_each_role() -> None:
    found = needs(addon(AGIC, applicationGatewayId="gw"))
    assert [(g.because, g.scope, g.refused) for g in found] == [
        ("application gateway", "'gw'", "InvalidScope"),
        ("group of the application gateway", "'gw'", "InvalidScope"),
    ]


@pytest.mark.parametrize("key", ["aciConnectorLinux", "ACIConnectorLinux"])
def test_virtual_nodes_run_in_the_first_pools_network(key: str) -> None:
    virtual = {**pools(HUB_NODES, NODES), **addon(key, SubnetName="virtual")}
    assert because("virtual node subnet", virtual) == [
        (f"{HUB}/subnets/virtual", f"properties.addonProfiles.{key}.config.SubnetName")
    ]


@pytest.mark.parametrize("config", [{}, {"SubnetName": ""}])
def test_virtual_nodes_without_a_subnet_or_a_network_need_nothing(config: dict[str, str]) -> None:
    assert of_addon(needs({**pools(NODES), **addon("aciConnectorLinux", **config)})) == []
    assert of_addon(needs(addon("aciConnectorLinux", SubnetName="virtual"))) == []


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../../../..",
        "v/../../x",
        "a/b",
        "a/subnets/b",
        "a/providers/Microsoft.Authorization/roleAssignments/x",
        "a?b",
        "a#",
        "a%2f..",
        "a\n",
        " ",
        "é",
    ],
)
def test_a_subnets_name_cannot_lead_out_of_its_network(name: str) -> None:
    hostile = {**pools(NODES), **addon("aciConnectorLinux", SubnetName=name)}
    (grant,) = (g for g in needs(hostile) if g.because == "virtual node subnet")
    assert grant.refused == "InvalidScope"
    assert grant.scope == ascii(f"{VNET}/subnets/{name}")


def test_zones_have_the_role_of_their_type_in_any_case() -> None:
    private = ZONES[1].replace("privateDnsZones", "privatednszones")
    zones = routing(ZONES[0], private, "odd", ZONES[0])
    of_zones = "properties.ingressProfile.webAppRouting.dnsZoneResourceIds"
    assert because("private DNS zone", zones) == [(ZONES[1], f"{of_zones}[1]")]
    assert because("DNS zone", zones) == [
        (ZONES[0], f"{of_zones}[0]"),
        ("'odd'", f"{of_zones}[2]"),
    ]


@pytest.mark.parametrize("zones", [None, [], "odd", [None, "", 3]])
def test_app_routing_without_zones_needs_nothing(zones: Any) -> None:
    profile = {"enabled": True, "identity": IDENTITY, "dnsZoneResourceIds": zones}
    assert needs({"ingressProfile": {"webAppRouting": profile}}) == ()


@pytest.mark.parametrize(
    ("config", "legacy"),
    [
        ({}, True),
        ({"useAADAuth": "false"}, True),
        ({"useAADAuth": "False"}, True),
        ({"useAADAuth": "true"}, False),
        ({"useAADAuth": "True"}, False),
        ({"useaadauth": "TRUE"}, False),
    ],
)
@pytest.mark.parametrize("key", ["omsagent", "omsAgent", "OMSAGENT"])
def test_only_legacy_monitoring_publishes_metrics(
    key: str, config: dict[str, str], legacy: bool
) -> None:
    expected = [(str(CLUSTER), "id")] if legacy else []
    assert because("container insights", addon(key, **config)) == expected


def test_a_boolean_is_as_good_as_a_text() -> None:
    config = {"config": {"useAADAuth": True}, "enabled": True, "identity": IDENTITY}
    assert needs({"addonProfiles": {"omsagent": config}}) == ()


def test_metrics_are_published_of_the_cluster_as_it_names_itself() -> None:
    odd = {"id": str(CLUSTER).replace("/clusters/", "/elsewhere/")}
    (grant,) = needs(addon("omsagent"), around=odd)
    assert grant.scope == str(CLUSTER).replace("/clusters/", "/elsewhere/")
