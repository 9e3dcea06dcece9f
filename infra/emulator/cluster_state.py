"""One managed cluster: what is kept of it and how it is written down."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from . import addons, cluster_defaults
from .arm_ids import group_of
from .cluster_links import Link
from .operations import Operation
from .wire import ArmError
from .world import Principal, World

# set by the service; what a client echoes of them in a PUT is not looked at
_SERVICE_OWNED = (
    *("provisioningState", "resourceUID", "identityProfile", "fqdn", "azurePortalFQDN"),
    "status",
)


@dataclass
class Cluster:
    """A cluster of one incarnation: made again under the same name it has another `resource_uid`.

    `state` is how the last operation ended, `pending` what a running one is doing ('Creating').
    """

    id: str
    name: str
    resource_uid: str
    location: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] | None = None
    sku: dict[str, Any] = field(default_factory=dict)
    etag: str = ""
    state: str = ""
    pending: str = ""
    busy_with: str = ""  # what `operation` does, in the words of the 409 OperationNotAllowed
    operation: Operation | None = None
    uses: list[Link] = field(default_factory=list)  # what its Services use besides
    error: ArmError | None = None  # why the last operation failed
    own_principal: Principal | None = None  # of the system-assigned identity
    control_plane_principal_id: str = ""  # '' with a service principal

    @property
    def pools(self) -> list[dict[str, Any]]:
        """The agent pools, as in the body."""
        found: list[dict[str, Any]] = self.properties["agentPoolProfiles"]
        return found

    @property
    def group(self) -> str:
        """The name of its resource group."""
        return group_of(self.id)

    @property
    def node_group(self) -> str:
        """The name of its node resource group."""
        return str(self.properties["nodeResourceGroup"])

    @property
    def kubelet_object_id(self) -> str:
        """The kubelet identity's object id; '' until the first success."""
        profile = self.properties.get("identityProfile") or {}
        return str((profile.get("kubeletidentity") or {}).get("objectId") or "")

    @property
    def provisioning_state(self) -> str:
        """As clients see it."""
        return self.pending or self.state

    def take(self, body: dict[str, Any], identity: dict[str, Any] | None, world: World) -> None:
        """Take over what a PUT says, completed by what the service chooses."""
        self.location = str(body["location"]).replace(" ", "").lower()
        self.tags = dict(body.get("tags") or {})
        self.sku = cluster_defaults.complete_sku(body.get("sku") or {})
        asked = {k: v for k, v in body["properties"].items() if k not in _SERVICE_OWNED}
        if kubelet := body["properties"].get("identityProfile"):
            asked["identityProfile"] = copy.deepcopy(kubelet)
        asked.setdefault("nodeResourceGroup", self.properties.get("nodeResourceGroup"))
        before = self.properties
        self.properties = cluster_defaults.complete(
            asked,
            group=self.group,
            name=self.name,
            location=self.location,
            token=self.resource_uid,
            automatic=cluster_defaults.is_automatic(self.sku),
        )
        addons.keep_identities(self.properties, before)
        self.identity = identity
        if identity is not None:
            self.properties["servicePrincipalProfile"] = {"clientId": "msi"}
        else:
            self.properties["servicePrincipalProfile"].pop("secret", None)
        self.new_etag(world)

    def with_own_kubelet_identity(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body of an update, keeping the identities the cluster has unless it says other."""
        properties = dict(body["properties"])
        properties.setdefault("identityProfile", self.properties.get("identityProfile"))
        properties.setdefault("nodeResourceGroup", self.node_group)
        return {**body, "properties": properties}

    def new_etag(self, world: World) -> None:
        """Every change has its own."""
        self.etag = world.new_guid()

    def document(self) -> dict[str, Any]:
        """The body of an answer."""
        body: dict[str, Any] = {
            "id": self.id,
            "location": self.location,
            "name": self.name,
            "type": "Microsoft.ContainerService/ManagedClusters",
            "kind": "Base",
            "tags": self.tags,
            "properties": {
                "provisioningState": self.provisioning_state,
                "resourceUID": self.resource_uid,
                **copy.deepcopy(self.properties),
            },
            "sku": self.sku,
            "eTag": self.etag,
        }
        if self.error is not None and not self.pending:
            status = {"provisioningError": {"error": self.error.document()}}
            body["properties"]["status"] = status
        if self.identity is not None:
            body["identity"] = copy.deepcopy(self.identity)
        return body
