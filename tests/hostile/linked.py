"""The resources that clusters point at, with facts that point where nothing may be granted."""

from collections.abc import Iterator
from typing import Any

from tests.hostile.mutation import Json, Spoiler
from tests.hostile.texts import scopes
from tests.hostile.topology import GATEWAYS, GROUPS, NETWORKS, REGISTRIES, SUBNETS, Place

_MODES: tuple[Any, ...] = (
    "AbacRepositoryPermissions",
    "LegacyRegistryPermissions",
    "abac",
    7,
    None,
    [],
)

_LEAVES = (
    "Microsoft.Compute/diskEncryptionSets/des",
    "Microsoft.KeyVault/vaults/keys",
    "Microsoft.ManagedIdentity/userAssignedIdentities/own",
    *(
        f"Microsoft.Network/{leaf}"
        for leaf in (
            "dnsZones/example.org",
            "networkSecurityGroups/x",
            "privateDnsZones/example.internal",
            "privateDnsZones/privatelink.westus2.azmk8s.io",
            *(f"publicIPAddresses/{name}" for name in ("ip0", "ip1", "nat")),
            *(f"publicIPPrefixes/{name}" for name in ("nat", "nodes", "out")),
            "routeTables/x",
        )
    ),
)


def resources(place: Place, spoiler: Spoiler) -> Iterator[tuple[str, Json | bytes]]:
    """The id and the document of each; about half are spoilt."""
    for group in dict.fromkeys(GROUPS):
        base = f"/subscriptions/{place.subscription}/resourceGroups/{group}/providers"
        for resource_id, properties in _in(base, place):
            document = {"id": resource_id, "properties": properties}
            spoil = place.chance.random() < 0.5
            yield resource_id, spoiler.document(document) if spoil else document


def _in(base: str, place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(NETWORKS):
        network = f"{base}/Microsoft.Network/virtualNetworks/v{number}"
        servers = place.chance.choice((["10.0.0.4"], [], [""], "10.0.0.4"))
        yield network, {"dhcpOptions": {"dnsServers": servers}}
        for name in ("virtual", *(f"s{n}" for n in range(SUBNETS))):
            hung = {
                "routeTable": {"id": _target(place)},
                "networkSecurityGroup": {"id": _target(place)},
            }
            yield f"{network}/subnets/{name}", hung
    for number in range(GATEWAYS):
        joined = [{"properties": {"subnet": {"id": _target(place)}}} for _ in range(2)]
        gateway = f"{base}/Microsoft.Network/applicationGateways/gw{number}"
        yield gateway, {"gatewayIPConfigurations": joined}
    for number in range(REGISTRIES):
        registry = f"{base}/Microsoft.ContainerRegistry/registries/registry{number}"
        yield registry, {"roleAssignmentMode": place.chance.choice(_MODES)}
    for leaf in _LEAVES:
        yield f"{base}/{leaf}", {}


def _target(place: Place) -> str:
    kind = place.chance.choice(("routeTables", "networkSecurityGroups"))
    trap = place.chance.choice(scopes(place.subscription))
    return place.chance.choice((place.network(kind, "x"), trap))
