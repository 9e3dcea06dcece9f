"""policy.yaml as a file: read, checked, and refused with every fault at once."""

import copy
import re
from datetime import timedelta
from pathlib import Path

import msgspec

from shared.model import ADDON, CONTROL_PLANE, KUBELET
from shared.policy import DeclaredGrant, Grantable, Parameter, Policy, Profile
from shared.resource_id import ClusterId, InvalidId, parse_scope
from shared.roles import NotGrantable, role_guid
from shared.scope_pattern import parse_scope_pattern


class PolicyError(ValueError):
    """policy.yaml cannot be used; the message names the field."""


def load(path: Path) -> Policy:
    """Read policy.yaml. Raises `PolicyError` naming the field at fault."""
    return parse(path.read_bytes())


def parse(text: bytes) -> Policy:
    """Decode and check a policy. Raises `PolicyError` naming the field at fault."""
    try:
        policy = msgspec.yaml.decode(text, type=Policy)
    except msgspec.DecodeError as error:
        raise PolicyError(f"policy: {error}") from None
    for position, entry in enumerate(policy.grantable):
        _check_grantable(f"grantable[{position}]", entry)
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


def _check_grantable(where: str, grantable: Grantable) -> None:
    for name in grantable.roles:
        _check_role(f"{where}.roles", name)
    for text in grantable.scopes:
        try:
            parse_scope_pattern(text)
        except InvalidId as error:
            raise PolicyError(f"{where}.scopes: {error}") from None


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
        parse_scope(grant.scope_for(example, "westus2"))
    except InvalidId as error:
        raise PolicyError(f"{where}.scope: {error}") from None


def _check_role(where: str, name: str) -> None:
    try:
        role_guid(name)
    except NotGrantable as error:
        raise PolicyError(f"{where}: {error}") from None
