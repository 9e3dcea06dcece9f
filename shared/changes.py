"""Whether a cluster, as a list of ARM shows it, needs other grants than its record has (pure)."""

from shared.model import Cluster, Record
from shared.policy import Policy
from shared.resource_id import ClusterId, ResourceId
from shared.wanted import wanted
from shared.wire import FACTS


def needs_other(
    record: Record,
    cluster: Cluster,
    cluster_id: ClusterId,
    policy: Policy,
    managed: tuple[str, ...],
) -> bool:
    """By what the record knows of the resources that the cluster points at; a cluster that points
    at another one needs a turn to read it."""
    links = {link.id.lower(): link for link in record.links}
    unread: list[ResourceId] = []

    def related(resource: ResourceId) -> dict[str, tuple[str, ...]] | None:
        if resource.type not in FACTS:
            return {}
        link = links.get(resource.key)
        if link is None:
            unread.append(resource)
            return None
        return link.facts if link.read_at else None

    needed = wanted(cluster, cluster_id, record.profile, policy, managed, related, record.denials)
    return bool(unread) or set(needed) != {known.grant for known in record.grants}
