"""Typed ARM ids: parsed strictly, compared without case, rebuilt from their parts.

Every scope and every path that leaves the process is the `str()` of one of these types. The Azure
SDKs put a scope into the URL as it is given (`..`, `#`, `?` and `%2e` change the request, up to the
tenant root), so nothing else may build one.

Grammar: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules. It is
narrower than Azure's where Azure is lax: ASCII only, no percent signs, known resource types only.
"""

import re
import uuid
from dataclasses import dataclass

_SEGMENT = re.compile(r"[A-Za-z0-9_](?:[-A-Za-z0-9_.()]{0,258}[-A-Za-z0-9_()])?")
_RESOURCE_GROUP = re.compile(r"[-A-Za-z0-9_.()]{0,89}[-A-Za-z0-9_()]")
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9](?:[-_A-Za-z0-9]{0,61}[A-Za-z0-9])?")

_CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"

# The types a role can be granted on, in ARM's own spelling. A type that is not here is refused.
_RESOURCE_TYPES = (
    _CLUSTER_TYPE,
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.Compute/capacityReservationGroups",
    "Microsoft.Compute/diskEncryptionSets",
    "Microsoft.Compute/disks",
    "Microsoft.Compute/hostGroups",
    "Microsoft.Compute/snapshots",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/dnsZones",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/publicIPPrefixes",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/subnets",
    "Microsoft.Storage/storageAccounts",
)
_TYPE_BY_KEY = {name.lower(): name for name in _RESOURCE_TYPES}


class InvalidId(ValueError):
    """The text is not an id this project works with; the message says why, without the text."""


@dataclass(frozen=True, slots=True, eq=False)
class _Id:
    """What all ids share: equality and hashing by `key`, the lower-cased text."""

    @property
    def key(self) -> str:
        return str(self).lower()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Id) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class ResourceGroupId(_Id):
    """`/subscriptions/{id}/resourceGroups/{name}`."""

    subscription_id: str
    resource_group: str

    def __str__(self) -> str:
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"


@dataclass(frozen=True, slots=True, eq=False)
class ResourceId(_Id):
    """A resource in a group, of a type in the table above; `names` has one entry per type part."""

    subscription_id: str
    resource_group: str
    type: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        namespace, *parts = self.type.split("/")
        pairs = "".join(f"/{part}/{name}" for part, name in zip(parts, self.names, strict=True))
        return f"{self.group}/providers/{namespace}{pairs}"

    @property
    def group(self) -> ResourceGroupId:
        return ResourceGroupId(self.subscription_id, self.resource_group)

    @property
    def parent(self) -> "ResourceId":
        """The resource this one is a part of: the network of a subnet."""
        parent_type = self.type.rpartition("/")[0]
        return ResourceId(self.subscription_id, self.resource_group, parent_type, self.names[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class ClusterId(_Id):
    """A managed cluster."""

    subscription_id: str
    resource_group: str
    name: str

    def __str__(self) -> str:
        return f"{self.group}/providers/{_CLUSTER_TYPE}/{self.name}"

    @property
    def group(self) -> ResourceGroupId:
        return ResourceGroupId(self.subscription_id, self.resource_group)


Scope = ResourceGroupId | ResourceId


def subscription_id(text: str) -> str:
    """A subscription id in its canonical form (lower case, with dashes). Raises `InvalidId`."""
    return guid(text, "the subscription id")


def guid(text: str, what: str) -> str:
    """A GUID in its canonical form; `what` names the field for the `InvalidId` raised otherwise."""
    if not re.fullmatch(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", text):
        raise InvalidId(f"{what} is not a GUID")
    return str(uuid.UUID(text))


def cluster_id(subscription: str, resource_group: str, name: str) -> ClusterId:
    """Build a cluster's id from checked parts. Raises `InvalidId` naming the part."""
    if not _CLUSTER_NAME.fullmatch(name):
        raise InvalidId(
            "name: a cluster name has 1 to 63 letters, digits, '-' or '_', "
            "and begins and ends with a letter or digit"
        )
    return ClusterId(subscription_id(subscription), _resource_group(resource_group), name)


def parse_cluster_id(text: str) -> ClusterId:
    """Parse a managed cluster's id. Raises `InvalidId`."""
    parsed = _parse(text)
    if not isinstance(parsed, ResourceId) or parsed.type != _CLUSTER_TYPE:
        raise InvalidId("the id is not a managed cluster's")
    return cluster_id(parsed.subscription_id, parsed.resource_group, parsed.names[0])


def parse_scope(text: str) -> Scope:
    """Parse a scope a role may be granted at: a resource group or a resource, never above.

    Subscriptions, management groups and the tenant root are refused by this grammar, not by
    policy: no configuration can open them. Raises `InvalidId`.
    """
    return _parse(text)


def resource_type(text: str) -> str:
    """A type that roles are granted on, in ARM's own spelling. Raises `InvalidId`."""
    known = _TYPE_BY_KEY.get(text.lower())
    if known is None:
        raise InvalidId("the id's resource type is not one that roles are granted on")
    return known


def covers(held_at: str, scope: Scope) -> bool:
    """Whether an assignment made at `held_at` (any ARM scope, as ARM spells it) applies at `scope`.

    Compared segment by segment and without case: `/…/rg/a` does not cover `/…/rg/ab`.
    """
    held = [part for part in held_at.lower().split("/") if part]
    if held[:2] == ["providers", "microsoft.management"]:
        return True  # a management group: ARM lists it for a scope only when it is above it
    return scope.key[1:].split("/")[: len(held)] == held


def covers_text(held_at: str, text: str) -> bool:
    """The same of a scope as somebody else wrote it; False if it is none."""
    try:
        return covers(held_at, parse_scope(text))
    except InvalidId:
        return False


def _resource_group(text: str) -> str:
    if not _RESOURCE_GROUP.fullmatch(text):
        raise InvalidId(
            "resourceGroup: a resource group name has 1 to 90 letters, digits, or any of "
            "'-_.()', and does not end with a period"
        )
    return text


def _parse(text: str) -> ResourceGroupId | ResourceId:
    if len(text) > 1024 or not text.startswith("/"):
        raise InvalidId("an ARM id begins with '/subscriptions/' and has at most 1024 characters")
    parts = text[1:].split("/")
    if len(parts) < 4 or (parts[0].lower(), parts[2].lower()) != (
        "subscriptions",
        "resourcegroups",
    ):
        raise InvalidId("the id is not of a resource group or of a resource in one")
    subscription, group = subscription_id(parts[1]), _resource_group(parts[3])
    if len(parts) == 4:
        return ResourceGroupId(subscription, group)
    return _resource(subscription, group, parts[4:])


def _resource(subscription: str, group: str, parts: list[str]) -> ResourceId:
    if len(parts) < 4 or len(parts) % 2 or parts[0].lower() != "providers":
        raise InvalidId("the id does not end in /providers/{namespace}/{type}/{name}")
    type_name = resource_type("/".join([parts[1], *parts[2::2]]))
    names = tuple(parts[3::2])
    if not all(_SEGMENT.fullmatch(name) for name in names):
        raise InvalidId("a name in the id has characters that resource names do not have")
    return ResourceId(subscription, group, type_name, names)
