"""The add-ons of a managed cluster, wherever its body keeps them, and the identities they have.

AKS reads the keys of `addonProfiles` and of their `config` in any case of letters. Azure Policy
needs no identity (learn.microsoft.com/azure/aks/managed-identity-overview).
"""

from __future__ import annotations

import copy
from typing import Any

ROUTING = "webapprouting"
IDENTITIES = (
    "azurekeyvaultsecretsprovider",
    "omsagent",
    "ingressapplicationgateway",
    "aciconnectorlinux",
    ROUTING,
)
"""Add-ons with an identity; it is called ADDON-CLUSTER, in the node resource group."""
CONTRIBUTORS = ("ingressapplicationgateway", "aciconnectorlinux")
"""Those whose identity AKS makes Contributor on the node resource group."""


def enabled(properties: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The profiles of the add-ons that are on, by their key in lower case; app routing too."""
    return {key: profile for key, profile in _all(properties).items() if profile.get("enabled")}


def setting(profile: dict[str, Any], name: str) -> str:
    """One setting of an add-on's `config`; '' when it has none."""
    config = profile.get("config") or {}
    return next((v or "" for k, v in config.items() if k.lower() == name.lower()), "")


def keep_identities(properties: dict[str, Any], before: dict[str, Any]) -> None:
    """Show the identities that add-ons had before, and none that a client made up."""
    had = {key: profile.get("identity") for key, profile in enabled(before).items()}
    for key, profile in _all(properties).items():
        profile.pop("identity", None)
        if profile.get("enabled") and had.get(key):
            profile["identity"] = copy.deepcopy(had[key])


def _all(properties: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {k.lower(): v for k, v in (properties.get("addonProfiles") or {}).items() if v}
    routing = (properties.get("ingressProfile") or {}).get("webAppRouting")
    return found | ({ROUTING: routing} if routing else {})
