"""A topology: a cluster's body, and who needs what for it.

Those of `network_topologies` and `resource_topologies` are functions that make the ground and give
the topology. Their needs follow Microsoft's pages (learn.microsoft.com/azure/aks/
aks-service-permissions and the page of each feature).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.model import CONTROL_PLANE
from shared.roles import NETWORK_CONTRIBUTOR
from tests.flow.ground import Need

POLICY = Path(__file__).with_name("topologies.yaml").read_bytes()
"""Allows all of them, and no more."""


@dataclass(frozen=True, slots=True)
class Topology:
    """A cluster's body, without a location; what the product is to grant for it; and what it is to
    find there, with what the record then says it is `held_as`."""

    body: dict[str, Any]
    granted: set[Need]
    found: dict[Need, str] = field(default_factory=dict)


def body(identity: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """A cluster's body. Without pools of its own, it has one in no subnet."""
    pools = [{"name": "np", "mode": "System", "count": 1}]
    return {
        "identity": identity or {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "demo", "agentPoolProfiles": pools, **properties},
    }


def pool(subnet: str, name: str = "np", **more: Any) -> dict[str, Any]:
    """An agent pool in a subnet."""
    return {"name": name, "mode": "System", "count": 1, "vnetSubnetID": subnet, **more}


def net(*scopes: str, identity: str = CONTROL_PLANE) -> set[Need]:
    """Network Contributor at each of the scopes."""
    return {(identity, NETWORK_CONTRIBUTOR, scope) for scope in scopes}


def covered(network: str, *subnets: str) -> dict[Need, str]:
    """Subnets whose network the product grants."""
    return dict.fromkeys(net(*subnets), f"Network Contributor at {network}")
