"""The parts of ARM resource ids and paths; what lies below what is a matter of scopes."""

from __future__ import annotations

from dataclasses import dataclass

# What routes begin with: regular expressions whose named groups become arguments of handlers.
IN_SUBSCRIPTION = "/subscriptions/(?P<subscription>[^/]+)"
IN_GROUP = IN_SUBSCRIPTION + "/resourcegroups/(?P<group>[^/]+)"

VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Target:
    """What an ARM path is about."""

    resource_type: str  # 'Microsoft.Network/virtualNetworks/subnets'
    action: str  # 'Microsoft.Network/virtualNetworks/subnets/read'
    scope: str  # the path without a POST's verb


def target(method: str, path: str) -> Target:
    """The action a request asks for and the scope it asks it on (as ARM derives them).

    PUT and PATCH are `TYPE/write`, GET and HEAD `TYPE/read`, DELETE `TYPE/delete`,
    POST .../verb is `TYPE/verb/action`.
    """
    parts = path.strip("/").split("/")
    scope, verb = path, VERBS.get(method, "action")
    if method == "POST":
        scope, verb = "/" + "/".join(parts[:-1]), f"{parts[-1]}/action"
        parts = parts[:-1]
    kind = _type(parts)
    return Target(kind, f"{kind}/{verb}", scope)


def _type(parts: list[str]) -> str:
    start = _after_providers(parts)
    if start is None:
        return "/".join(["Microsoft.Resources", *map(_resources_segment, parts[0::2])])
    if start == len(parts):
        return "Microsoft.Resources/subscriptions/providers"
    return "/".join([parts[start], *parts[start + 1 :: 2]])


def _after_providers(parts: list[str]) -> int | None:
    """Where the last provider's namespace stands; None without a provider."""
    lowered = [part.lower() for part in parts]
    if "providers" not in lowered:
        return None
    return len(lowered) - lowered[::-1].index("providers")


def _resources_segment(segment: str) -> str:
    return "resourceGroups" if segment.lower() == "resourcegroups" else segment


def type_of(resource_id: str) -> str:
    """'Microsoft.Network/virtualNetworks/subnets' for a subnet's id."""
    return _type(resource_id.strip("/").split("/"))


def name_of(resource_id: str) -> str:
    """The last segment."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def parent_of(resource_id: str) -> str | None:
    """The id of the resource a child resource lives in; None for a top-level resource."""
    parts = resource_id.split("/")
    start = _after_providers(parts)
    is_child = start is not None and len(parts) - start > 3
    return "/".join(parts[:-2]) if is_child else None


def subscription_of(resource_id: str) -> str:
    """The subscription's GUID; '' outside any."""
    parts = resource_id.strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0].lower() == "subscriptions" else ""


def group_of(resource_id: str) -> str:
    """The resource group's name; '' outside any."""
    parts = resource_id.strip("/").split("/")
    return parts[3] if len(parts) > 3 and parts[2].lower() == "resourcegroups" else ""
