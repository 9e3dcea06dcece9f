"""Azure from outside the product: what its operator does there, and what its controls show.

The operator uses the real SDK and azure-identity; the controls are the emulator's own endpoint.
"""

import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from azure.core.rest import HttpRequest
from azure.identity import ManagedIdentityCredential
from azure.mgmt.containerservice import ContainerServiceClient

from tests.e2e import loopback

GROUP = "clusters"
APP = "grantkeeper"  # the name of the product's identity in the ledger
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
_IDENTITY = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "REQUESTS_CA_BUNDLE", "NO_PROXY")

Grant = tuple[str, str, str]
"""Principal, role (GUID) and scope in lower case."""


class Azure:
    """The emulated Azure of one stack; `environment` is what the stack gives its operator."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.subscription = environment["SUBSCRIPTION_ID"]
        self.root = f"/subscriptions/{self.subscription}"
        network = f"{self.root}/resourceGroups/net-main/providers/Microsoft.Network"
        self.subnet = f"{network}/virtualNetworks/v/subnets/nodes"
        self.other_subnet = f"{network}/virtualNetworks/v/subnets/more"
        self.registry = (
            f"{self.root}/resourceGroups/shared-images/providers"
            "/Microsoft.ContainerRegistry/registries/images"
        )
        with self._as_operator():
            self._credential = ManagedIdentityCredential()
            self._arm = ContainerServiceClient(
                self._credential, self.subscription, base_url=environment["ARM_ENDPOINT"]
            )

    def close(self) -> None:
        """Close the operator's connections."""
        self._arm.close()
        self._credential.close()

    # --- the operator ----------------------------------------------------------------------------

    def make_surroundings(self) -> None:
        """A group for clusters, a VNet with subnets and a registry, each in a group of its own."""
        for group in (GROUP, "net-main", "shared-images"):
            self._put(f"{self.root}/resourceGroups/{group}", "2021-04-01", {})
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}
        subnets = [
            {"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/16"}},
            {"name": "more", "properties": {"addressPrefix": "10.2.0.0/16"}},
        ]
        network = {"properties": {**space, "subnets": subnets}}
        self._put(self.subnet.partition("/subnets/")[0], "2024-05-01", network)
        self._put(self.registry, "2023-07-01", {"sku": {"name": "Basic"}})

    def create_cluster(self, name: str, *, subnets: Sequence[str] = (), identity: str = "") -> None:
        """Make a cluster without the product, or change it: with a pool in each of these subnets
        (of nodes), as this user-assigned identity (as its own)."""
        pools = [
            {"name": f"np{number}", "mode": "System", "count": 1, "vnetSubnetID": subnet}
            for number, subnet in enumerate(subnets or (self.subnet,))
        ]
        runs_as: dict[str, Any] = {"type": "SystemAssigned"}
        if identity:
            runs_as = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
        body: Any = {
            "location": "westus2",
            "identity": runs_as,
            "properties": {"dnsPrefix": name, "agentPoolProfiles": pools},
        }
        with self._as_operator():
            self._arm.managed_clusters.begin_create_or_update(GROUP, name, body, polling=False)

    def delete_cluster(self, name: str) -> None:
        """Begin to delete a cluster."""
        with self._as_operator():
            self._arm.managed_clusters.begin_delete(GROUP, name, polling=False)

    def create_identity(self, name: str) -> str:
        """Make a user-assigned identity; its id."""
        kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
        path = f"{self.root}/resourceGroups/{GROUP}/providers/{kind}/{name}"
        self._put(path, "2024-11-30", {})
        return path

    def assign(self, principal: str, role: str, scope: str) -> str:
        """Make a role assignment without the product; its id."""
        authorization = "providers/Microsoft.Authorization"
        path = f"{scope}/{authorization}/roleAssignments/{uuid.uuid4()}"
        properties = {
            "roleDefinitionId": f"{self.root}/{authorization}/roleDefinitions/{role}",
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }
        self._put(path, "2022-04-01", {"properties": properties})
        return path

    def remove_assignment(self, assignment_id: str) -> None:
        """Remove a role assignment, whoever made it."""
        self._send("DELETE", assignment_id, "2022-04-01")

    # --- what is there ---------------------------------------------------------------------------

    def id_of(self, name: str) -> str:
        return (
            f"{self.root}/resourceGroups/{GROUP}/providers"
            f"/Microsoft.ContainerService/managedClusters/{name}"
        )

    def cluster(self, name: str) -> dict[str, Any] | None:
        """The cluster's ARM document, or None when there is none."""
        listed = self.control("GET", "/clusters")["value"]
        wanted = self.id_of(name).lower()
        return next((each for each in listed if each["id"].lower() == wanted), None)

    @property
    def principal_of_app(self) -> str:
        """The object id of the product's identity."""
        identities = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
        path = f"{self.root}/resourceGroups/{APP}/{identities}/{APP}"
        return str(self._send("GET", path, "2024-11-30")["properties"]["principalId"])

    def uid(self, name: str) -> str | None:
        """What tells this cluster from another one of the same name."""
        found = self.cluster(name)
        return found["properties"]["resourceUID"] if found else None

    def needed(self, name: str) -> list[Grant]:
        """What the identities of a cluster on the subnet need, by the tests' policy."""
        found = self.cluster(name)
        assert found, f"no cluster {name}"
        kubelet = found["properties"]["identityProfile"]["kubeletidentity"]["objectId"]
        runs_as = found["identity"]
        for own in (runs_as.get("userAssignedIdentities") or {}).values():
            runs_as = own
        subnets = {
            pool["vnetSubnetID"].lower() for pool in found["properties"]["agentPoolProfiles"]
        }
        networks = [(runs_as["principalId"], NETWORK_CONTRIBUTOR, subnet) for subnet in subnets]
        return sorted([*networks, (kubelet, ACR_PULL, self.registry.lower())])

    def assignments(self, name: str) -> list[dict[str, Any]]:
        """Role assignments made for a cluster of this name."""
        suffix = f" of {self.id_of(name)}".lower()
        listed = self.control("GET", "/assignments")["value"]
        return [
            each for each in listed if (each["properties"]["description"] or "").endswith(suffix)
        ]

    def granted(self, name: str) -> list[Grant]:
        """The same as triples."""
        return sorted(
            (
                each["properties"]["principalId"],
                each["properties"]["roleDefinitionId"].rpartition("/")[2],
                each["properties"]["scope"].lower(),
            )
            for each in self.assignments(name)
        )

    def app_requests(self, path: str = "") -> list[dict[str, Any]]:
        """The ledger of what the product asked of ARM, oldest first; `path` is a part of it."""
        listed = self.control("GET", "/ledger")["value"]
        return [
            each
            for each in listed
            if each["caller_name"] == APP and path.lower() in each["path"].lower()
        ]

    def app_writes(self, path: str = "") -> list[tuple[str, int]]:
        """Path (in lower case) and status of the product's writes among these requests."""
        return [
            (each["path"].lower(), each["status"])
            for each in self.app_requests(path)
            if each["method"] in ("PUT", "PATCH", "DELETE")
        ]

    # --- controls --------------------------------------------------------------------------------

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control endpoint."""
        return loopback.call(
            method,
            self._environment["EMULATOR_CONTROL_URL"] + path,
            body,
            {"x-emulator-key": self._environment["EMULATOR_CONTROL_KEY"]},
            self._environment["ARM_CA_BUNDLE"],
        )

    def allow(self, names: Iterable[str]) -> None:
        """Let Azure act on the assignments of these clusters from now on."""
        for each in [each for name in names for each in self.assignments(name)]:
            path = f"/assignments/{each['name']}"
            self.control("PATCH", path, {"effectiveInSeconds": 0})

    def spoil_events(self, kind: str, name: str, count: int, **how: Any) -> None:
        """Do something to the next events about a cluster."""
        self.spoil_events_about(kind, self.id_of(name), count, **how)

    def spoil_events_about(self, kind: str, subject: str, count: int, **how: Any) -> None:
        """Do something to the next events about a resource."""
        about = {"subjectContains": subject}
        self.control("POST", "/event-faults", {"kind": kind, "count": count, **about, **how})

    def events_of(self, name: str) -> list[dict[str, Any]]:
        """What Event Grid was given to deliver about a cluster, whatever became of it."""
        return self.events_about(self.id_of(name))

    def events_about(self, subject: str) -> list[dict[str, Any]]:
        """The same about a resource."""
        listed = self.control("GET", "/events")["value"]
        return [each for each in listed if each["subject"].lower() == subject.lower()]

    def turn(self, **knobs: Any) -> None:
        """Turn knobs of the emulator."""
        self.control("PATCH", "/knobs", knobs)

    # --------------------------------------------------------------------------------------------

    @contextmanager
    def _as_operator(self) -> Iterator[None]:
        """azure-identity and requests read the environment whenever they are used."""
        with patch.dict(os.environ, {name: self._environment[name] for name in _IDENTITY}):
            yield

    def _put(self, path: str, version: str, body: Mapping[str, Any]) -> None:
        self._send("PUT", path, version, {"location": "westus2", **body})

    def _send(self, method: str, path: str, version: str, body: Any = None) -> Any:
        url = f"{self._environment['ARM_ENDPOINT']}{path}?api-version={version}"
        request = HttpRequest(method, url, json=body)
        with self._as_operator():
            response = self._arm.send_request(request)
            response.raise_for_status()
            return response.json() if response.content else None
