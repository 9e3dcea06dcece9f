"""Where a cluster uses networks: when a rule finds something, and when it does not."""

from typing import Any

import pytest

from tests.unit.nouns import NET, SUBNET
from tests.unit.topologies import (
    BATCH,
    HUB,
    HUB_NODES,
    NODE_GROUP,
    NODES,
    PODS,
    VNET,
    ZONE,
    because,
    needs,
    pool,
    pools,
)

ROUTES = f"{NET}/routeTables/rt"
ROUTED: dict[str, Any] = {NODES: {"routeTable": (ROUTES,)}}
CUSTOM_DNS: dict[str, Any] = {VNET: {"dnsServers": ("10.0.0.4", "10.0.0.5")}}
FIRST = "properties.agentPoolProfiles[0].vnetSubnetID"
SECOND = "properties.agentPoolProfiles[1].vnetSubnetID"


def test_each_pool_has_subnets_of_its_own_or_none() -> None:
    mixed = {
        "agentPoolProfiles": [
            pool(vnetSubnetID=NODES, podSubnetID=PODS),
            pool(vnetSubnetID=None, podSubnetID=""),
            pool(),
            None,
            pool(vnetSubnetID=BATCH, podSubnetID=PODS),
        ]
    }
    assert because("node subnet", mixed) == [
        (NODES, FIRST),
        (BATCH, "properties.agentPoolProfiles[4].vnetSubnetID"),
    ]
    assert because("pod subnet", mixed) == [(PODS, "properties.agentPoolProfiles[0].podSubnetID")]


@pytest.mark.parametrize("list_of_pools", [None, [], {}, "pools"])
def test_a_cluster_without_pools_needs_nothing(list_of_pools: Any) -> None:
    assert needs({"agentPoolProfiles": list_of_pools}) == ()


def test_members_are_found_in_any_case_and_ids_rebuilt_in_azures_spelling() -> None:
    odd = SUBNET.replace("resourceGroups", "resourcegroups").replace("Network/", "network/")
    oddly = {"agentPoolProfiles": None, "AgentPoolProfileS": [{"vnetSubnetId": odd}]}
    assert because("node subnet", {"agentPoolProfiles": [{"vnetSubnetId": odd}]}) == [
        (SUBNET, "properties.agentPoolProfiles[0].vnetSubnetId")
    ]
    assert because("node subnet", oddly) == []  # the exact spelling is believed first


@pytest.mark.parametrize(
    "properties",
    [
        {"nodeProvisioningProfile": {"mode": "auto"}},
        {"networkProfile": {"loadBalancerProfile": {"backendPoolType": "NodeIP"}}},
        {"apiServerAccessProfile": {"privateDNSZone": ZONE}},
    ],
)
def test_what_needs_the_network_as_a_whole(properties: dict[str, Any]) -> None:
    assert because("virtual network", {**pools(NODES, BATCH), **properties}) == [(VNET, FIRST)]


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"nodeProvisioningProfile": {"mode": "Manual"}},
        {"nodeProvisioningProfile": None},
        {"networkProfile": {"loadBalancerProfile": {"backendPoolType": "NodeIPConfiguration"}}},
        {"apiServerAccessProfile": {"privateDNSZone": None}},
        {"apiServerAccessProfile": {"privateDNSZone": "system"}},
        {"apiServerAccessProfile": {"privateDNSZone": "System", "enablePrivateCluster": False}},
        {"apiServerAccessProfile": {"privateDNSZone": "none", "enablePrivateCluster": True}},
        {"apiServerAccessProfile": {"privateDNSZone": "None", "enablePrivateCluster": True}},
    ],
)
def test_what_does_not_need_the_network_as_a_whole(properties: dict[str, Any]) -> None:
    assert because("virtual network", {**pools(NODES), **properties}, CUSTOM_DNS) == []


@pytest.mark.parametrize("zone", ["system", "System", "SYSTEM", "", None])
def test_a_zone_of_azures_is_linked_to_a_network_with_dns_servers_of_its_own(zone: Any) -> None:
    private = {"apiServerAccessProfile": {"enablePrivateCluster": True, "privateDNSZone": zone}}
    properties = {**pools(HUB_NODES, NODES), **private}
    assert because("virtual network", properties, CUSTOM_DNS) == [(VNET, SECOND)]
    assert because("virtual network", properties, {VNET: {"dnsServers": ()}}) == []
    assert because("virtual network", properties, {VNET: None, HUB: {}}) == []


@pytest.mark.parametrize("zone", ["system", "System", "none", "NONE", "", None])
def test_only_an_id_is_a_zone_that_was_brought_along(zone: str | None) -> None:
    private = {"apiServerAccessProfile": {"enablePrivateCluster": True, "privateDNSZone": zone}}
    assert because("private DNS zone of the API server", private) == []


def test_an_automatic_cluster_needs_its_network() -> None:
    sku = {"sku": {"name": "automatic", "tier": "Standard"}}
    hosted = {"enabled": True, "systemNodeSubnetID": BATCH, "nodeSubnetID": HUB_NODES}
    assert because("virtual network", {"hostedSystemProfile": hosted}, around=sku) == [
        (VNET, "properties.hostedSystemProfile.systemNodeSubnetID"),
        (HUB, "properties.hostedSystemProfile.nodeSubnetID"),
    ]
    assert because("virtual network", pools(NODES), around=sku) == [(VNET, FIRST)]
    assert because("virtual network", pools(NODES), around={"sku": {"name": "Base"}}) == []


@pytest.mark.parametrize(
    ("network", "found"),
    [
        ({"networkPlugin": "kubenet"}, True),
        ({"networkPlugin": "Kubenet", "outboundType": "loadBalancer"}, True),
        ({"networkPlugin": "azure", "outboundType": "userDefinedRouting"}, True),
        ({"networkPlugin": "azure", "outboundType": "USERDEFINEDROUTING"}, True),
        ({"networkPlugin": "azure", "outboundType": "loadBalancer"}, False),
        ({"networkPlugin": "none"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_whose_route_table_is_written(network: dict[str, str] | None, found: bool) -> None:
    properties = {"networkProfile": network, **pools(BATCH, NODES)}
    expected = [(ROUTES, f"{SECOND} → routeTable")] if found else []
    assert because("route table", properties, ROUTED) == expected


@pytest.mark.parametrize("facts", [{}, {NODES: None}, {NODES: {"routeTable": ()}}])
def test_a_subnet_of_which_nothing_is_known_leads_nowhere(facts: Any) -> None:
    kubenet = {"networkProfile": {"networkPlugin": "kubenet"}, **pools(NODES)}
    assert [grant.because for grant in needs(kubenet, facts)] == ["node subnet"]


@pytest.mark.parametrize("subnet", [f"{NODES}/..", NET.partition("/providers")[0], "/", "x"])
def test_nothing_is_asked_about_what_is_no_resource(subnet: str) -> None:
    kubenet = {"networkProfile": {"networkPlugin": "kubenet"}, **pools(subnet)}
    assert [grant.because for grant in needs(kubenet, ROUTED)] == ["node subnet"]


def test_a_route_table_of_aks_is_left_to_aks() -> None:
    theirs = f"{NODE_GROUP.lower()}/providers/Microsoft.Network/routeTables/aks-agentpool-rt"
    kubenet = {"networkProfile": {"networkPlugin": "kubenet"}, **pools(NODES)}
    assert because("route table", kubenet, {NODES: {"routeTable": (theirs,)}}) == []


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"loadBalancerProfile": None, "natGatewayProfile": None},
        {"loadBalancerProfile": {"outboundIPs": None, "outboundIPPrefixes": None}},
        {"loadBalancerProfile": {"outboundIPs": {"publicIPs": [None, {}, {"id": None}]}}},
        {"loadBalancerProfile": {"outboundIPPrefixes": {"publicIPPrefixes": None}}},
        {"loadBalancerProfile": {"managedOutboundIPs": {"count": 1}}},
        {"natGatewayProfile": {"outboundIPs": {"publicIPs": [None, ""]}}},
        {"natGatewayProfile": {"managedOutboundIPProfile": {"count": 2}}},
    ],
)
def test_addresses_that_aks_made_are_left_to_aks(network: dict[str, Any]) -> None:
    assert needs({"networkProfile": network}) == ()


def test_the_network_of_a_subnet_is_found_in_any_case_and_once() -> None:
    auto = {"nodeProvisioningProfile": {"mode": "Auto"}, **pools(NODES.upper(), BATCH)}
    found = because("virtual network", auto)
    assert [(scope.lower(), source) for scope, source in found] == [(VNET.lower(), FIRST)]


def test_what_is_no_subnet_is_no_network_either_and_is_named_once() -> None:
    odd = {"nodeProvisioningProfile": {"mode": "Auto"}, **pools("odd", ZONE)}
    assert [(g.because, g.scope, g.refused, g.source) for g in needs(odd)] == [
        ("node subnet", "'odd'", "InvalidScope", FIRST),
        ("node subnet", ZONE, "", SECOND),
    ]
