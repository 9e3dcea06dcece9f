"""What a cluster's JSON points at: scopes as they are found, what is known behind them (pure)."""

from collections.abc import Callable, Iterator

from shared.document import Found, Node
from shared.model import Cluster
from shared.resource_id import InvalidId, ResourceId, parse_scope

# What is known of a resource, by fact (`wire.FACTS`); None when it cannot be read now.
Related = Callable[[ResourceId], dict[str, tuple[str, ...]] | None]
Scopes = Iterator[Found]


def properties(cluster: Cluster) -> Node:
    """The cluster's `properties`."""
    return cluster.body.at("properties")


def pools(cluster: Cluster) -> Iterator[Node]:
    """The agent pools."""
    return properties(cluster).at("agentPoolProfiles").each()


def of_each(pointers: Scopes, fact: str, related: Related) -> Scopes:
    """What the resources pointed at name in turn."""
    for pointer in pointers:
        for text in facts(pointer, related).get(fact, ()):
            yield Found(text, f"{pointer.path} → {fact}")


def facts(pointer: Found, related: Related) -> dict[str, tuple[str, ...]]:
    """What is known of the resource pointed at."""
    resource = resource_at(pointer)
    return (related(resource) if resource else None) or {}


def resource_at(found: Found) -> ResourceId | None:
    """The resource whose id was found; None when it is no resource's id."""
    try:
        scope = parse_scope(found.text)
    except InvalidId:
        return None
    return scope if isinstance(scope, ResourceId) else None


def group_of(found: Found) -> Found:
    """The resource group of what was found; an id that is no resource's stays as it is."""
    resource = resource_at(found)
    return Found(str(resource.group), found.path) if resource else found
