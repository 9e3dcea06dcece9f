"""An Azure over TLS for the commands to look at."""

from typing import Any

from infra.emulator import Emulator, Knobs, ManualClock
from infra.emulator.faults import Fault
from tests.emulator.town import Town, cluster_body

NETWORK_ROLES = "[Network Contributor, AcrPull, Container Registry Repository Reader]"
_ONLY_READS = Knobs(app_roles=("Reader",), seed=7)


def policy(roles: str = NETWORK_ROLES, group: str = "net-*", more: str = "") -> str:
    """A policy that allows these roles in this group."""
    return f"""apiVersion: grantkeeper/v1
profiles: {{}}
grantable:
  - roles: {roles}
    scopes: [/subscriptions/*/resourceGroups/{group}]
{more}"""


class Azure:
    """What people make there, in the groups `rg` and `net-a`. The app's identity, which types the
    commands, is a Reader only."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self.emulator = Emulator(_ONLY_READS, ManualClock())
        self.town = Town(self.emulator)
        self.subscription = self.emulator.subscription_id
        self.group = self.emulator.groups.create(self.subscription, "net-a", "westus2").id
        self.table = self._put("Microsoft.Network/routeTables", "routes")
        self.network = self._put(
            "Microsoft.Network/virtualNetworks",
            "v",
            {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
                "subnets": [
                    {
                        "name": "nodes",
                        "properties": {
                            "addressPrefix": "10.1.0.0/16",
                            "routeTable": {"id": self.table},
                        },
                    }
                ],
            },
        )
        self.subnet = f"{self.network}/subnets/nodes"

    def _put(self, kind: str, name: str, properties: Any = None) -> str:
        path = f"{self.group}/providers/{kind}/{name}"
        body = {"location": "westus2", "sku": {"name": "Basic"}, "properties": properties or {}}
        return self.emulator.resources.put(path, body)[0].id

    def registry(self, mode: str) -> str:
        """A registry that grants as `mode` says; its id."""
        return self._put(
            "Microsoft.ContainerRegistry/registries", "images", {"roleAssignmentMode": mode}
        )

    def cluster(self, name: str = "c1", group: str = "rg", **properties: Any) -> str:
        """A cluster that is made; its id."""
        pool = {"name": "np", "mode": "System", "count": 1, "vnetSubnetID": self.subnet}
        body = cluster_body(**{"agentPoolProfiles": [pool], **properties})
        root = f"/subscriptions/{self.subscription}/resourceGroups/{group}"
        path = f"{root}/providers/Microsoft.ContainerService/managedClusters/{name}"
        answer = self.town.ask("PUT", path, body)
        assert answer.status < 300, answer.body
        self.emulator.advance(400)
        return path

    def principal(self, path: str) -> str:
        """The object id of a cluster's control plane."""
        found: str = self.town.ask("GET", path).body["identity"]["principalId"]
        return found

    def assign(self, scope: str, principal: str, role: str) -> None:
        """Somebody gives a principal a role, by its name, at a scope."""
        self.emulator.role_assignments.seed(scope, principal, role)

    def define(self, role: str, name: str, *actions: str) -> None:
        """Somebody writes a custom role, or changes it."""
        root = f"/subscriptions/{self.subscription}"
        definition = {
            "roleName": name,
            "permissions": [{"actions": actions}],
            "assignableScopes": [root],
        }
        path = f"{root}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        answer = self.town.ask("PUT", path, {"properties": definition})
        assert answer.status < 300, answer.body

    @property
    def caller(self) -> str:
        """The object id of who types the commands."""
        return self.emulator.app_identity.object_id

    def writes(self) -> list[str]:
        """What the commands asked for besides reads, granted or not."""
        written = self.emulator.world.ledger.writes(self.emulator.app_identity.display_name)
        return [f"{entry.method} {entry.path}" for entry in written]

    def refuse(self, path: str) -> None:
        """Reading what has this in its path is not allowed from now on."""
        fault = Fault("status", path=path, status=403, code="AuthorizationFailed", message="no")
        self.emulator.faults.add(fault)
