"""Where a cluster's add-ons use resources: gateways, virtual nodes, DNS zones, metrics (pure)."""

from shared.document import Found
from shared.model import APP_ROUTING, Cluster
from shared.network_scopes import networks
from shared.pointers import Related, Scopes, group_of, of_each, resource_at

INGRESS_GATEWAY = "ingressApplicationGateway"
MONITORING = "omsagent"
VIRTUAL_NODES = "aciConnectorLinux"


def gateways(cluster: Cluster, _: Related) -> Scopes:
    """The ingress controller configures an application gateway that was brought along."""
    yield from cluster.addon(INGRESS_GATEWAY).found("config", "applicationGatewayId")


def gateway_groups(cluster: Cluster, related: Related) -> Scopes:
    """It also reads the gateway's group (application-gateway-kubernetes-ingress#997)."""
    for gateway in gateways(cluster, related):
        yield group_of(gateway)


def gateway_subnets(cluster: Cluster, related: Related) -> Scopes:
    """A gateway joins its subnet when it is made, and again when it is configured."""
    yield from cluster.addon(INGRESS_GATEWAY).found("config", "subnetId")
    yield from of_each(gateways(cluster, related), "subnet", related)


def gateway_networks(cluster: Cluster, related: Related) -> Scopes:
    """A gateway that is given addresses only gets a new subnet in the cluster's network."""
    config = cluster.addon(INGRESS_GATEWAY).at("config")
    if config.text("subnetCIDR") and not config.text("subnetId"):
        yield from networks(cluster, related)


def virtual_node_subnet(cluster: Cluster, related: Related) -> Scopes:
    """Virtual nodes run in the subnet of this name in the first pool's network
    (aks/virtual-nodes-cli)."""
    for name in cluster.addon(VIRTUAL_NODES).found("config", "SubnetName"):
        for network in list(networks(cluster, related))[:1]:
            yield Found(f"{network.text}/subnets/{name.text}", name.path)


def public_dns_zones(cluster: Cluster, _: Related) -> Scopes:
    """App routing writes its records into these zones (aks/app-routing-dns-ssl)."""
    return (zone for zone in _dns_zones(cluster) if not _is_private(zone))


def private_dns_zones(cluster: Cluster, _: Related) -> Scopes:
    """Private zones have a role of their own."""
    return (zone for zone in _dns_zones(cluster) if _is_private(zone))


def legacy_monitoring(cluster: Cluster, _: Related) -> Scopes:
    """Container insights without managed identity authentication publishes metrics of the cluster
    (until 2026-09-30)."""
    addon = cluster.addon(MONITORING)
    if addon and not addon.flag("config", "useAADAuth"):
        yield Found(cluster.id, "id")


def _dns_zones(cluster: Cluster) -> Scopes:
    for zone in cluster.addon(APP_ROUTING).at("dnsZoneResourceIds").each():
        yield from zone.found()


def _is_private(zone: Found) -> bool:
    resource = resource_at(zone)
    return resource is not None and resource.type == "Microsoft.Network/privateDnsZones"
