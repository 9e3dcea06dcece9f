"""Grants that no cluster's JSON shows, declared by the operator in policy.yaml.

Tags are set by whoever may write the cluster, a requester among them: match by a tag only what
each of them may have.
"""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from shared.resource_id import ClusterId
from shared.roles import BUILT_IN_ROLES

# What a declared scope may say in braces.
PLACEHOLDERS = ("subscriptionId", "resourceGroup", "name", "location")

RoleName = Annotated[
    str,
    Meta(description="A built-in role's name, or any role's GUID.", examples=[*BUILT_IN_ROLES]),
]

Verify = Annotated[
    Literal["read", "probe", "loadBalancer"],
    Meta(
        description="What counts as effective: reading, or the cluster's own attempt; "
        "`loadBalancer` lets it make a short-lived one in subnets of nodes."
    ),
]


class Match(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Which clusters a declared grant is for; what is left out, or empty, fits any.

    Of each list one entry must fit, of `tags` all. `resourceGroups`, `names` and `locations` are
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
            and _fits(_region(location), tuple(map(_region, self.locations)))
            and self._fits_tags(tags)
        )

    def _fits_tags(self, tags: dict[str, str]) -> bool:
        held = {name.lower(): value for name, value in tags.items()}
        return all(
            name.lower() in held and _glob(held[name.lower()], pattern)
            for name, pattern in self.tags.items()
        )


class DeclaredGrant(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A grant that no cluster's JSON shows: `identity` (controlPlane, kubelet or addon:<key>) of
    each cluster that `match` fits needs `role` (a built-in's name or a role definition GUID) at
    `scope`, an ARM id that may hold {subscriptionId}, {resourceGroup}, {name} and {location}."""

    identity: str
    role: RoleName
    scope: str
    because: str
    match: Match = field(default_factory=Match)
    verify: Verify | None = None

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


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns fits the whole text, without case."""
    return any(_glob(text.lower(), pattern.lower()) for pattern in patterns)


def _glob(text: str, pattern: str) -> bool:
    """`*` and `?` are the only wildcards: fnmatch's `[` is made to stand for itself."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _fits(text: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or matches(text, patterns)


def _region(location: str) -> str:
    """ARM's name of a region: `West US 2` and `westus2` are the same."""
    return location.replace(" ", "").lower()
