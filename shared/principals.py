"""Why Azure does not know a principal: whether the identity that the cluster names is there.

A system-assigned identity is the cluster's own, so the cluster's GET has answered that. A
user-assigned one is a resource for itself: made again under the same name it has another principal,
while the cluster goes on with the old one until it is put again.
"""

from collections.abc import Collection
from dataclasses import dataclass

from msgspec.structs import replace

from shared.arm import Arm
from shared.errors import PRINCIPAL_MISSING, Deferred, Failure
from shared.model import CONTROL_PLANE, KUBELET, Cluster, Progress, Record
from shared.resource_id import InvalidId, ResourceId, parse_scope
from shared.wire import USER_ASSIGNED

_ELSEWHERE = "the directory is late, or the identity belongs to another tenant"


@dataclass(frozen=True, slots=True)
class Principals:
    """Reads the identities behind principals."""

    arm: Arm

    def explained(self, record: Record, cluster: Cluster, tried: Collection[Progress]) -> Record:
        """The record after grants were `tried` in this turn, with what is the matter with each
        identity whose principal has been unknown for so long that it counts as missing."""
        keys = {progress.grant.key for progress in tried}
        missing = [
            p for p in record.grants if p.grant.key in keys and p.reason == PRINCIPAL_MISSING
        ]
        grants = (progress.grant for progress in missing)
        whys = {
            identity: self._why(identity, principal, cluster)
            for identity, principal in {(g.identity, g.principal_id) for g in grants}
        }
        explained = {
            p.grant.key: replace(p, message=f"{whys[p.grant.identity]}; Azure says: {p.message}")
            for p in missing
        }
        return replace(record, grants=tuple(explained.get(p.grant.key, p) for p in record.grants))

    def _why(self, identity: str, principal_id: str, cluster: Cluster) -> str:
        resource = _identity_of(cluster, identity)
        if resource is None:
            return f"the cluster has this identity itself: {_ELSEWHERE}"
        try:
            found = self.arm.facts(resource)
        except (Deferred, Failure) as failure:
            return f"whether the identity {resource} is there cannot be read ({failure.reason})"
        if not found:
            return f"the identity {resource} is gone: give the cluster another one"
        principals = found["principalId"]
        if principal_id not in (each.lower() for each in principals):
            return (
                f"the identity {resource} was made again, and its principal is now "
                f"{', '.join(principals)!a}: update the cluster with it"
            )
        return f"the identity {resource} is there, with this principal: {_ELSEWHERE}"


def _identity_of(cluster: Cluster, identity: str) -> ResourceId | None:
    """The user-assigned identity of the control plane or the kubelet, as the cluster's JSON names
    it; None when there is none, or not exactly one."""
    named = list[str]()
    if identity == CONTROL_PLANE and cluster.identity_type == "UserAssigned":
        assigned = cluster.body.at("identity", "userAssignedIdentities")
        named = [name for name, _ in assigned.members()]
    elif identity == KUBELET:
        profile = cluster.body.at("properties", "identityProfile")
        named = [profile.text("kubeletidentity", "resourceId")]
    try:
        (found,) = (parse_scope(text) for text in named)
    except (InvalidId, ValueError):
        return None
    return found if isinstance(found, ResourceId) and found.type == USER_ASSIGNED else None
