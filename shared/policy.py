"""policy.yaml → typed policy: profiles, what may be granted where, and how long to wait.

Operator-owned. It is the only source of roles and scopes besides the cluster itself; messages and
events name neither. Field names are camelCase; durations are ISO 8601 (`PT60M`), as in ARM.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from shared.resource_id import ClusterId, Scope
from shared.roles import DATA_ACTIONS, NEVER_GRANTABLE, role_guid
from shared.scope_pattern import parse_scope_pattern


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Parameter(_Wire, frozen=True):
    """One value a requester may set: `path` is a JSON Pointer (RFC 6901) into `cluster`."""

    path: str
    type: Literal["integer", "string", "boolean"]
    minimum: int | None = None
    maximum: int | None = None
    enum: tuple[int | str, ...] | None = None
    pattern: str | None = None

    def put(self, cluster: dict[str, Any], value: Any) -> None:
        """Set `value` where `path` says; missing objects on the way are made."""
        parts = self.path[1:].split("/")
        *path, last = [part.replace("~1", "/").replace("~0", "~") for part in parts]
        place: Any = cluster
        for part in path:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        place[int(last) if isinstance(place, list) else last] = value

    def fault(self, value: Any) -> str:
        """Why `value` is not allowed here, or an empty text."""
        expected = {"integer": "int", "string": "str", "boolean": "bool"}[self.type]
        if type(value).__name__ != expected:  # by name: a bool is an int too, but not here
            return f"must be of type {self.type}"
        if self.enum is not None and value not in self.enum:
            return f"must be one of {', '.join(map(str, self.enum))}"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {self.maximum}"
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"must match {self.pattern}"
        return ""


class Match(_Wire, frozen=True):
    """Which clusters a declared grant is for; what is left out, or empty, fits any.

    Of each list one entry must fit, of `tags` all. `resource_groups`, `names` and `locations` are
    patterns (`*` and `?`) without case; tags have patterns too, whose values keep their case but
    whose names do not (learn.microsoft.com/azure/azure-resource-manager/management/tag-resources).
    """

    subscriptions: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    tags: dict[str, str] = {}

    def fits(self, cluster: ClusterId, location: str, tags: dict[str, str]) -> bool:
        """Whether the cluster in this region and with these tags is one of them."""
        return (
            _fits(cluster.subscription_id, self.subscriptions)
            and _fits(cluster.resource_group, self.resource_groups)
            and _fits(cluster.name, self.names)
            and _fits(_region(location), self.locations)
            and self._fits_tags(tags)
        )

    def _fits_tags(self, tags: dict[str, str]) -> bool:
        held = {name.lower(): value for name, value in tags.items()}
        return all(
            name.lower() in held and fnmatchcase(held[name.lower()], pattern)
            for name, pattern in self.tags.items()
        )


class DeclaredGrant(_Wire, frozen=True):
    """A grant that no cluster's JSON shows: `identity` (controlPlane, kubelet or addon:<key>) of
    each cluster that `match` fits needs `role` (a built-in's name or a role definition GUID) at
    `scope`, an ARM id that may hold `PLACEHOLDERS`."""

    identity: str
    role: str
    scope: str
    because: str
    match: Match = field(default_factory=Match)

    def scope_for(self, cluster: ClusterId, location: str) -> str:
        """The scope's text for one cluster, not yet parsed. A region that is none leaves its
        placeholder standing, which no id has."""
        values = {
            "subscriptionId": cluster.subscription_id,
            "resourceGroup": cluster.resource_group,
            "name": cluster.name,
        }
        if re.fullmatch("[a-z0-9]+", region := _region(location)):
            values["location"] = region
        text = self.scope
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text


# What a declared scope may say in braces.
PLACEHOLDERS = ("subscriptionId", "resourceGroup", "name", "location")


class Profile(_Wire, frozen=True):
    """What a request may ask for: the ARM body of the cluster, and the parameters left open.
    `grants` are for the clusters made from it."""

    cluster: dict[str, Any]
    parameters: dict[str, Parameter] = {}
    create_resource_group: bool = False
    locations: tuple[str, ...] = ()
    grants: tuple[DeclaredGrant, ...] = ()


class Grantable(_Wire, frozen=True):
    """An entry of the allow-list: these roles (names or GUIDs) at these scopes and below.

    `scopes` are patterns as `shared.scope_pattern` describes them. `data_actions` are those the
    roles may have beyond the ones known of built-in roles.
    """

    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    data_actions: tuple[str, ...] = ()

    def has(self, role: str) -> bool:
        """Whether the role (GUID) is one of the entry's."""
        return role in map(role_guid, self.roles)

    def covers(self, scope: Scope, managed: tuple[str, ...]) -> bool:
        """Whether the scope is one of the entry's, or lies below one."""
        return any(parse_scope_pattern(text).covers(scope, managed) for text in self.scopes)


class Propagation(_Wire, frozen=True):
    """How a grant is believed. `window` is Azure's documented bound for a managed identity's
    permissions (learn.microsoft.com/azure/aks/use-managed-identity: up to 60 minutes)."""

    window: timedelta = timedelta(minutes=60)
    verify: Literal["read", "probe"] = "read"
    consecutive_reads: int = 3


class Looks(_Wire, frozen=True):
    """How often to look when no grant says so: at a cluster that is being made, at one that is
    not found, at what needs an administrator, and at what is settled."""

    provisioning: timedelta = timedelta(seconds=60)
    absent: timedelta = timedelta(seconds=60)
    blocked: timedelta = timedelta(hours=1)
    resync: timedelta = timedelta(hours=24)


class Policy(_Wire, frozen=True):
    """The whole of policy.yaml. `clusters` are name patterns of the clusters looked after;
    `roles` gives rules of inference (`shared.grants`) a role other than the usual one."""

    api_version: Literal["grantkeeper/v1"]
    profiles: dict[str, Profile]
    grantable: tuple[Grantable, ...]
    grants: tuple[DeclaredGrant, ...] = ()
    roles: dict[str, str] = {}
    clusters: tuple[str, ...] = ("*",)
    propagation: Propagation = field(default_factory=Propagation)
    looks: Looks = field(default_factory=Looks)

    @property
    def digest(self) -> str:
        """The same for the same policy, however it is written."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]

    @property
    def grantable_roles(self) -> tuple[str, ...]:
        """The GUIDs of all roles that may be granted somewhere, sorted."""
        return tuple(sorted({role_guid(name) for entry in self.grantable for name in entry.roles}))

    def manages(self, cluster: ClusterId) -> bool:
        """Whether clusters of this name are looked after."""
        return _matches(cluster.name, self.clusters)

    def refusal(
        self, role: str, scope: Scope, managed: tuple[str, ...]
    ) -> Literal["", "RoleNeverAllowed", "RoleNotAllowed", "ScopeNotAllowed"]:
        """Why this role (GUID) may not be granted at this scope; empty when it may be."""
        if role in NEVER_GRANTABLE.values():
            return "RoleNeverAllowed"
        entries = [entry for entry in self.grantable if entry.has(role)]
        if not entries:
            return "RoleNotAllowed"
        return "" if any(e.covers(scope, managed) for e in entries) else "ScopeNotAllowed"

    def may_assign_at(self, scope: Scope, managed: tuple[str, ...]) -> bool:
        """Whether any role may be granted at this scope."""
        return any(entry.covers(scope, managed) for entry in self.grantable)

    def data_actions(self, role: str) -> tuple[str, ...]:
        """The data actions that the role (GUID) may have: known of the built-in, or declared."""
        declared = {
            action for entry in self.grantable if entry.has(role) for action in entry.data_actions
        }
        return tuple(sorted(declared.union(DATA_ACTIONS.get(role, ()))))

    def role_for(self, rule: str, role: str) -> str:
        """The GUID of the role that a rule grants in place of `role`, its usual one (a GUID)."""
        return role_guid(self.roles[rule]) if rule in self.roles else role

    def declared(
        self, cluster: ClusterId, location: str, tags: dict[str, str], profile: str
    ) -> Iterator[tuple[DeclaredGrant, str]]:
        """The declared grants for this cluster, each with the place it is written at, such as
        `policy grants[0]`. `profile` is the one the cluster was made from, empty if none."""
        written = [("policy grants", self.grants)]
        if profile in self.profiles:
            written.append((f"policy profiles.{profile}.grants", self.profiles[profile].grants))
        for place, grants in written:
            for position, grant in enumerate(grants):
                if grant.match.fits(cluster, location, tags):
                    yield grant, f"{place}[{position}]"


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)


def _fits(text: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or _matches(text, patterns)


def _region(location: str) -> str:
    """ARM's name of a region: `West US 2` and `westus2` are the same."""
    return location.replace(" ", "").lower()
