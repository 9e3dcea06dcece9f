"""Where a cluster uses networks: subnets and what hangs on them, addresses (pure)."""

from shared.document import Found
from shared.model import Cluster
from shared.pointers import Related, Scopes, facts, of_each, pools, properties, resource_at

_SUBNET = "Microsoft.Network/virtualNetworks/subnets"


def node_subnets(cluster: Cluster, _: Related) -> Scopes:
    """Nodes and load balancers join the subnet of their pool."""
    for pool in pools(cluster):
        yield from pool.found("vnetSubnetID")


def pod_subnets(cluster: Cluster, _: Related) -> Scopes:
    """With dynamic pod addresses, pods take theirs from a subnet of their own."""
    for pool in pools(cluster):
        yield from pool.found("podSubnetID")


def api_server_subnet(cluster: Cluster, _: Related) -> Scopes:
    """With VNet integration the API server has a subnet (aks/api-server-vnet-integration)."""
    yield from properties(cluster).found("apiServerAccessProfile", "subnetId")


def hosted_system_subnets(cluster: Cluster, _: Related) -> Scopes:
    """AKS Automatic in an own network: the hosted system components and the nodes join these."""
    for name in ("systemNodeSubnetID", "nodeSubnetID"):
        yield from properties(cluster).found("hostedSystemProfile", name)


def virtual_networks(cluster: Cluster, related: Related) -> Scopes:
    """Some features read and join the network as a whole: node auto-provisioning (AKS#4777),
    AKS Automatic, load balancing by node IP, and private clusters, whose zone is linked to it."""
    if _needs_network(cluster):
        yield from networks(cluster, related)
    elif _has_system_zone(cluster):
        for network in networks(cluster, related):
            if facts(network, related).get("dnsServers"):  # aks/private-clusters, hub and spoke
                yield network


def route_tables(cluster: Cluster, related: Related) -> Scopes:
    """Kubenet keeps each node's route in the subnet's table; with user-defined routing the table
    is the operator's too (aks/configure-kubenet, AKS#1622)."""
    network = properties(cluster).at("networkProfile")
    kubenet = network.says("kubenet", "networkPlugin")
    if kubenet or network.says("userDefinedRouting", "outboundType"):
        yield from of_each(node_subnets(cluster, related), "routeTable", related)


def network_security_groups(cluster: Cluster, related: Related) -> Scopes:
    """A LoadBalancer service opens its port in the subnet's network security group."""
    yield from of_each(node_subnets(cluster, related), "networkSecurityGroup", related)


def outbound_ips(cluster: Cluster, _: Related) -> Scopes:
    """Without the right to join its own outbound IPs no LoadBalancer service works (AKS#1945)."""
    network = properties(cluster).at("networkProfile")
    for address in network.at("loadBalancerProfile", "outboundIPs", "publicIPs").each():
        yield from address.found("id")
    for address in network.at("natGatewayProfile", "outboundIPs", "publicIPs").each():
        yield from address.found()


def outbound_ip_prefixes(cluster: Cluster, _: Related) -> Scopes:
    """The same of prefixes."""
    network, prefixes = properties(cluster).at("networkProfile"), "outboundIPPrefixes"
    for prefix in network.at("loadBalancerProfile", prefixes, "publicIPPrefixes").each():
        yield from prefix.found("id")
    for prefix in network.at("natGatewayProfile", prefixes, "publicIPPrefixes").each():
        yield from prefix.found()


def node_public_ip_prefixes(cluster: Cluster, _: Related) -> Scopes:
    """Nodes with public addresses take them from the pool's prefix (aks/use-node-public-ips)."""
    for pool in pools(cluster):
        yield from pool.found("nodePublicIPPrefixID")


def networks(cluster: Cluster, related: Related) -> Scopes:
    """The networks of the nodes' subnets, each once; an id that is no subnet's as it is."""
    found = dict[str, Found]()
    for subnet in (*node_subnets(cluster, related), *hosted_system_subnets(cluster, related)):
        resource = resource_at(subnet)
        is_subnet = resource is not None and resource.type == _SUBNET
        network = str(resource.parent) if resource and is_subnet else subnet.text
        found.setdefault(network.lower(), Found(network, subnet.path))
    yield from found.values()


def _needs_network(cluster: Cluster) -> bool:
    body = properties(cluster)
    return (
        body.says("Auto", "nodeProvisioningProfile", "mode")
        or cluster.body.says("Automatic", "sku", "name")
        or body.says("nodeIP", "networkProfile", "loadBalancerProfile", "backendPoolType")
        or any(own_zone(cluster))
    )


def _has_system_zone(cluster: Cluster) -> bool:
    access = properties(cluster).at("apiServerAccessProfile")
    zone = access.text("privateDNSZone").lower()
    return access.flag("enablePrivateCluster") and zone in {"", "system"}


def own_zone(cluster: Cluster) -> Scopes:
    """The private DNS zone that was brought along; `system` and `none` are no ids."""
    for zone in properties(cluster).found("apiServerAccessProfile", "privateDNSZone"):
        if zone.text.lower() not in {"system", "none"}:
            yield zone
