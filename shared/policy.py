"""policy.yaml → typed policy: profiles, what may be granted where, and how long to wait.

Operator-owned. It is the only source of roles and scopes besides the cluster itself; messages and
events name neither. Field names are camelCase; durations are ISO 8601 (`PT60M`), as in ARM.
"""

import copy
import hashlib
import re
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from shared.model import ADDON, CONTROL_PLANE, KUBELET
from shared.resource_id import ClusterId, InvalidId, Scope, guid, parse_scope
from shared.roles import NotGrantable, role_guid


class PolicyError(ValueError):
    """policy.yaml cannot be used; the message names the field."""


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
    """What a request may ask for: the ARM body of the cluster, and the parameters left open."""

    cluster: dict[str, Any]
    parameters: dict[str, Parameter] = {}
    create_resource_group: bool = False
    locations: tuple[str, ...] = ()


class DeclaredGrant(_Wire, frozen=True):
    """A grant that no cluster's JSON shows. `scope` may hold {subscriptionId}, {resourceGroup}
    and {name} of the cluster; `role` is a built-in's name or a role definition GUID."""

    identity: str
    role: str
    scope: str
    because: str

    def scope_for(self, cluster: ClusterId) -> str:
        """The scope's text for one cluster, not yet parsed."""
        text = self.scope
        for name, value in (
            ("{subscriptionId}", cluster.subscription_id),
            ("{resourceGroup}", cluster.resource_group),
            ("{name}", cluster.name),
        ):
            text = text.replace(name, value)
        return text


class Grantable(_Wire, frozen=True):
    """The allow-list: these roles (names or GUIDs), on resources in these resource groups.

    `resource_groups` are patterns (`*` and `?`) matched without case against the group's name.
    `subscriptions` are the ids of subscriptions in which scopes may lie; empty means the managed
    ones.
    """

    roles: tuple[str, ...]
    resource_groups: tuple[str, ...]
    subscriptions: tuple[str, ...] = ()


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
    """The whole of policy.yaml. `clusters` are name patterns of the clusters looked after."""

    api_version: Literal["grantkeeper/v1"]
    profiles: dict[str, Profile]
    grantable: Grantable
    grants: tuple[DeclaredGrant, ...] = ()
    clusters: tuple[str, ...] = ("*",)
    propagation: Propagation = field(default_factory=Propagation)
    looks: Looks = field(default_factory=Looks)

    @property
    def digest(self) -> str:
        """The same for the same policy, however it is written."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:16]

    def manages(self, cluster: ClusterId) -> bool:
        """Whether clusters of this name are looked after."""
        return _matches(cluster.name, self.clusters)

    def refusal(self, role: str, scope: Scope, managed_subscriptions: tuple[str, ...]) -> str:
        """Why this role (GUID) may not be granted at this scope: a reason, or an empty text."""
        if role not in {role_guid(name) for name in self.grantable.roles}:
            return "RoleNotAllowed"
        subscriptions = self.grantable.subscriptions or managed_subscriptions
        if scope.subscription_id not in {text.lower() for text in subscriptions}:
            return "SubscriptionNotAllowed"
        if not _matches(scope.resource_group, self.grantable.resource_groups):
            return "ScopeNotAllowed"
        return ""


def load(path: Path) -> Policy:
    """Read policy.yaml. Raises `PolicyError` naming the field at fault."""
    return parse(path.read_bytes())


def parse(text: bytes) -> Policy:
    """Decode and check a policy. Raises `PolicyError` naming the field at fault."""
    try:
        policy = msgspec.yaml.decode(text, type=Policy)
    except msgspec.DecodeError as error:
        raise PolicyError(f"policy: {error}") from None
    _check_grantable(policy.grantable)
    for name, profile in policy.profiles.items():
        _check_profile(name, profile)
    for position, grant in enumerate(policy.grants):
        _check_declared(f"grants[{position}]", grant)
    if policy.propagation.window <= timedelta(0) or policy.propagation.consecutive_reads < 1:
        raise PolicyError("propagation: window and consecutiveReads must be positive")
    for name in policy.looks.__struct_fields__:
        if getattr(policy.looks, name) <= timedelta(0):
            raise PolicyError(f"looks.{name}: must be positive")
    return policy


def _check_grantable(grantable: Grantable) -> None:
    for name in grantable.roles:
        _check_role("grantable.roles", name)
    for text in grantable.subscriptions:
        try:
            guid(text, f"grantable.subscriptions: {text!r}")
        except InvalidId as error:
            raise PolicyError(str(error)) from None


def _check_profile(name: str, profile: Profile) -> None:
    where = f"profiles.{name}.cluster"
    properties = profile.cluster.get("properties")
    if not isinstance(properties, dict) or not properties.get("agentPoolProfiles"):
        raise PolicyError(f"{where}.properties.agentPoolProfiles: at least one pool is needed")
    if "servicePrincipalProfile" in properties:
        raise PolicyError(f"{where}.properties.servicePrincipalProfile: clusters are made with "
                          "managed identity; remove it")  # fmt: skip
    identity = profile.cluster.get("identity")
    kind = identity.get("type") if isinstance(identity, dict) else None
    if kind not in {"SystemAssigned", "UserAssigned"}:
        raise PolicyError(f"{where}.identity.type: SystemAssigned or UserAssigned")
    if not isinstance(profile.cluster.get("tags", {}), dict):
        raise PolicyError(f"{where}.tags: not a mapping")
    for key, parameter in profile.parameters.items():
        _check_parameter(f"profiles.{name}.parameters.{key}", parameter, profile)


def _check_parameter(where: str, parameter: Parameter, profile: Profile) -> None:
    if not re.fullmatch(r"(?:/(?:[^~/]|~[01])+)+", parameter.path):
        raise PolicyError(f"{where}.path: not a JSON Pointer")
    try:
        parameter.put(copy.deepcopy(profile.cluster), None)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise PolicyError(f"{where}.path: leads nowhere in the profile's `cluster`") from None
    if parameter.type == "string" and parameter.enum is None and parameter.pattern is None:
        raise PolicyError(f"{where}: a string needs enum or pattern")
    if parameter.type != "string" and parameter.pattern is not None:
        raise PolicyError(f"{where}.pattern: only of a string")
    if parameter.type != "integer" and (parameter.minimum, parameter.maximum) != (None, None):
        raise PolicyError(f"{where}: minimum and maximum are only of an integer")
    try:
        re.compile(parameter.pattern or "")
    except re.error as error:
        raise PolicyError(f"{where}.pattern: not a regular expression: {error}") from None


def _check_declared(where: str, grant: DeclaredGrant) -> None:
    _check_role(f"{where}.role", grant.role)
    if grant.identity not in {CONTROL_PLANE, KUBELET} and not grant.identity.startswith(ADDON):
        raise PolicyError(f"{where}.identity: controlPlane, kubelet or addon:<key>")
    try:
        example = ClusterId("00000000-0000-0000-0000-000000000000", "group", "name")
        parse_scope(grant.scope_for(example))
    except InvalidId as error:
        raise PolicyError(f"{where}.scope: {error}") from None


def _check_role(where: str, name: str) -> None:
    try:
        role_guid(name)
    except NotGrantable as error:
        raise PolicyError(f"{where}: {error}") from None


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)
