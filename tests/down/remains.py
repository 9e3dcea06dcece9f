"""Subscriptions with what a deployment has left in them, and with what others have that looks
like it: all of it made by the administrator through ARM."""

import json
import uuid
from typing import Any

from infra.emulator import Emulator, Knobs, ManualClock
from infra.emulator.faults import Fault
from tests.emulator.town import Town
from tests.template.variants import HERE, HUB, OTHER, ROOT

ENVIRONMENT = "dev"
TOKEN = "abcdefghij234"
OTHERS_TOKEN = "zyxwvutsrq765"
ROLES = [
    json.loads(path.read_text())["roleName"]
    for path in sorted((ROOT / "infra/roles").glob("*.json"))
]
TAGS = {"azd-env-name": ENVIRONMENT}
ON_SUBSCRIPTION = {"topicType": "Microsoft.Resources.Subscriptions"}
_AUTHORIZATION = "providers/Microsoft.Authorization"
_KNOBS = Knobs(
    subscription_ids=(HERE, OTHER, HUB.split("/")[2]),
    seed=7,
    app_roles=(),
    group_deletion_seconds=(0.0, 0.0),
)


class Remains:
    """What is there. `ours` are the ids of what a deployment in `home` left."""

    def __init__(self) -> None:
        self.emulator = Emulator(_KNOBS, ManualClock())
        self._town = Town(self.emulator)
        self.home = HERE
        self.here, self.there = f"/subscriptions/{HERE}", f"/subscriptions/{OTHER}"
        self.app_group = f"{self.here}/resourceGroups/rg-of-the-app"
        self.gone = str(uuid.UUID(int=7))  # the app's identity, which went with its group
        self.ours: set[str] = set()

    def put(self, path: str, body: Any, *, ours: bool = False) -> str:
        """Make something; its id."""
        answer = self._town.ask("PUT", path, body)
        assert answer.status in (200, 201), answer.body
        if ours:
            self.ours.add(path.lower())
        return path

    def delete(self, path: str) -> None:
        assert self._town.ask("DELETE", path).status < 300

    def group(self, root: str, name: str, tags: Any = None, *, ours: bool = False) -> str:
        path = f"{root}/resourceGroups/{name}"
        return self.put(path, {"location": "westus2", "tags": tags or {}}, ours=ours)

    def topic(self, group: str, name: str, tags: Any = None, *, ours: bool = False) -> str:
        path = f"{group}/providers/Microsoft.EventGrid/systemTopics/{name}"
        body = {"location": "global", "tags": tags or {}, "properties": ON_SUBSCRIPTION}
        return self.put(path, body, ours=ours)

    def events(self, topic: str, name: str, *, ours: bool = False) -> str:
        return self.put(f"{topic}/eventSubscriptions/{name}", {"properties": {}}, ours=ours)

    def alert(self, group: str, name: str, *, ours: bool = False) -> str:
        path = f"{group}/providers/Microsoft.Insights/metricAlerts/{name}"
        return self.put(path, {"location": "global", "tags": TAGS, "properties": {}}, ours=ours)

    def setting(self, root: str, name: str, *, ours: bool = False) -> str:
        path = f"{root}/providers/Microsoft.Insights/diagnosticSettings/{name}"
        return self.put(path, {"properties": {"logs": []}}, ours=ours)

    def role(self, name: str, app: str = "", *, ours: bool = False) -> str:
        """A custom role for both subscriptions, of the app in that group; its id."""
        path = f"{self.here}/{_AUTHORIZATION}/roleDefinitions/{uuid.uuid4()}"
        properties = {
            "roleName": name,
            "description": f"Reads groups. Of the app in {app}." if app else "Reads groups.",
            "permissions": [{"actions": ["Microsoft.Resources/subscriptions/resourceGroups/read"]}],
            "assignableScopes": [self.here, self.there],
        }
        return self.put(path, {"properties": properties}, ours=ours)

    def assignment(self, scope: str, role: str, principal: str, *, ours: bool = False) -> str:
        path = f"{scope}/{_AUTHORIZATION}/roleAssignments/{uuid.uuid4()}"
        properties = {
            "roleDefinitionId": role,
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }
        return self.put(path, {"properties": properties}, ours=ours)

    def plant_ours(self) -> None:
        """What `azd down` has left of a deployment that looked after both subscriptions."""
        roles = [
            self.role(f"{name} ({ENVIRONMENT}, {TOKEN})", self.app_group, ours=True)
            for name in ROLES
        ]
        shared = self.group(self.here, "shared")
        network = self.group(self.there, "network")
        somebody = str(uuid.UUID(int=8))
        for scope, role, principal in (
            (self.here, roles[0], self.gone),
            (self.there, roles[0], self.gone),
            (self.there, roles[0], somebody),
            (network, roles[1], self.gone),
            (f"{self.topic(shared, 'theirs')}", roles[2], self.gone),
        ):
            self.assignment(scope, role, principal, ours=True)
        topic = f"{shared}/providers/Microsoft.EventGrid/systemTopics/theirs"
        self.events(topic, f"grantkeeper-{TOKEN}", ours=True)
        self.alert(shared, f"grantkeeper-DeadLetteredCount-{TOKEN}", ours=True)
        for root in (self.here, self.there):
            self.setting(root, f"grantkeeper-{TOKEN}", ours=True)
        group = self.group(self.there, f"rg-{ENVIRONMENT}-events", TAGS, ours=True)
        own = self.topic(group, f"evgst-grantkeeper-{TOKEN}", TAGS, ours=True)
        self.events(own, f"grantkeeper-{TOKEN}", ours=True)
        self.alert(group, f"grantkeeper-DroppedEventCount-{TOKEN}", ours=True)

    def plant_others(self) -> None:
        """What looks like ours, and is not."""
        self.group(self.here, f"rg-{ENVIRONMENT}-events")  # without the tag
        self.group(self.there, f"rg-{ENVIRONMENT}2-events", {"azd-env-name": f"{ENVIRONMENT}2"})
        shop = self.group(self.here, "rg-shop", TAGS)  # another project calls it dev, too
        identity = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
        self.put(f"{shop}/{identity}/id-shop", {"location": "westus2", "tags": TAGS})
        theirs = f"{self.here}/resourceGroups/shared"
        topic = f"{theirs}/providers/Microsoft.EventGrid/systemTopics/theirs"
        for name in ("audit", f"grantkeeper-{OTHERS_TOKEN}", f"grantkeeper-{TOKEN}-2"):
            self.events(topic, name)
        for name in (f"grantkeeper-late-{OTHERS_TOKEN}", f"latency-{TOKEN}", "grantkeeper"):
            self.alert(theirs, name)
        self.setting(self.here, f"grantkeeper-{OTHERS_TOKEN}")
        self.setting(self.there, "to-siem")
        theirs_there = f"{self.there}/resourceGroups/rg-of-the-app"
        for role in (
            self.role("Grantkeeper auditors"),
            self.role(f"Grantkeeper grantor ({ENVIRONMENT}2, {OTHERS_TOKEN})", self.app_group),
            self.role(f"Grantkeeper grantor ({ENVIRONMENT}, {OTHERS_TOKEN})", theirs_there),
            self.role(f"Grantkeeper prober ({ENVIRONMENT}, {OTHERS_TOKEN})"),
            self.emulator.definitions.named("Owner").id_at(self.there),
        ):
            self.assignment(self.there, role, self.gone)

    def everything(self) -> set[str]:
        """The ids of all that is there, in lower case."""
        root, query = f"{self.here}/{_AUTHORIZATION}", "api-version=1999-01-01"
        roles = self._town.ask("GET", f"{root}/roleDefinitions", query=query).body["value"]
        found = {each["id"] for each in roles if each["properties"]["type"] == "CustomRole"}
        found |= {each.id for each in self.emulator.role_assignments.all()}
        found |= {each.id for each in self.emulator.groups.all()}
        for start in (f"/subscriptions/{each}" for each in _KNOBS.subscription_ids):
            found |= {each.id for each in self.emulator.resources.below(start)}
            path = f"{start}/providers/Microsoft.Insights/diagnosticSettings"
            settings = self._town.ask("GET", path).body["value"]
            found |= {f"{path}/{each['name']}" for each in settings}
        return {each.lower() for each in found}

    def left(self) -> set[str]:
        """What is still there of ours."""
        return self.everything() & self.ours

    def fail(
        self, method: str, path: str, status: int, code: str, count: int | None = None
    ) -> None:
        """Have requests refused, so many times or for good."""
        fault = Fault("status", method=method, path=path, status=status, code=code, count=count)
        self.emulator.faults.add(fault)

    def turn(self, **knobs: Any) -> None:
        """Have Azure behave otherwise."""
        self.emulator.world.knobs = self.emulator.world.knobs.changed(knobs)

    def writes(self, caller: str = "operator") -> list[str]:
        """What was asked for besides reads since the last `forget`."""
        return [f"{each.method} {each.path}" for each in self.emulator.world.ledger.writes(caller)]

    def forget(self) -> None:
        self.emulator.world.ledger.clear()
