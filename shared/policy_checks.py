"""What must hold of a policy beyond its types: complaints with the place and the remedy (pure)."""

import copy
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from shared.declared import PLACEHOLDERS, DeclaredGrant, Match
from shared.model import ADDON, CONTROL_PLANE, KUBELET
from shared.plain_yaml import Complaint, Path
from shared.policy import Grantable, Looks, Parameter, Profile, Propagation
from shared.resource_id import ClusterId, InvalidId, parse_scope, subscription_id
from shared.roles import BUILT_IN_ROLES, NEVER_GRANTABLE, NotGrantable, role_guid
from shared.scope_pattern import parse_scope_pattern
from shared.shape import nearest

# The members of a ManagedCluster that a PUT may have (azure-mgmt-containerservice, models).
BODY_MEMBERS = ("extendedLocation", "identity", "kind", "properties", "sku", "tags")
_NOT_IN_BODY = {
    "id": "the request says which cluster it is",
    "name": "the request names the cluster",
    "location": "the request says where; `locations` of the profile bounds it",
    "type": "it is always a managed cluster",
}

_EXAMPLE = ClusterId("00000000-0000-0000-0000-000000000000", "group", "name")
_EXAMPLE_REGION = "westus2"
_LONGEST_REASON = 200  # it becomes part of the assignment's description, which has 1,024 at most

_DATA_ACTION = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)+(?:/[-A-Za-z0-9_.$*]+)+")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])+)+")
_TYPES = {"integer": int, "string": str, "boolean": bool}

Complaints = Iterator[Complaint]


def check_parts(whole: dict[Path, Any]) -> Complaints:
    """Complaints of each part of the policy for itself; `whole` has those of the right shape."""
    for path, part in whole.items():
        check = _CHECKS.get(type(part))
        if check is not None:
            yield from check(path, part)
        elif path[:1] == ("profiles",) and path[2:] == ("cluster",):
            yield from _body(path, part)
        elif path == ("cleanupAfter",) and part < timedelta(0):
            yield Complaint(path, "is negative", "write a duration such as PT1H")


def check_role(path: Path, name: str) -> Complaints:
    """Complains of what is no role that policy may grant."""
    try:
        role_guid(name)
    except NotGrantable as error:
        known = name in NEVER_GRANTABLE or name in NEVER_GRANTABLE.values()
        narrower = "choose a narrower role, or have an administrator grant this one"
        other = f"{nearest(name, list(BUILT_IN_ROLES))}; other roles by GUID"
        yield Complaint(path, str(error), narrower if known else other)


def _grantable(path: Path, entry: Grantable) -> Complaints:
    for name in ("roles", "scopes"):
        if not getattr(entry, name):
            yield Complaint((*path, name), "is an empty list", "name one, or remove the entry")
    for position, role in enumerate(entry.roles):
        yield from check_role((*path, "roles", position), role)
    for position, text in enumerate(entry.scopes):
        try:
            parse_scope_pattern(text)
        except InvalidId as error:
            yield Complaint((*path, "scopes", position), str(error), _SCOPE_REMEDY)
    for position, action in enumerate(entry.data_actions):
        if not _DATA_ACTION.fullmatch(action):
            remedy = "write one as Azure does: Microsoft.KeyVault/vaults/secrets/getSecret/action"
            yield Complaint((*path, "dataActions", position), "is no data action", remedy)


_SCOPE_REMEDY = "write a resource group or a resource: /subscriptions/*/resourceGroups/net-*"


def _declared(path: Path, grant: DeclaredGrant) -> Complaints:
    yield from check_role((*path, "role"), grant.role)
    key = grant.identity.removeprefix(ADDON)
    if grant.identity not in {CONTROL_PLANE, KUBELET} and not (
        grant.identity.startswith(ADDON) and re.fullmatch("[A-Za-z]+", key)
    ):
        remedy = f"write {CONTROL_PLANE}, {KUBELET} or {ADDON}<key>"
        yield Complaint((*path, "identity"), "is no identity of a cluster", remedy)
    yield from _template((*path, "scope"), grant)
    if not (grant.because.strip() and grant.because.isprintable()):
        yield Complaint((*path, "because"), "is no line of text", "say in words what it is for")
    elif len(grant.because) > _LONGEST_REASON:
        yield Complaint((*path, "because"), "is too long", f"at most {_LONGEST_REASON} characters")


def _template(path: Path, grant: DeclaredGrant) -> Complaints:
    closed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    unknown = set(re.findall(r"\{([^{}]*)\}", grant.scope)) - set(PLACEHOLDERS)
    for name in sorted(unknown):
        yield Complaint(path, f"has {{{name}}}, which is no placeholder", f"there are: {closed}")
    if unknown:
        return
    try:
        parse_scope(grant.scope_for(_EXAMPLE, _EXAMPLE_REGION))
    except InvalidId as error:
        remedy = f"write the id of a resource group or of a resource; it may hold {closed}"
        yield Complaint(path, str(error), remedy)


def _match(path: Path, match: Match) -> Complaints:
    for position, text in enumerate(match.subscriptions):
        try:
            subscription_id(text)
        except InvalidId as error:
            where = (*path, "subscriptions", position)
            yield Complaint(where, str(error), "write the subscription's id, without wildcards")


def _profile(path: Path, profile: Profile) -> Complaints:
    for key, parameter in profile.parameters.items():
        yield from _place((*path, "parameters", key, "path"), parameter, profile.cluster)


def _body(path: Path, body: dict[str, Any]) -> Complaints:
    for name in body:
        if name in _NOT_IN_BODY:
            yield Complaint((*path, name), "is not for a profile to say", _NOT_IN_BODY[name])
        elif name not in BODY_MEMBERS:
            remedy = nearest(name, list(BODY_MEMBERS))
            yield Complaint((*path, name), "is no member of a managed cluster", remedy)
    identity = body.get("identity")
    kind = identity.get("type") if isinstance(identity, dict) else None
    if kind not in ("SystemAssigned", "UserAssigned"):  # of any type: not in a set
        where = (*path, "identity", "type")
        yield Complaint(where, "is not a managed identity", "write SystemAssigned or UserAssigned")
    tags = body.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(tag, str) for tag in tags.values()):
        yield Complaint((*path, "tags"), "is no mapping of texts", "put the values in quotes")
    yield from _properties((*path, "properties"), body.get("properties"))


def _properties(path: Path, properties: Any) -> Complaints:
    if not isinstance(properties, dict):
        yield Complaint(path, "is no mapping", "write the cluster's properties, one pool at least")
        return
    if not _names_pools(properties):
        remedy = "write a list of at least one pool"
        yield Complaint((*path, "agentPoolProfiles"), "names no node pool", remedy)
    if "servicePrincipalProfile" in properties:
        remedy = "remove it: clusters are made with managed identity"
        yield Complaint((*path, "servicePrincipalProfile"), "is not supported", remedy)
    if not isinstance(properties.get("kubernetesVersion", ""), str):
        where = (*path, "kubernetesVersion")  # 1.30 is the number 1.3
        yield Complaint(where, "is not a text", "put the version in quotes")


def _names_pools(properties: dict[str, Any]) -> bool:
    """Whether there is a pool; none is needed where AKS hosts the system's nodes
    (aka.ms/aks/automatic/systemcomponents)."""
    hosted = properties.get("hostedSystemProfile")
    is_hosted = isinstance(hosted, dict) and hosted.get("enabled") is True
    pools = properties.get("agentPoolProfiles", [])
    if not isinstance(pools, list) or not all(isinstance(pool, dict) for pool in pools):
        return False
    return is_hosted or bool(pools)


def _place(path: Path, parameter: Parameter, cluster: dict[str, Any]) -> Complaints:
    """A parameter must lead into the cluster's body."""
    if not _POINTER.fullmatch(parameter.path):
        remedy = "write one such as /properties/agentPoolProfiles/0/count"
        yield Complaint(path, "is no JSON Pointer", remedy)
        return
    try:
        body = copy.deepcopy(cluster)
        parameter.put(body, None)
        added = body.keys() - cluster.keys()
    except (AttributeError, LookupError, TypeError, ValueError):
        added = {parameter.path}
    if not added <= set(BODY_MEMBERS):
        remedy = "name a place in the profile's `cluster`"
        yield Complaint(path, "leads nowhere in the cluster", remedy)


def _parameter(path: Path, parameter: Parameter) -> Complaints:
    kind, low, high = parameter.type, parameter.minimum, parameter.maximum
    if kind == "string" and parameter.enum is None and parameter.pattern is None:
        yield Complaint(path, "is a text without bounds", "give it enum or pattern")
    if kind != "string" and parameter.pattern is not None:
        yield Complaint((*path, "pattern"), "bounds texts only", "remove it")
    for name, bound in (("minimum", low), ("maximum", high)):
        if kind != "integer" and bound is not None:
            yield Complaint((*path, name), "bounds integers only", "remove it")
    if low is not None and high is not None and low > high:
        yield Complaint((*path, "maximum"), "is below the minimum", f"write at least {low}")
    for position, value in enumerate(parameter.enum or ()):
        if type(value) is not _TYPES[kind]:
            where = (*path, "enum", position)
            yield Complaint(where, f"is not of type {kind}", "write one, or remove it")
    try:
        re.compile(parameter.pattern or "")
    except re.error as error:
        remedy = "write one as Python's re does"
        yield Complaint((*path, "pattern"), f"is no regular expression: {error}", remedy)


def _propagation(path: Path, propagation: Propagation) -> Complaints:
    if propagation.window <= timedelta(0):
        yield Complaint((*path, "window"), "is not positive", "Azure's documented bound is PT60M")
    if propagation.consecutive_reads < 1:
        yield Complaint((*path, "consecutiveReads"), "is not positive", "write 1 or more")


def _looks(path: Path, looks: Looks) -> Complaints:
    for name in looks.__struct_fields__:
        if getattr(looks, name) <= timedelta(0):
            yield Complaint((*path, name), "is not positive", "write a duration such as PT60S")


_CHECKS: dict[type, Callable[[Path, Any], Complaints]] = {
    DeclaredGrant: _declared,
    Grantable: _grantable,
    Looks: _looks,
    Match: _match,
    Parameter: _parameter,
    Profile: _profile,
    Propagation: _propagation,
}
