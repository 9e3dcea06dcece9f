"""Clusters in networks of the operator's: subnets, addresses, routes, zones."""

from collections.abc import Callable

from shared import roles
from shared.model import CONTROL_PLANE
from tests.flow.ground import assign, network_of, put, put_identity, put_subnet, user_assigned
from tests.flow.topologies import Topology, body, covered, net, pool
from tests.flow.town import Town


def custom_subnets(town: Town) -> Topology:
    more, pods = put_subnet(town, "more"), put_subnet(town, "pods")
    pools = [pool(town.subnet, podSubnetID=pods), pool(more, "more")]
    return Topology(body(agentPoolProfiles=pools), net(town.subnet, more, pods))


def api_server_subnet(town: Town) -> Topology:
    subnet = put_subnet(town, "api")
    profile = {"enableVnetIntegration": True, "subnetId": subnet}
    cluster = body(apiServerAccessProfile=profile, agentPoolProfiles=[pool(town.subnet)])
    return Topology(cluster, net(subnet, town.subnet))


def outbound_addresses(town: Town) -> Topology:
    """Of the load balancer, and the prefix that nodes have their public addresses from."""
    address = put(town, "Microsoft.Network/publicIPAddresses", "out")
    prefix = put(town, "Microsoft.Network/publicIPPrefixes", "out")
    of_nodes = put(town, "Microsoft.Network/publicIPPrefixes", "nodes", "net-nodes")
    balancer = {
        "outboundIPs": {"publicIPs": [{"id": address}]},
        "outboundIPPrefixes": {"publicIPPrefixes": [{"id": prefix}]},
    }
    nodes = pool(town.subnet, enableNodePublicIP=True, nodePublicIPPrefixID=of_nodes)
    cluster = body(networkProfile={"loadBalancerProfile": balancer}, agentPoolProfiles=[nodes])
    return Topology(cluster, net(address, prefix, of_nodes, town.subnet))


def nat_gateway(town: Town) -> Topology:
    address = put(town, "Microsoft.Network/publicIPAddresses", "out")
    prefix = put(town, "Microsoft.Network/publicIPPrefixes", "out")
    gateway = {
        "sku": "StandardV2",
        "outboundIPs": {"publicIPs": [address]},
        "outboundIPPrefixes": {"publicIPPrefixes": [prefix]},
    }
    network = {"outboundType": "managedNATGateway", "natGatewayProfile": gateway}
    return Topology(body(networkProfile=network), net(address, prefix))


def nodes_by_address(town: Town) -> Topology:
    """The load balancer knows the nodes by address: that is asked of the network."""
    network = network_of(town.subnet)
    cluster = body(
        networkProfile={"loadBalancerProfile": {"backendPoolType": "nodeIP"}},
        agentPoolProfiles=[pool(town.subnet)],
    )
    return Topology(cluster, net(network), covered(network, town.subnet))


def node_auto_provisioning(town: Town) -> Topology:
    """The network holds its subnets."""
    network, pods = network_of(town.subnet), put_subnet(town, "pods")
    cluster = body(
        nodeProvisioningProfile={"mode": "Auto"},
        agentPoolProfiles=[pool(town.subnet, podSubnetID=pods)],
    )
    return Topology(cluster, net(network), covered(network, town.subnet, pods))


def automatic(town: Town) -> Topology:
    """AKS Automatic, its system nodes hosted, in a network of the operator's."""
    api, system = put_subnet(town, "api"), put_subnet(town, "system")
    network, hosted = network_of(town.subnet), {"systemNodeSubnetID": system}
    cluster = body(
        hostedSystemProfile={"enabled": True, **hosted, "nodeSubnetID": town.subnet},
        apiServerAccessProfile={"enableVnetIntegration": True, "subnetId": api},
        agentPoolProfiles=[],
    )
    inherited = covered(network, api, system, town.subnet)
    return Topology({**cluster, "sku": {"name": "Automatic"}}, net(network), inherited)


def user_defined_routing(town: Town) -> Topology:
    """A route table and a security group on the subnet, in groups of their own."""
    table, rules = _routed(town)
    cluster = body(
        networkProfile={"outboundType": "userDefinedRouting"},
        agentPoolProfiles=[pool(town.subnet)],
    )
    return Topology(cluster, net(town.subnet, table, rules))


def kubenet(town: Town) -> Topology:
    """The identity needs the route table before the cluster is made."""
    table, rules = _routed(town)
    identity, principal = put_identity(town)
    assign(town, principal, roles.NETWORK_CONTRIBUTOR, table)
    cluster = body(
        user_assigned(identity),
        networkProfile={"networkPlugin": "kubenet"},
        agentPoolProfiles=[pool(town.subnet)],
    )
    return Topology(cluster, net(town.subnet, rules), dict.fromkeys(net(table), ""))


def private_zone_of_aks(town: Town) -> Topology:
    """The zone is linked to a network whose names custom servers resolve."""
    network = network_of(town.subnet)
    known = town.arm("GET", network)
    known["properties"]["dhcpOptions"] = {"dnsServers": ["10.0.0.4"]}
    town.arm("PUT", network, known)
    profile = {"enablePrivateCluster": True, "privateDNSZone": "system"}
    cluster = body(apiServerAccessProfile=profile, agentPoolProfiles=[pool(town.subnet)])
    return Topology(cluster, net(network), covered(network, town.subnet))


def private_zone(town: Town) -> Topology:
    """The identity needs the zone before the cluster is made."""
    zone = put(town, "Microsoft.Network/privateDnsZones", "privatelink.westus2.azmk8s.io")
    identity, principal = put_identity(town)
    assign(town, principal, roles.PRIVATE_DNS_ZONE_CONTRIBUTOR, zone)
    cluster = body(
        user_assigned(identity),
        apiServerAccessProfile={"enablePrivateCluster": True, "privateDNSZone": zone},
        agentPoolProfiles=[pool(town.subnet)],
    )
    network = network_of(town.subnet)
    of_zone = {(CONTROL_PLANE, roles.PRIVATE_DNS_ZONE_CONTRIBUTOR, zone): ""}
    return Topology(cluster, net(network), of_zone | covered(network, town.subnet))


def _routed(town: Town) -> tuple[str, str]:
    """Hang a route table and a security group on the town's subnet."""
    table = put(town, "Microsoft.Network/routeTables", "table", "net-routes")
    rules = put(town, "Microsoft.Network/networkSecurityGroups", "rules", "net-rules")
    hanging = {"routeTable": {"id": table}, "networkSecurityGroup": {"id": rules}}
    put_subnet(town, "nodes", **hanging)
    return table, rules


ALL: tuple[Callable[[Town], Topology], ...] = (
    custom_subnets,
    api_server_subnet,
    outbound_addresses,
    nat_gateway,
    nodes_by_address,
    node_auto_provisioning,
    automatic,
    user_defined_routing,
    kubenet,
    private_zone_of_aks,
    private_zone,
)
