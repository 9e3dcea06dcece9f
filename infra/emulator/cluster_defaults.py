"""What Azure fills in where a managed cluster's PUT says nothing (no state).

Shapes and defaults follow recordings of real answers (Azure CLI test test_aks_create_no_ssh_key,
2025-10). An empty string means "you choose".
"""

from __future__ import annotations

import copy
from typing import Any

KUBERNETES_VERSION = "1.32"
NODE_IMAGE = "AKSUbuntu-2204gen2containerd-202509.18.0"
VM_SIZE = "Standard_D8ds_v4"


def complete(
    properties: dict[str, Any],
    *,
    group: str,
    name: str,
    location: str,
    token: str,
    automatic: bool = False,
) -> dict[str, Any]:
    """A copy with everything Azure chooses; `token` makes the host names unique.

    `automatic` is for clusters of that SKU, which have more switched on.
    """
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
    if automatic:
        filled = _over(_AUTOMATIC, filled)
    for key, value in _DEFAULTS.items():
        filled.setdefault(key, copy.deepcopy(value))
    _complete_network(filled["networkProfile"])
    filled["agentPoolProfiles"] = [
        complete_pool(pool, version) for pool in filled.get("agentPoolProfiles") or ()
    ]
    return filled


def complete_sku(sku: dict[str, Any]) -> dict[str, Any]:
    """A copy with the name and tier a cluster has if it says nothing."""
    filled = {"name": "Base"} | sku
    return {"tier": "Standard" if is_automatic(filled) else "Free"} | filled


def is_automatic(sku: dict[str, Any]) -> bool:
    """Whether it is AKS Automatic."""
    return str(sku.get("name")).lower() == "automatic"


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

# learn.microsoft.com/azure/aks/intro-aks-automatic: what is there unless switched off
_AUTOMATIC: dict[str, Any] = {
    "apiServerAccessProfile": {"enableVnetIntegration": True},
    "ingressProfile": {"webAppRouting": {"enabled": True}},
    "nodeProvisioningProfile": {"mode": "Auto", "defaultNodePools": "Auto"},
}


def _over(defaults: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """`said`, with the defaults where it says nothing, at every depth."""
    filled = copy.deepcopy(defaults) | said
    for key, value in defaults.items():
        if isinstance(value, dict) and key in said:
            filled[key] = _over(value, said[key])
    return filled


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
    if network["outboundType"] == "managedNATGateway":
        gateway = network.setdefault("natGatewayProfile", {})
        gateway.setdefault("idleTimeoutInMinutes", 4)
        if not gateway.keys() & {"outboundIPs", "outboundIPPrefixes"}:
            gateway.setdefault("managedOutboundIPProfile", {"count": 1})


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
