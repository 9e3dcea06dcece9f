"""The managed cluster's body: what a PUT may say, and what Azure fills in (no state).

Shapes and defaults follow recordings of real answers (Azure CLI test test_aks_create_no_ssh_key,
2025-10). An empty string means "you choose". Fields nobody knows are refused, which Azure does not
always do.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from . import cluster_fields, cluster_shape
from .wire import ArmError

KUBERNETES_VERSION = "1.32"
NODE_IMAGE = "AKSUbuntu-2204gen2containerd-202509.18.0"
VM_SIZE = "Standard_D8ds_v4"

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
    if not properties.get("agentPoolProfiles"):
        raise _missing("agentPoolProfiles", name, group)
    prefix = properties.get("dnsPrefix") or properties.get("fqdnSubdomain")
    if not prefix:
        raise _missing("dnsPrefix", name, group)
    if not _DNS_PREFIX.fullmatch(prefix):
        raise invalid("dnsPrefix")
    _check_pools(properties["agentPoolProfiles"])
    _check_identity(body, name, group)
    if not exists:
        _check_new_service_principal(body, name, group)


def _check_pools(pools: list[dict[str, Any]]) -> None:
    for pool in pools:
        check_pool(pool)
    names = [pool["name"] for pool in pools]
    if len(set(names)) != len(names):
        raise invalid("agentPoolProfiles", "Agent pool names must be unique.")
    if not any((pool.get("mode") or "").lower() == "system" for pool in pools):
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


def complete(
    properties: dict[str, Any], *, group: str, name: str, location: str, token: str
) -> dict[str, Any]:
    """A copy with everything Azure chooses; `token` makes the host names unique."""
    filled: dict[str, Any] = _without_empty(copy.deepcopy(properties))
    version = filled.setdefault("kubernetesVersion", KUBERNETES_VERSION)
    prefix = filled.get("dnsPrefix") or filled["fqdnSubdomain"]
    host = f"{prefix}-{token[:8]}".lower()
    filled |= {
        "currentKubernetesVersion": _patch_version(version),
        "fqdn": f"{host}.hcp.{location}.azmk8s.io",
        "azurePortalFQDN": f"{host}.portal.hcp.{location}.azmk8s.io",
        "maxAgentPools": 100,
        "powerState": {"code": "Running"},
    }
    filled.setdefault("nodeResourceGroup", f"MC_{group}_{name}_{location}"[:80])
    for key, value in _DEFAULTS.items():
        filled.setdefault(key, copy.deepcopy(value))
    _complete_network(filled["networkProfile"])
    filled["agentPoolProfiles"] = [
        complete_pool(pool, version) for pool in filled["agentPoolProfiles"]
    ]
    return filled


_DEFAULTS: dict[str, Any] = {
    "enableRBAC": True,
    "supportPlan": "KubernetesOfficial",
    "networkProfile": {},
    "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
    "disableLocalAccounts": False,
    "securityProfile": {},
    "storageProfile": {
        "diskCSIDriver": {"enabled": True},
        "fileCSIDriver": {"enabled": True},
        "snapshotController": {"enabled": True},
    },
    "oidcIssuerProfile": {"enabled": False},
    "workloadAutoScalerProfile": {},
    "metricsProfile": {"costAnalysis": {"enabled": False}},
    "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
    "bootstrapProfile": {"artifactSource": "Direct"},
}


def _complete_network(network: dict[str, Any]) -> None:
    if "networkPlugin" not in network:
        network |= {"networkPlugin": "azure", "networkPluginMode": "overlay"}
    for key, value in {
        "networkPolicy": "none",
        "networkDataplane": "azure",
        "loadBalancerSku": "standard",
        "podCidr": "10.244.0.0/16",
        "serviceCidr": "10.0.0.0/16",
        "dnsServiceIP": "10.0.0.10",
        "outboundType": "loadBalancer",
        "ipFamilies": ["IPv4"],
    }.items():
        network.setdefault(key, value)
    network.setdefault("podCidrs", [network["podCidr"]])
    network.setdefault("serviceCidrs", [network["serviceCidr"]])
    if network["outboundType"] == "loadBalancer":
        balancer = network.setdefault("loadBalancerProfile", {})
        balancer.setdefault("backendPoolType", "nodeIPConfiguration")
        if not balancer.keys() & {"managedOutboundIPs", "outboundIPs", "outboundIPPrefixes"}:
            balancer["managedOutboundIPs"] = {"count": 1}


def complete_pool(pool: dict[str, Any], version: str) -> dict[str, Any]:
    """A copy of one agent pool with everything Azure chooses."""
    filled: dict[str, Any] = _without_empty(copy.deepcopy(pool))
    chosen = filled.setdefault("orchestratorVersion", version)
    filled |= {
        "currentOrchestratorVersion": _patch_version(chosen),
        "nodeImageVersion": NODE_IMAGE,
        "powerState": {"code": "Running"},
    }
    for key, value in {
        "count": 1,
        "vmSize": VM_SIZE,
        "osDiskSizeGB": 200,
        "osDiskType": "Ephemeral",
        "kubeletDiskType": "OS",
        "maxPods": 250,
        "type": "VirtualMachineScaleSets",
        "enableAutoScaling": False,
        "scaleDownMode": "Delete",
        "enableNodePublicIP": False,
        "mode": "User",
        "enableEncryptionAtHost": False,
        "enableUltraSSD": False,
        "osType": "Linux",
        "osSKU": "Ubuntu",
        "enableFIPS": False,
        "securityProfile": {"enableVTPM": False, "enableSecureBoot": False},
    }.items():
        filled.setdefault(key, value)
    upgrade = {"maxSurge": "10%", "maxUnavailable": "0"}
    filled["upgradeSettings"] = upgrade | (filled.get("upgradeSettings") or {})
    return filled


def _patch_version(version: str) -> str:
    return version if version.count(".") > 1 else f"{version}.7"


def _without_empty(document: Any) -> Any:
    """Drop null and empty strings: the service chooses then."""
    if isinstance(document, dict):
        kept = {k: _without_empty(v) for k, v in document.items()}
        return {k: v for k, v in kept.items() if v is not None and v != ""}
    if isinstance(document, list):
        return [_without_empty(each) for each in document]
    return document


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
