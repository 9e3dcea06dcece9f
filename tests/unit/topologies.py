"""Resources that clusters are made with, and what the rules find in a cluster's JSON."""

from typing import Any

import msgspec
from msgspec.structs import replace

from shared import wire
from shared.model import Grant
from shared.pointers import Related
from shared.policy import Policy
from shared.resource_id import ResourceId
from shared.wanted import wanted
from tests.unit.nouns import CLUSTER, NET, SUB, body, policy

Facts = dict[str, dict[str, tuple[str, ...]] | None]

GROUPS = f"/subscriptions/{SUB}/resourceGroups"
NODE_GROUP = f"{GROUPS}/MC_clusters_c1_westus2"
SHARED = f"{GROUPS}/shared-things"
VNET = f"{NET}/virtualNetworks/v"
HUB = f"{NET}/virtualNetworks/hub"
NODES, BATCH, PODS = (f"{VNET}/subnets/{name}" for name in ("nodes", "batch", "pods"))
HUB_NODES = f"{HUB}/subnets/nodes"
VAULT = f"{SHARED}/providers/Microsoft.KeyVault/vaults/keys"
KEY_ADDRESS = "https://keys.vault.azure.net/keys/etcd/0123456789abcdef0123456789abcdef"
ZONE = f"{NET}/privateDnsZones/privatelink.westus2.azmk8s.io"
GATEWAY = f"{NET}/applicationGateways/gw"
GATEWAY_SUBNET = f"{VNET}/subnets/gw"

ADDON_PRINCIPAL = "aaaaaaaa-0000-4000-8000-000000000003"
IDENTITY = {"objectId": ADDON_PRINCIPAL, "clientId": SUB, "resourceId": "unread"}

EVERYWHERE = """
  - roles:
      - AcrPull
      - Container Registry Repository Reader
      - DNS Zone Contributor
      - Key Vault Contributor
      - Key Vault Crypto User
      - Managed Identity Operator
      - Monitoring Metrics Publisher
      - Network Contributor
      - Private DNS Zone Contributor
      - Reader
    scopes: ["/subscriptions/*/resourceGroups/*"]
"""


def pool(**properties: Any) -> dict[str, Any]:
    """An agent pool's JSON."""
    return {"name": "nodepool1", "count": 3, "mode": "System", **properties}


def pools(*subnets: str) -> dict[str, Any]:
    """A pool on each of the subnets."""
    return {"agentPoolProfiles": [pool(vnetSubnetID=subnet) for subnet in subnets]}


def addon(key: str, **config: str) -> dict[str, Any]:
    """An add-on that is on, with its settings and its identity, as AKS writes it."""
    return {"addonProfiles": {key: {"enabled": True, "config": config, "identity": IDENTITY}}}


def routing(*zones: str) -> dict[str, Any]:
    """App routing with these DNS zones."""
    return {
        "ingressProfile": {
            "webAppRouting": {
                "enabled": True,
                "dnsZoneResourceIds": list(zones),
                "identity": IDENTITY,
            }
        }
    }


def related(facts: Facts) -> Related:
    """What is known of resources, by id: nothing of others; None is one that cannot be read."""
    known = {text.lower(): facts_of for text, facts_of in facts.items()}

    def of(resource: ResourceId) -> dict[str, tuple[str, ...]] | None:
        return known.get(resource.key, {})

    return of


def needs(
    properties: dict[str, Any],
    facts: Facts | None = None,
    by: Policy | None = None,
    profile: str = "",
    around: dict[str, Any] | None = None,
    **fields: Any,
) -> tuple[Grant, ...]:
    """What a cluster needs that has these properties, other members of the JSON `around` them and
    fields of the noun; by a policy that allows every role everywhere, unless told. Its one pool
    has no network of its own, unless told."""
    json = {**body(**{"agentPoolProfiles": [pool()], **properties}), **(around or {})}
    seen = replace(wire.cluster(msgspec.json.encode(json)), **fields)
    known = related(facts or {})
    return wanted(seen, CLUSTER, profile, by or policy(EVERYWHERE), (SUB,), known)


def because(reason: str, *args: Any, **named: Any) -> list[tuple[str, str]]:
    """The scope and source of the grants that are needed for this reason; args as of `needs`."""
    return [(g.scope, g.source) for g in needs(*args, **named) if g.because == reason]
