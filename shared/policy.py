"""policy.yaml → typed policy: profiles, what may be granted where, and how long to wait.

Operator-owned. It is the only source of roles and scopes besides the cluster itself; messages and
events name neither. Field names are camelCase; durations are ISO 8601 (`PT60M`), as in ARM.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from shared.declared import DeclaredGrant, RoleName, Verify, matches
from shared.resource_id import ClusterId, Scope
from shared.roles import DATA_ACTIONS, NEVER_GRANTABLE, role_guid
from shared.scope_pattern import parse_scope_pattern

Drift = Literal["restore", "report"]


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


class Profile(_Wire, frozen=True):
    """What a request may ask for: the ARM body of the cluster, and the parameters left open.
    `grants` are for the clusters made from it."""

    cluster: dict[str, Any]
    parameters: dict[str, Parameter] = {}
    create_resource_group: bool = False
    locations: tuple[str, ...] = ()
    grants: tuple[DeclaredGrant, ...] = ()
    verify: Verify | None = None


class Grantable(_Wire, frozen=True):
    """An entry of the allow-list: these roles (names or GUIDs) at these scopes and below.

    `scopes` are patterns such as /subscriptions/*/resourceGroups/net-*, where the subscription `*`
    means the managed ones: groups and resources only, names with `*` and `?`. `dataActions` are
    those the roles may have beyond the ones known of built-in roles.
    """

    roles: tuple[RoleName, ...]
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
    permissions (learn.microsoft.com/azure/aks/use-managed-identity: up to 60 minutes).
    `verifyRules` says for rules of inference what `verify` says for all (`Policy.verify_for`).
    `learn` lets a 403 that the cluster tells of lead to a grant, of what `grantable` allows."""

    window: timedelta = timedelta(minutes=60)
    verify: Verify = "read"
    verify_rules: dict[str, Verify] = {}
    consecutive_reads: int = 3
    learn: bool = False


class Looks(_Wire, frozen=True):
    """How often to look when no grant says so: at a cluster that is being made, at one that is
    not found, at what needs an administrator, and at what is settled."""

    provisioning: timedelta = timedelta(seconds=60)
    absent: timedelta = timedelta(seconds=60)
    blocked: timedelta = timedelta(hours=1)
    resync: timedelta = timedelta(hours=24)


class Policy(_Wire, frozen=True):
    """The whole of policy.yaml. `clusters` are name patterns of the clusters looked after;
    `roles` gives rules of inference a role other than the usual one.

    `drift` is what happens when somebody removes an assignment that a cluster needs: it is made
    again, or only reported. `cleanup` is what happens to an assignment that we made and no cluster
    needs any more: it is deleted once that is true for as long as `cleanupAfter`, or only reported.
    """

    api_version: Literal["grantkeeper/v1"]
    profiles: dict[str, Profile]
    grantable: tuple[Grantable, ...]
    grants: tuple[DeclaredGrant, ...] = ()
    roles: dict[str, RoleName] = {}
    clusters: tuple[str, ...] = ("*",)
    drift: Drift = "restore"
    cleanup: Literal["delete", "report"] = "report"
    cleanup_after: timedelta = timedelta(hours=1)
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
        return matches(cluster.name, self.clusters)

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

    def data_actions(self, role: str) -> tuple[str, ...]:
        """The data actions that the role (GUID) may have: known of the built-in, or declared."""
        declared = {
            action for entry in self.grantable if entry.has(role) for action in entry.data_actions
        }
        return tuple(sorted(declared.union(DATA_ACTIONS.get(role, ()))))

    def role_for(self, rule: str, role: str) -> str:
        """The GUID of the role that a rule grants in place of `role`, its usual one (a GUID)."""
        return role_guid(self.roles[rule]) if rule in self.roles else role

    def verify_for(self, profile: str, rule: str = "", declared: Verify | None = None) -> Verify:
        """What counts as effective, by the narrowest that says so: the declared grant or the rule
        of inference, the profile the cluster was made from, the whole policy."""
        made_from = self.profiles[profile].verify if profile in self.profiles else None
        ruled = self.propagation.verify_rules.get(rule)
        return declared or ruled or made_from or self.propagation.verify

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
