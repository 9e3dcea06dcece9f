"""The Azure around the product: what the operator and others make there, and how it looks after."""

import json
from typing import Any

from infra.emulator import Emulator, Knobs, ManualClock
from infra.emulator.cluster_state import Cluster
from infra.emulator.faults import Fault
from infra.emulator.identity import PrincipalCredential
from infra.emulator.wire import Request
from shared.resource_id import ClusterId, cluster_id
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR

SUBNET = (
    "/subscriptions/{0}/resourceGroups/net-main/providers/Microsoft.Network"
    "/virtualNetworks/v/subnets/nodes"
)
REGISTRY = (
    "/subscriptions/{0}/resourceGroups/shared-registry/providers/Microsoft.ContainerRegistry"
    "/registries/shared"
)


class Land:
    """One emulated Azure, where clusters are made in the group `clusters`."""

    def __init__(self, **knobs: Any) -> None:
        self.clock = ManualClock()
        self.azure = Emulator(Knobs(**knobs), self.clock)
        self.subscription = self.azure.subscription_id

    # --- what people do -------------------------------------------------------------------------

    def arm(self, method: str, path: str, body: Any = None, version: str = "2026-08-01") -> Any:
        """A request of the operator, straight to ARM."""
        credential = PrincipalCredential(self.azure.identities, self.azure.operator)
        token = credential.get_token("https://management.azure.com/.default").token
        url = f"https://management.azure.com{path}?api-version={version}"
        text = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        response = self.azure.handle(Request.build(method, url, headers, text))
        assert response.status < 300, response.body
        return response.body

    def make_network(self) -> str:
        """A group for clusters, and a VNet with a subnet in another; the subnet's id."""
        for group in ("clusters", "net-main", "shared-registry"):
            path = f"/subscriptions/{self.subscription}/resourceGroups/{group}"
            self.arm("PUT", path, {"location": "westus2"}, "2021-04-01")
        subnet = SUBNET.format(self.subscription)
        self.arm(
            "PUT",
            subnet.partition("/subnets/")[0],
            {
                "location": "westus2",
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
                    "subnets": [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/16"}}],
                },
            },
            "2024-05-01",
        )
        return subnet

    def make_registry(self) -> str:
        """The registry that every cluster of the policy pulls from; its id."""
        registry = REGISTRY.format(self.subscription)
        self.arm("PUT", registry, {"location": "westus2", "sku": {"name": "Basic"}}, "2023-07-01")
        return registry

    @property
    def subnet(self) -> str:
        return SUBNET.format(self.subscription)

    @property
    def registry(self) -> str:
        return REGISTRY.format(self.subscription)

    def make_cluster(self, name: str = "c1", **properties: Any) -> None:
        """Someone else makes a cluster, straight in ARM; `identity` stands beside properties."""
        identity = properties.pop("identity", {"type": "SystemAssigned"})
        pool = {"name": "np", "mode": "System", "count": 1, "vnetSubnetID": self.subnet}
        body = {
            "location": "westus2",
            "identity": identity,
            "properties": {"dnsPrefix": name, "agentPoolProfiles": [pool], **properties},
        }
        self.arm("PUT", str(self.id_of(name)), body)

    def delete_cluster(self, name: str = "c1") -> None:
        self.arm("DELETE", str(self.id_of(name)))

    def fault(self, kind: Any, **how: Any) -> None:
        """Bad weather between the product and ARM (infra/emulator/faults.py)."""
        self.azure.faults.add(Fault(kind, caller=self.azure.app_identity.display_name, **how))

    # --- the state of the world ------------------------------------------------------------------

    def id_of(self, name: str = "c1") -> ClusterId:
        return cluster_id(self.subscription, "clusters", name)

    def cluster(self, name: str = "c1") -> Cluster:
        """The cluster as Azure has it."""
        found = self.azure.clusters.find(str(self.id_of(name)))
        assert found, f"no cluster {name}"
        return found

    def provisioned(self, name: str = "c1") -> bool:
        """Whether Azure has the cluster, with its creation successfully ended."""
        found = self.azure.clusters.find(str(self.id_of(name)))
        return found is not None and found.provisioning_state == "Succeeded"

    def expected_grants(self, *names: str) -> list[tuple[str, str, str]]:
        """What `grants_made` is when each of these clusters, on the subnet, has its grants."""
        found = []
        for name in names:
            cluster = self.cluster(name)
            node = (cluster.control_plane_principal_id, NETWORK_CONTRIBUTOR, self.subnet.lower())
            pull = (cluster.kubelet_object_id, ACR_PULL, self.registry.lower())
            found += [node, pull]
        return sorted(found)

    def calls(self, method: str = "", path: str = "", status: int = 0) -> int:
        """How many requests of the product ARM has answered (with this status)."""
        caller = self.azure.app_identity.display_name
        return sum(
            entry.caller_name == caller
            and method in ("", entry.method)
            and path.lower() in entry.path.lower()
            and status in (0, entry.status)
            for entry in self.azure.world.ledger.entries
        )

    def grants_made(self) -> list[tuple[str, str, str]]:
        """(principal, role GUID, scope in lower case) of every assignment the product wrote."""
        return sorted(
            (a.principal_id, a.role_guid, a.scope.lower())
            for a in self.azure.role_assignments.all()
            if (a.description or "").startswith("grantkeeper")
        )
