"""Storage that cannot be reached from everywhere can be reached by the app."""

import re
from collections.abc import Iterator

from tests.template.variants import Variant

ENDPOINTS = "Microsoft.Network/privateEndpoints"
ZONES = "Microsoft.Network/privateDnsZones"
_SERVICE = re.compile(r"(.+):properties\.primaryEndpoints\.(\w+)")


def used(variant: Variant) -> set[tuple[str, str]]:
    """The accounts, and their services, that settings of the app lead to."""
    (settings,) = variant.of("Microsoft.Web/sites/config")
    found = (_SERVICE.fullmatch(str(value)) for value in settings.properties.values())
    return {(each[1], each[2]) for each in found if each}


def endpoints(variant: Variant) -> Iterator[str]:
    """Each service that is used has an endpoint in the subnet, and each endpoint its name."""
    subnet = variant.parameters.get("endpointSubnetId")
    wanted = used(variant) if subnet else set()
    if len(used(variant)) < 4:
        yield "not each service of storage that the app uses is found in its settings"
    ways = variant.of(ENDPOINTS)
    named = {each.id: each for each in variant.of(f"{ENDPOINTS}/privateDnsZoneGroups")}
    reached = []
    for each in ways:
        (way,) = (one["properties"] for one in each.properties["privateLinkServiceConnections"])
        (service,) = way.get("groupIds") or [""]
        reached.append((way["privateLinkServiceId"], service))
        if each.properties["subnet"]["id"] != subnet:
            yield f"{each.origin}: it is not in the subnet for endpoints"
        names = named.get(f"{each.id}/privateDnsZoneGroups/default")
        zones = names.properties["privateDnsZoneConfigs"] if names else []
        ids = [zone["properties"]["privateDnsZoneId"] for zone in zones]
        if ids != [f"{_zones_at(variant)}/privatelink.{service}.core.windows.net"]:
            yield f"{each.origin}: {each.body['name']} has no name in the zone of its service"
    if sorted(reached) != sorted(wanted):
        yield "the private endpoints are not those of the services that the app uses"


def zones(variant: Variant) -> Iterator[str]:
    """The names are known in the network of the app, and in that of the endpoints."""
    subnets = [variant.parameters.get(name) for name in ("endpointSubnetId", "subnetId")]
    makes = subnets[0] and not variant.parameters.get("privateDnsGroupId")
    networks = {subnet.partition("/subnets/")[0] for subnet in subnets if subnet}
    services = {service for _, service in used(variant)} if makes else set()
    made = {each.id: each for each in variant.of(ZONES)}
    if made.keys() != {
        f"{_zones_at(variant)}/privatelink.{service}.core.windows.net" for service in services
    }:
        yield "the DNS zones are not those of the services that the app uses"
    links = variant.of(f"{ZONES}/virtualNetworkLinks")
    for zone in made:
        mine = [each for each in links if each.id.startswith(f"{zone}/")]
        if sorted(each.properties["virtualNetwork"]["id"] for each in mine) != sorted(networks):
            yield f"{zone} is not linked to the networks of the app and of the endpoints"
    for each in links:
        if each.properties["registrationEnabled"] is not False:
            yield f"{each.origin}: machines of the network would be registered in the zone"


def _zones_at(variant: Variant) -> str:
    (site,) = variant.of("Microsoft.Web/sites")
    group = variant.parameters.get("privateDnsGroupId") or site.scope
    return f"{group}/providers/{ZONES}"
