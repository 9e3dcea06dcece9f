"""policy.yaml → typed policy: profiles, what may be granted where, and how long to wait.

Operator-owned. It is the only source of roles and scopes besides the cluster itself; messages and
events name neither. Field names are camelCase; durations are ISO 8601 (`PT60M`), as in ARM.
"""

import copy
import re
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from shared.model import ADDON, CONTROL_PLANE, KUBELET
from shared.resource_id import ClusterId, InvalidId, Scope, guid, parse_scope

# Built-in roles by name. GUIDs: learn.microsoft.com/azure/role-based-access-control/built-in-roles.
BUILT_IN_ROLES = {
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "Container Registry Repository Reader": "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    "DNS Zone Contributor": "befefa01-2a29-4197-83a8-272ff33ce314",
    "Disk Encryption Set Operator for Managed Disks": "136d308c-0937-4a49-9bd7-edfb42adbffc",
    "Key Vault Certificate User": "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
    "Key Vault Crypto User": "12338af0-0e69-4776-bea7-57ae8d297424",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Managed Identity Operator": "f1a07417-d97a-45cb-824c-7a7467783830",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Network Contributor": "4d97b98b-1d4f-4787-a291-c67834d212e7",
    "Private DNS Zone Contributor": "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Storage Account Contributor": "17d1049b-9a84-46fb-8f53-869881c3d3ab",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage File Data SMB Share Contributor": "0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb",
    "Virtual Machine Contributor": "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
}
NETWORK_CONTRIBUTOR = BUILT_IN_ROLES["Network Contributor"]
ACR_PULL = BUILT_IN_ROLES["AcrPull"]

# Roles that can write role assignments or do everything: never grantable, whatever a policy says.
_FORBIDDEN_ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}


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


def role_guid(name: str, where: str = "") -> str:
    """The GUID of a role given by built-in name or by GUID. Raises `PolicyError` saying `where`."""
    if name in BUILT_IN_ROLES:
        return BUILT_IN_ROLES[name]
    try:
        found = guid(name, "role")
    except InvalidId:
        raise PolicyError(
            f"{where}role {name!r}: neither a GUID nor one of {', '.join(BUILT_IN_ROLES)}"
        ) from None
    if found in _FORBIDDEN_ROLES:
        raise PolicyError(
            f"{where}role {_FORBIDDEN_ROLES[found]}: can grant itself more; never grantable"
        )
    return found


def role_name(role: str) -> str:
    """The name people know a role by; the GUID itself when it is not one of ours."""
    return next((name for name, known in BUILT_IN_ROLES.items() if known == role), role)


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
        role_guid(name, "grantable.roles: ")
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
    role_guid(grant.role, f"{where}.role: ")
    if grant.identity not in {CONTROL_PLANE, KUBELET} and not grant.identity.startswith(ADDON):
        raise PolicyError(f"{where}.identity: controlPlane, kubelet or addon:<key>")
    try:
        example = ClusterId("00000000-0000-0000-0000-000000000000", "group", "name")
        parse_scope(grant.scope_for(example))
    except InvalidId as error:
        raise PolicyError(f"{where}.scope: {error}") from None


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)
