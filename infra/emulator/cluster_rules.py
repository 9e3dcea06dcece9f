"""What the fields of a managed cluster's body demand of each other.

Sources: the descriptions of the fields in the service's REST specification, as the docstrings of
azure-mgmt-containerservice 41.8.0 repeat them, unless a page is named.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from . import addons
from .arm_ids import group_of, subscription_of, type_of

Complaint = tuple[str, str]
"""A parameter and what is wrong with it."""

PRIVATE_ZONE_TYPE = "microsoft.network/privatednszones"
_CHOICES: dict[str, tuple[str, ...]] = {
    "sku.name": ("Base", "Automatic"),
    "sku.tier": ("Free", "Standard", "Premium"),
    "properties.nodeProvisioningProfile.mode": ("Manual", "Auto"),
    "properties.bootstrapProfile.artifactSource": ("Cache", "Direct"),
    "properties.networkProfile.loadBalancerProfile.backendPoolType": (
        "NodeIPConfiguration",
        "NodeIP",
    ),
    "properties.networkProfile.natGatewayProfile.sku": ("Standard", "StandardV2"),
    "properties.securityProfile.azureKeyVaultKms.keyVaultNetworkAccess": ("Public", "Private"),
}

_COUNTS = {
    "networkProfile.loadBalancerProfile.managedOutboundIPs.count": 100,
    "networkProfile.natGatewayProfile.managedOutboundIPProfile.count": 16,
}
"""Numbers of addresses, from 1 to these."""


def broken(body: dict[str, Any]) -> Iterator[Complaint]:
    """Every rule the body breaks."""
    properties = body["properties"]
    yield from _choices(body)
    yield from _counts(properties)
    yield from _hosted_system(body)
    yield from _key_management(_at(properties, "securityProfile.azureKeyVaultKms") or {})
    yield from _nat_gateway(_at(properties, "networkProfile.natGatewayProfile") or {})
    yield from _private_zone(_at(properties, "apiServerAccessProfile.privateDNSZone") or "")
    yield from _zones(_at(properties, "ingressProfile.webAppRouting.dnsZoneResourceIds") or [])
    yield from _application_gateway(properties)


def hosts_system_nodes(properties: dict[str, Any]) -> bool:
    """Whether AKS runs the system pods on nodes of its own: no system pool is needed then
    (aka.ms/aks/automatic/systemcomponents)."""
    return bool(_at(properties, "hostedSystemProfile.enabled"))


def _choices(body: dict[str, Any]) -> Iterator[Complaint]:
    for path, choices in _CHOICES.items():
        said = _at(body, path)
        if said and str(said).lower() not in map(str.lower, choices):
            yield path.removeprefix("properties."), f"'{said}' is not one of {', '.join(choices)}."


def _counts(properties: dict[str, Any]) -> Iterator[Complaint]:
    for path, most in _COUNTS.items():
        said = _at(properties, path)
        if said is not None and not 1 <= said <= most:
            yield path, f"{said} is not in the range 1 to {most}."


def _hosted_system(body: dict[str, Any]) -> Iterator[Complaint]:
    properties = body["properties"]
    if hosts_system_nodes(properties) and str(_at(body, "sku.name")).lower() != "automatic":
        yield "hostedSystemProfile.enabled", "Hosted system nodes need the SKU Automatic."
    own = [
        _at(properties, f"hostedSystemProfile.{field}")
        for field in ("systemNodeSubnetID", "nodeSubnetID")
    ]
    if not any(own):
        return
    subnets = [*own, _at(properties, "apiServerAccessProfile.subnetId")]
    if not all(subnets):
        yield (
            "hostedSystemProfile",
            "systemNodeSubnetID, nodeSubnetID and apiServerAccessProfile.subnetId must be given "
            "together.",
        )
    elif len({subnet.lower().rpartition("/subnets/")[0] for subnet in subnets}) > 1:
        yield "hostedSystemProfile", "All three subnets must belong to the same virtual network."


def _key_management(kms: dict[str, Any]) -> Iterator[Complaint]:
    where = "securityProfile.azureKeyVaultKms"
    if kms.get("enabled") and not kms.get("keyId"):
        yield f"{where}.keyId", "The key is required when key management is enabled."
    is_private = (kms.get("keyVaultNetworkAccess") or "").lower() == "private"
    if kms.get("enabled") and is_private != bool(kms.get("keyVaultResourceId")):
        yield (
            f"{where}.keyVaultResourceId",
            "The vault is required when its network access is Private, and left empty otherwise.",
        )


def _nat_gateway(gateway: dict[str, Any]) -> Iterator[Complaint]:
    if gateway.get("outboundIPPrefixes") and (gateway.get("sku") or "").lower() == "standard":
        yield "natGatewayProfile.outboundIPPrefixes", "Prefixes need the SKU StandardV2."


def _private_zone(zone: str) -> Iterator[Complaint]:
    is_id = type_of(zone).lower() == PRIVATE_ZONE_TYPE
    if zone and zone.lower() not in ("system", "none") and not is_id:
        yield (
            "apiServerAccessProfile.privateDNSZone",
            "It must be 'system', 'none' or the id of a private DNS zone.",
        )


def _zones(zones: list[str]) -> Iterator[Complaint]:
    """All public zones in one group, and all private ones in one."""
    for private in (False, True):
        groups = {
            (subscription_of(zone).lower(), group_of(zone).lower())
            for zone in zones
            if (type_of(zone).lower() == PRIVATE_ZONE_TYPE) is private
        }
        if len(groups) > 1:
            yield (
                "webAppRouting.dnsZoneResourceIds",
                "All zones of a kind must be in the same resource group.",
            )


def _application_gateway(properties: dict[str, Any]) -> Iterator[Complaint]:
    addon = addons.enabled(properties).get("ingressapplicationgateway", {})
    if cidr := addons.setting(addon, "subnetCIDR"):
        try:
            ipaddress.ip_network(cidr)
        except ValueError:
            yield "ingressApplicationGateway.config.subnetCIDR", f"'{cidr}' is no address range."


def _at(document: dict[str, Any], path: str) -> Any:
    found: Any = document
    for field in path.split("."):
        found = (found or {}).get(field)
    return found
