"""Short ways to make what tests of the emulator need, and to speak plain HTTP to it."""

from __future__ import annotations

import json
from typing import Any

from infra.emulator import Emulator
from infra.emulator.resource_types import Resource
from infra.emulator.wire import Request, Response
from infra.emulator.world import Principal

ORIGIN = "https://management.azure.com"
POOL = {"name": "nodepool1", "mode": "System", "count": 3}
LONG_ENOUGH = 400.0  # seconds; by then an operation on a cluster has ended


class Town:
    """A resource group `rg` with what clusters use."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.group = emulator.groups.create(emulator.subscription_id, "rg", "westus2").id

    def id(self, kind: str, name: str) -> str:
        """The id of a resource in the group."""
        return f"{self.group}/providers/{kind}/{name}"

    def put(self, kind: str, name: str, **body: Any) -> Resource:
        """Make a resource in westus2."""
        path = self.id(kind, name)
        return self.emulator.resources.put(path, {"location": "westus2", **body})[0]

    def subnet(self, name: str = "nodes") -> str:
        """A virtual network `net` with one subnet; the subnet's id."""
        network = self.put(
            "Microsoft.Network/virtualNetworks",
            "net",
            properties={
                "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
                "subnets": [{"name": name, "properties": {"addressPrefix": "10.1.0.0/24"}}],
            },
        )
        return f"{network.id}/subnets/{name}"

    def identity(self, name: str) -> Resource:
        """A user-assigned managed identity."""
        return self.put("Microsoft.ManagedIdentity/userAssignedIdentities", name)

    def registry(self, name: str = "images", **properties: Any) -> Resource:
        """A container registry."""
        kind = "Microsoft.ContainerRegistry/registries"
        return self.put(kind, name, sku={"name": "Basic"}, properties=properties)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        caller: Principal | None = None,
        headers: dict[str, str] | None = None,
        query: str = "api-version=2026-08-01",
    ) -> Response:
        """One request as the operator (or another caller)."""
        credential = self.emulator.credential(caller or self.emulator.operator)
        token = credential.get_token(f"{ORIGIN}/.default").token
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        content = b"" if body is None else json.dumps(body).encode()
        url = f"{ORIGIN}{path}?{query}" if query else f"{ORIGIN}{path}"
        return self.emulator.handle(Request.build(method, url, sent, content))

    def steer(self, method: str, path: str, body: Any = None) -> Response:
        """One request to the control endpoint, with its key."""
        key = {"x-emulator-key": self.emulator.keys.control}
        return self.ask(method, f"/_emulator{path}", body, headers=key, query="")


def error_code(response: Response) -> str:
    """The code of an error answer, whichever of the two shapes it has."""
    return str(response.body.get("error", response.body)["code"])


def cluster_body(**properties: Any) -> dict[str, Any]:
    """The least a cluster with a system-assigned identity needs."""
    return {
        "location": "westus2",
        "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "demo", "agentPoolProfiles": [dict(POOL)], **properties},
    }


def put_cluster(town: Town, name: str, body: dict[str, Any], **headers: str) -> Any:
    """Ask ARM for a cluster, with a body of any shape; the answer."""
    path = town.id("Microsoft.ContainerService/managedClusters", name)
    return town.ask("PUT", path, body, headers=headers)


def create(aks: Any, name: str = "c1", **properties: Any) -> None:
    """Ask the SDK for a cluster; it is there, and being made."""
    aks.managed_clusters.begin_create_or_update(
        "rg", name, cluster_body(**properties), polling=False
    )
