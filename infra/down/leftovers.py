"""What a deployment has made outside of its resource group, found by the environment's name alone.

The custom roles say it all: their names have the environment and the deployment's token, which is
part of every name of ours; their assignable scopes are the subscriptions to look at; and their
descriptions say in which group their app is, since others may call their environment the same.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from azure.core.exceptions import AzureError

from infra.down.arm import Arm, Json, told

TAG = "azd-env-name"

_UNIQUE = "[a-z0-9]{13}"  # what uniqueString() makes
# As infra/app/roles.bicep ends the description of a role.
_APP_GROUP = re.compile(
    r"Of the app in (?P<group>/subscriptions/(?P<subscription>[^/]+)/resourceGroups/[^/]+)\.$"
)
_OF_RESOURCES = ("microsoft.resources.subscriptions", "microsoft.resources.resourcegroups")


class Kind(Enum):
    """What may be left, in the order in which it can go: a role last, which tells where to look.

    `label` is for people; `version` is one for reading and deleting, of public clouds and of
    sovereign ones.
    """

    EVENT_SUBSCRIPTION = (
        "event subscription", "Microsoft.EventGrid/systemTopics/eventSubscriptions", "2022-06-15"
    )  # fmt: skip
    SYSTEM_TOPIC = "system topic", "Microsoft.EventGrid/systemTopics", "2022-06-15"
    ALERT = "metric alert", "Microsoft.Insights/metricAlerts", "2018-03-01"
    DIAGNOSTIC_SETTING = (
        "diagnostic setting", "Microsoft.Insights/diagnosticSettings", "2021-05-01-preview"
    )  # fmt: skip
    GROUP = "resource group", "Microsoft.Resources/resourceGroups", "2021-04-01"
    ASSIGNMENT = "role assignment", "Microsoft.Authorization/roleAssignments", "2022-04-01"
    ROLE = "custom role", "Microsoft.Authorization/roleDefinitions", "2022-04-01"

    def __init__(self, label: str, resource_type: str, version: str) -> None:
        self.label, self.type, self.version = label, resource_type, version


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing of ours; `path` is its id, `role` the name of the role that it assigns, or is."""

    kind: Kind
    path: str
    role: str = ""

    def __str__(self) -> str:
        role = f"  {self.role}" if self.role else ""
        return f"{self.kind.label:<20}{self.path}{role}"


@dataclass(frozen=True, slots=True)
class Environment:
    """Of which deployment: azd's name for it and the subscription of its group."""

    name: str
    subscription: str


@dataclass(slots=True)
class Found:
    """What was found. `living` are groups of the app itself: with any of them, nothing is left
    over. `left_alone` says what looks like ours, and why it is not taken; `unread` what could not
    be looked at."""

    leftovers: list[Leftover] = field(default_factory=list)
    living: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def find(arm: Arm, environment: Environment) -> Found:
    """Everything that is left. Raises `AzureError` when the environment's own subscription cannot
    be read."""
    return _Search(arm, environment).everything()


class _Search:
    """One look at Azure."""

    def __init__(self, arm: Arm, environment: Environment) -> None:
        self._arm = arm
        self._environment = environment
        self._tokens: set[str] = set()
        self._app_groups: set[str] = set()  # their ids, in lower case
        self._roles: dict[str, str] = {}  # GUID -> name
        self._found = Found()

    def everything(self) -> Found:
        home = self._environment.subscription
        roles = self._own_roles(home)
        groups = self._arm.list(f"/subscriptions/{home}/resourcegroups", Kind.GROUP.version)
        there = (each["id"] for each in groups)
        self._found.living += [each for each in there if each.lower() in self._app_groups]
        for subscription in dict.fromkeys([home, *_assignable(roles)]):
            self._look(f"/subscriptions/{subscription}")
        order = list(Kind)
        self._found.leftovers.sort(key=lambda each: order.index(each.kind))
        return self._found

    def _own_roles(self, home: str) -> list[Json]:
        """The roles of the environment; from now on its tokens are known."""
        name = re.escape(self._environment.name)
        pattern = re.compile(rf"Grantkeeper [a-z ]+ \({name}, ({_UNIQUE})\)")
        path = f"/subscriptions/{home}/providers/{Kind.ROLE.type}"
        ours = []
        for role in self._arm.list(path, Kind.ROLE.version, "type eq 'CustomRole'"):
            full_name = role["properties"]["roleName"]
            if not (named := pattern.fullmatch(full_name)):
                continue
            said = _APP_GROUP.search(role["properties"].get("description") or "")
            if not said or said["subscription"].lower() != home:
                of = f"of the app in {said['group']}" if said else "says not of which app"
                self._found.left_alone.append(f"{role['id']}  {full_name}: {of}")
                continue
            ours.append(role)
            self._tokens.add(named[1])
            self._app_groups.add(said["group"].lower())
            self._roles[role["name"].lower()] = full_name
            self._leave(Kind.ROLE, role["id"], full_name)
        return ours

    def _look(self, root: str) -> None:
        groups = self._list(f"{root}/resourcegroups", Kind.GROUP.version)
        if groups is None:
            return  # what else is there will not be told either
        whole = tuple(f"{each}/" for each in self._events_groups(groups))
        if not self._tokens:
            return
        self._topics(root, whole)
        for each in self._list_of(root, Kind.ALERT):
            name = re.fullmatch(f"grantkeeper-.+-({_UNIQUE})", each["name"])
            if name and name[1] in self._tokens and not each["id"].lower().startswith(whole):
                self._leave(Kind.ALERT, each["id"])
        for each in self._list_of(root, Kind.DIAGNOSTIC_SETTING):
            if each["name"] in self._names:
                # Its id in the list is not the one that it is deleted by.
                path = f"{root}/providers/{Kind.DIAGNOSTIC_SETTING.type}/{each['name']}"
                self._leave(Kind.DIAGNOSTIC_SETTING, path)
        for each in self._list_of(root, Kind.ASSIGNMENT):
            properties = each["properties"]
            role = properties["roleDefinitionId"].rpartition("/")[2].lower()
            # The list also shows what is assigned above the subscription.
            if role in self._roles and f"{properties['scope']}/".lower().startswith(f"{root}/"):
                self._leave(Kind.ASSIGNMENT, each["id"], self._roles[role])

    def _events_groups(self, groups: Iterable[Json]) -> Iterator[str]:
        """The group of the topic that events.bicep makes in another subscription, in lower case, if
        nothing but ours is in it."""
        environment = self._environment.name
        for group in groups:
            if group["name"].lower() != f"rg-{environment}-events".lower():
                continue
            tags = {name.lower(): value for name, value in (group.get("tags") or {}).items()}
            if tags.get(TAG) != environment:
                self._found.left_alone.append(f"{group['id']}: has no tag {TAG}={environment}")
                continue
            inside = self._list(f"{group['id']}/resources", Kind.GROUP.version)
            foreign = [each["name"] for each in inside or () if not self._is_ours(each)]
            if foreign:
                names = ", ".join(sorted(foreign))
                self._found.left_alone.append(f"{group['id']}: holds {names}, not known to be ours")
            elif inside is not None:
                self._leave(Kind.GROUP, group["id"])
                yield group["id"].lower()

    def _is_ours(self, resource: Json) -> bool:
        """Whether it is a topic or an alert by a name of ours."""
        type_, name = resource["type"].lower(), resource["name"].lower()
        known = type_ in {Kind.SYSTEM_TOPIC.type.lower(), Kind.ALERT.type.lower()}
        return known and "grantkeeper-" in name and name.endswith(tuple(self._tokens))

    def _topics(self, root: str, whole: tuple[str, ...]) -> None:
        """What is of ours on topics of this subscription's events, which may be others' topics."""
        for topic in self._list_of(root, Kind.SYSTEM_TOPIC):
            kind = str(topic["properties"].get("topicType")).lower()
            if topic["id"].lower().startswith(whole) or kind not in _OF_RESOURCES:
                continue
            path = f"{topic['id']}/eventSubscriptions"
            for each in self._list(path, Kind.EVENT_SUBSCRIPTION.version) or ():
                if each["name"] in self._names:
                    self._leave(Kind.EVENT_SUBSCRIPTION, f"{path}/{each['name']}")
            if self._is_ours(topic):
                self._leave(Kind.SYSTEM_TOPIC, topic["id"])

    @property
    def _names(self) -> set[str]:
        """What event subscriptions and diagnostic settings of ours are called."""
        return {f"grantkeeper-{token}" for token in self._tokens}

    def _leave(self, kind: Kind, path: str, role: str = "") -> None:
        self._found.leftovers.append(Leftover(kind, path, role))

    def _list_of(self, root: str, kind: Kind) -> list[Json]:
        return self._list(f"{root}/providers/{kind.type}", kind.version) or []

    def _list(self, path: str, api_version: str) -> list[Json] | None:
        """A list; None, and noted, when it cannot be read."""
        try:
            return self._arm.list(path, api_version)
        except AzureError as error:
            self._found.unread.append(f"{path}: {told(error)}")
            return None


def _assignable(roles: Iterable[Json]) -> Iterator[str]:
    """The subscriptions in which roles can be assigned."""
    for role in roles:
        for scope in role["properties"]["assignableScopes"]:
            if named := re.fullmatch("/subscriptions/([^/]+)", scope, re.IGNORECASE):
                yield named[1].lower()
