"""What Azure adds to, and demands of, the resources that clusters are granted roles on.

One function per resource type; each takes the resource as sent and completes its properties.
A type without a function is kept as sent.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .arm_ids import type_of
from .wire import ArmError

ABAC_MODE = "AbacRepositoryPermissions"
_MODES = ("LegacyRegistryPermissions", ABAC_MODE)


@dataclass
class Resource:
    """Any resource but a cluster. `body` holds what ARM keeps besides id, name and type."""

    id: str
    name: str
    type: str
    body: dict[str, Any]
    etag: str
    principal_id: str | None = None  # of its own managed identity, or the identity it is
    client_id: str | None = None
    tenant_id: str = ""

    @property
    def properties(self) -> dict[str, Any]:
        """`body.properties`, there in every resource."""
        found: dict[str, Any] = self.body.setdefault("properties", {})
        return found

    def document(self) -> dict[str, Any]:
        """The body of an answer, without children."""
        return {"id": self.id, "name": self.name, "type": self.type, **self.body}


def complete(resource: Resource) -> None:
    """Fill in what the service would; ArmError for what it would refuse."""
    if modelled := _MODELLED.get(type_of(resource.id).lower()):
        modelled(resource)
    resource.properties.setdefault("provisioningState", "Succeeded")


def needs_location(resource_type: str) -> bool:
    """Whether a resource of this type is refused without a location."""
    return resource_type.lower() in _MODELLED and resource_type.count("/") == 1


def _virtual_network(resource: Resource) -> None:
    prefixes = (resource.properties.get("addressSpace") or {}).get("addressPrefixes") or []
    if not prefixes:
        raise _invalid("InvalidRequestFormat", "The property 'addressSpace' is required.")
    for prefix in prefixes:
        _network(prefix)
    resource.properties.pop("subnets", None)
    resource.properties.setdefault("virtualNetworkPeerings", [])
    resource.properties.setdefault("enableDdosProtection", False)


def _subnet(resource: Resource) -> None:
    properties = resource.properties
    prefixes = properties.get("addressPrefixes") or [properties.get("addressPrefix")]
    for prefix in prefixes:
        _network(prefix)
    properties.setdefault("delegations", [])
    properties.setdefault("privateEndpointNetworkPolicies", "Disabled")
    properties.setdefault("privateLinkServiceNetworkPolicies", "Enabled")


def _public_ip(resource: Resource) -> None:
    resource.body.setdefault("sku", {"name": "Standard", "tier": "Regional"})
    resource.properties.setdefault("publicIPAllocationMethod", "Static")
    resource.properties.setdefault("publicIPAddressVersion", "IPv4")
    resource.properties.setdefault("idleTimeoutInMinutes", 4)
    resource.properties.setdefault("ipAddress", f"203.0.113.{_number(resource.id, 254) + 1}")


def _public_ip_prefix(resource: Resource) -> None:
    resource.body.setdefault("sku", {"name": "Standard", "tier": "Regional"})
    length = resource.properties.setdefault("prefixLength", 31)
    resource.properties.setdefault("ipPrefix", f"198.51.100.0/{length}")


def _route_table(resource: Resource) -> None:
    resource.properties.setdefault("routes", [])


def _security_group(resource: Resource) -> None:
    resource.properties.setdefault("securityRules", [])
    resource.properties.setdefault("defaultSecurityRules", [])


def _disk(resource: Resource) -> None:
    resource.body.setdefault("sku", {"name": "Premium_LRS", "tier": "Premium"})
    resource.properties.setdefault("diskState", "Unattached")


def _registry(resource: Resource) -> None:
    if not re.fullmatch("[a-zA-Z0-9]{5,50}", resource.name):
        raise _invalid("InvalidParameter", f"The registry name '{resource.name}' is invalid.")
    if not resource.body.get("sku"):
        raise _invalid("MissingSku", "The property 'sku' is required.")
    resource.properties.setdefault("loginServer", f"{resource.name.lower()}.azurecr.io")
    resource.properties.setdefault("adminUserEnabled", False)
    mode = resource.properties.setdefault("roleAssignmentMode", _MODES[0])
    if mode not in _MODES:
        raise _invalid("InvalidParameter", f"The roleAssignmentMode '{mode}' is invalid.")


def _vault(resource: Resource) -> None:
    if not re.fullmatch("[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]", resource.name):
        raise _invalid("VaultNameNotValid", f"The vault name '{resource.name}' is invalid.")
    resource.properties.setdefault("tenantId", resource.tenant_id)
    resource.properties.setdefault("vaultUri", f"https://{resource.name.lower()}.vault.azure.net/")
    resource.properties.setdefault("enableRbacAuthorization", True)


def _dns_zone(resource: Resource) -> None:
    resource.properties.setdefault("nameServers", ["ns1-01.azure-dns.com."])
    resource.properties.setdefault("numberOfRecordSets", 2)


def _private_dns_zone(resource: Resource) -> None:
    resource.properties.setdefault("numberOfRecordSets", 1)


def _identity(resource: Resource) -> None:
    resource.body["properties"] = {
        "tenantId": resource.tenant_id,
        "principalId": resource.principal_id,
        "clientId": resource.client_id,
    }


def _storage_account(resource: Resource) -> None:
    if not re.fullmatch("[a-z0-9]{3,24}", resource.name):
        raise _invalid("AccountNameInvalid", f"{resource.name} is not a valid account name.")
    endpoints = {
        service: f"https://{resource.name}.{service}.core.windows.net/"
        for service in ("blob", "queue", "table", "file")
    }
    resource.properties.setdefault("primaryEndpoints", endpoints)


def _as_sent(_resource: Resource) -> None:
    """Known to need a location, nothing else."""


_MODELLED: dict[str, Callable[[Resource], None]] = {
    "microsoft.network/virtualnetworks": _virtual_network,
    "microsoft.network/virtualnetworks/subnets": _subnet,
    "microsoft.network/publicipaddresses": _public_ip,
    "microsoft.network/publicipprefixes": _public_ip_prefix,
    "microsoft.network/routetables": _route_table,
    "microsoft.network/networksecuritygroups": _security_group,
    "microsoft.network/dnszones": _dns_zone,
    "microsoft.network/privatednszones": _private_dns_zone,
    "microsoft.network/applicationgateways": _as_sent,
    "microsoft.network/natgateways": _as_sent,
    "microsoft.compute/disks": _disk,
    "microsoft.compute/diskencryptionsets": _as_sent,
    "microsoft.compute/capacityreservationgroups": _as_sent,
    "microsoft.compute/hostgroups": _as_sent,
    "microsoft.containerregistry/registries": _registry,
    "microsoft.keyvault/vaults": _vault,
    "microsoft.managedidentity/userassignedidentities": _identity,
    "microsoft.storage/storageaccounts": _storage_account,
}


def _network(prefix: Any) -> None:
    try:
        ipaddress.ip_network(str(prefix))
    except ValueError:
        raise _invalid(
            "InvalidCIDRNotation", f"The address prefix '{prefix}' is not in CIDR notation."
        ) from None


def _number(text: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(text.lower().encode()).digest()[:4]) % below


def _invalid(code: str, message: str) -> ArmError:
    return ArmError(400, code, message)
