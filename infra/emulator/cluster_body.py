"""What a managed cluster's PUT may say, by looking at its body alone (no state).

Fields nobody knows are refused, which Azure does not always do.
"""

from __future__ import annotations

import re
from typing import Any

from . import cluster_fields, cluster_rules, cluster_shape
from .wire import ArmError

_CLUSTER_NAME = re.compile("[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?")
_DNS_PREFIX = re.compile("[a-zA-Z0-9]([a-zA-Z0-9-]{0,52}[a-zA-Z0-9])?")
_LINUX_POOL = re.compile("[a-z][a-z0-9]{0,11}")
_WINDOWS_POOL = re.compile("[a-z][a-z0-9]{0,5}")


def invalid(parameter: str, message: str = "") -> ArmError:
    """400 InvalidParameter of the AKS resource provider (flat)."""
    text = message or f"The value of parameter {parameter} is invalid."
    return ArmError(400, "InvalidParameter", text, flat=True, target=parameter)


def check(name: str, group: str, body: dict[str, Any], *, exists: bool) -> None:
    """ArmError for what AKS refuses by looking at the body alone."""
    if not _CLUSTER_NAME.fullmatch(name):
        raise invalid("resourceName", f"The value of parameter resourceName '{name}' is invalid.")
    _refuse_unknown(body, cluster_fields.CLUSTER, "managedCluster")
    if wrong := cluster_shape.misfit(body, cluster_shape.ManagedCluster):
        raise invalid("managedCluster", wrong)
    properties = body.get("properties")
    if not body.get("location"):
        raise ArmError(
            400, "LocationRequired", "The location property is required for this definition."
        )
    if not properties:
        raise _missing("properties", name, group)
    _refuse_unknown(properties, cluster_fields.PROPERTIES, "properties")
    pools = properties.get("agentPoolProfiles") or []
    hosted = cluster_rules.hosts_system_nodes(properties)
    if not pools and not hosted:
        raise _missing("agentPoolProfiles", name, group)
    prefix = properties.get("dnsPrefix") or properties.get("fqdnSubdomain")
    if not prefix:
        raise _missing("dnsPrefix", name, group)
    if not _DNS_PREFIX.fullmatch(prefix):
        raise invalid("dnsPrefix")
    _check_pools(pools, hosted=hosted)
    _check_identity(body, name, group)
    for parameter, message in cluster_rules.broken(body):
        raise invalid(parameter, message)
    if not exists:
        _check_new_service_principal(body, name, group)


def _check_pools(pools: list[dict[str, Any]], *, hosted: bool) -> None:
    for pool in pools:
        check_pool(pool)
    names = [pool["name"] for pool in pools]
    if len(set(names)) != len(names):
        raise invalid("agentPoolProfiles", "Agent pool names must be unique.")
    has_system = any((pool.get("mode") or "").lower() == "system" for pool in pools)
    if not has_system and not hosted:
        raise invalid("agentPoolProfiles", "Must define at least one system pool.")


def check_pool(pool: dict[str, Any]) -> None:
    """ArmError for what AKS refuses in one agent pool."""
    _refuse_unknown(pool, cluster_fields.AGENT_POOL, "agentPoolProfile")
    if wrong := cluster_shape.misfit(pool, cluster_shape.AgentPool):
        raise invalid("agentPoolProfile", wrong)
    pattern = _WINDOWS_POOL if pool.get("osType") == "Windows" else _LINUX_POOL
    if not pattern.fullmatch(pool.get("name") or ""):
        raise invalid("agentPoolProfile.name")
    count = 1 if pool.get("count") is None else pool["count"]
    lowest = 1 if pool.get("mode") == "System" else 0
    if not lowest <= count <= 1000:
        raise invalid("agentPoolProfile.count")


def _check_identity(body: dict[str, Any], name: str, group: str) -> None:
    kind = identity_type(body)
    service_principal = body["properties"].get("servicePrincipalProfile") or {}
    has_principal = (service_principal.get("clientId") or "msi").lower() != "msi"
    if kind == "None" and not has_principal:
        raise _missing("servicePrincipalProfile", name, group)
    users = (body.get("identity") or {}).get("userAssignedIdentities") or {}
    if (kind == "UserAssigned") != (len(users) == 1):
        raise invalid("identity.userAssignedIdentities")


def _check_new_service_principal(body: dict[str, Any], name: str, group: str) -> None:
    """An update may leave the secret out, and may move from a service principal to an identity."""
    service_principal = body["properties"].get("servicePrincipalProfile") or {}
    if identity_type(body) == "None":
        if not service_principal.get("secret"):
            raise _missing("servicePrincipalProfile.secret", name, group)
    elif (service_principal.get("clientId") or "msi").lower() != "msi":
        raise invalid("servicePrincipalProfile")


def identity_type(body: dict[str, Any]) -> str:
    """'SystemAssigned', 'UserAssigned' or 'None'; ArmError for anything else."""
    asked = str((body.get("identity") or {}).get("type") or "None")
    for known in ("SystemAssigned", "UserAssigned", "None"):
        if asked.lower() == known.lower():
            return known
    raise invalid("identity.type")


def _refuse_unknown(document: dict[str, Any], known: frozenset[str], where: str) -> None:
    if unknown := sorted(set(document) - known):
        raise ArmError(
            400,
            "UnmarshalError",
            f"UnmarshalEntity encountered error: json: unknown field '{unknown[0]}' in {where}.",
            flat=True,
        )


def _missing(parameter: str, name: str, group: str) -> ArmError:
    return invalid(
        parameter,
        f"Preflight validation check for resource(s) for container service {name} in resource "
        f"group {group} failed. Message: Required parameter {parameter} is missing (null).. "
        "Details: ",
    )
