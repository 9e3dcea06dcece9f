"""Why a cluster gets which grants, in the shape that `explain --json` prints (pure)."""

from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from grantkeeper.answer import Json
from shared.model import CONTROL_PLANE, KUBELET, Cluster, Grant, Progress
from shared.policy import Policy
from shared.resource_id import ClusterId, ResourceId
from shared.wanted import INVALID_SCOPE, remedy, wanted

_REFUSALS = {
    INVALID_SCOPE: "the property names no scope that roles are granted at",
    "RoleNeverAllowed": "no policy can allow this role",
    "RoleNotAllowed": "the policy's `grantable` does not have this role",
    "ScopeNotAllowed": "the policy's `grantable` does not have this role at this scope",
}


class Identity(Json, frozen=True):
    """An identity of the cluster; `principalId` is null while it is not there yet."""

    identity: str
    principal_id: str | None


class Explained(Json, frozen=True):
    """One grant. `role` is a GUID, `source` the JSON property, or the place in policy.yaml, that
    the need was read from.

    When it is not `allowed`, `reason` is a word that says why, `message` says it in a sentence,
    and `remedy` is what an administrator can run, null while the identity is not there yet.
    `heldAs` names the assignment that gives it when that is another role or a scope above.
    """

    identity: str
    principal_id: str | None
    role: str
    role_name: str
    scope: str
    because: str
    source: str
    allowed: bool
    reason: str | None
    message: str | None
    remedy: str | None
    exists: Literal["yes", "no", "unknown"]
    assignment_id: str | None
    held_as: str | None


class Fault(Json, frozen=True):
    """A property of the cluster that could not be understood, and was passed over."""

    property: str
    message: str


class Unread(Json, frozen=True):
    """Something the answer depends on that was not read: `facts` names what of it. `reason` is
    Azure's code, null when nothing was asked."""

    id: str
    facts: tuple[str, ...]
    reason: str | None = None
    message: str | None = None


class Step(Json, frozen=True):
    """What to do next, and the lines that do it, none where there is only waiting."""

    title: str
    commands: tuple[str, ...]


class Explanation(Json, frozen=True):
    """All of it. `live` tells whether Azure was read. `nothingBecause` says why the cluster gets
    no grants at all, null when it may. `clear` is true when nothing is left to an administrator:
    every grant is allowed or exists, and all that was to be read could be.

    `servicePrincipal` is the client id of the one that the cluster uses, null when it has managed
    identity, and `credentialEnds` when the last of that one's credentials ends, null when that is
    not known. `migration` is the way to managed identity, if it was asked for; the grants are those
    needed on it then.
    """

    api_version: Literal["grantkeeper/v1"]
    live: bool
    cluster_id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    provisioning: str
    identity_type: str
    profile: str | None
    managed_subscriptions: tuple[str, ...]
    nothing_because: str | None
    clear: bool
    identities: tuple[Identity, ...]
    grants: tuple[Explained, ...]
    faults: tuple[Fault, ...]
    unread: tuple[Unread, ...]
    service_principal: str | None = None
    credential_ends: datetime | None = None
    migration: tuple[Step, ...] = ()


class Seen(NamedTuple):
    """What Azure shows of a grant: `progress` is None when it is not known whether it exists;
    `reason` and `message` say why the role itself must not be granted, empty when it may."""

    grant: Grant
    role_name: str
    progress: Progress | None = None
    reason: str = ""
    message: str = ""


class Sight(Protocol):
    """What can be seen of Azure."""

    live: bool

    def facts(self, resource: ResourceId) -> dict[str, tuple[str, ...]] | None:
        """What is known of a resource (`shared.pointers.Related`)."""

    def look(self, grants: tuple[Grant, ...]) -> tuple[Seen, ...]:
        """What is known of these grants, in their order."""

    def unread(self) -> tuple[Unread, ...]:
        """What was asked for, but not read."""


def explain(
    cluster: Cluster,
    cluster_id: ClusterId,
    profile: str,
    policy: Policy,
    managed: tuple[str, ...],
    sight: Sight,
) -> Explanation:
    """The explanation of a cluster, as a turn would see it. `profile` is the one it was made from,
    empty if none; `managed` are the managed subscriptions' GUIDs. Raises what `sight` raises."""
    nothing = _nothing_because(cluster, cluster_id, policy, managed)
    needed: tuple[Grant, ...] = ()
    if not nothing:
        needed = wanted(cluster, cluster_id, profile, policy, managed, sight.facts)
    grants = tuple(map(_explained, sight.look(needed)))
    faults = tuple(Fault(*fault) for fault in sorted(cluster.body.faults.items()))
    unread = sight.unread()
    failed = [each for each in unread if each.reason]
    refused = [each for each in grants if not each.allowed and each.exists != "yes"]
    return Explanation(
        api_version="grantkeeper/v1",
        live=sight.live,
        cluster_id=str(cluster_id),
        name=cluster_id.name,
        resource_group=cluster_id.resource_group,
        subscription_id=cluster_id.subscription_id,
        location=cluster.location,
        provisioning=cluster.provisioning_state,
        identity_type=cluster.identity_type,
        profile=profile or None,
        managed_subscriptions=managed,
        nothing_because=nothing or None,
        clear=not (nothing or refused or faults or failed),
        identities=_identities(cluster, needed),
        grants=grants,
        faults=faults,
        unread=unread,
    )


def _nothing_because(
    cluster: Cluster, cluster_id: ClusterId, policy: Policy, managed: tuple[str, ...]
) -> str:
    """Why the app grants nothing to this cluster, or an empty text."""
    if cluster_id.subscription_id not in managed:
        return "its subscription is not among the managed ones"
    if not policy.manages(cluster_id):
        return "the policy's `clusters` do not match its name"
    if cluster.has_managed_identity:
        return ""
    if not service_principal(cluster):
        return "it has no managed identity"
    return (
        "it uses a service principal, whose credential expires; explain --as-managed-identity has "
        "the way to managed identity"
    )


def service_principal(cluster: Cluster) -> str:
    """The client id of the service principal that the cluster uses; empty when it uses none."""
    client_id = cluster.service_principal
    return "" if cluster.has_managed_identity or client_id.lower() in {"", "msi"} else client_id


def _identities(cluster: Cluster, needed: tuple[Grant, ...]) -> tuple[Identity, ...]:
    expected = [CONTROL_PLANE, KUBELET] if cluster.has_managed_identity else []
    names = dict.fromkeys([*expected, *cluster.principals, *(each.identity for each in needed)])
    return tuple(Identity(name, cluster.principals.get(name) or None) for name in names)


def _explained(seen: Seen) -> Explained:
    grant, progress = seen.grant, seen.progress
    reason, message = seen.reason, seen.message
    if grant.refused:
        reason, message = grant.refused, _REFUSALS[grant.refused]
    exists: Literal["yes", "no", "unknown"] = "unknown"
    if progress:
        exists = "yes" if progress.written_at else "no"
    return Explained(
        identity=grant.identity,
        principal_id=grant.principal_id or None,
        role=grant.role,
        role_name=seen.role_name,
        scope=grant.scope,
        because=grant.because,
        source=grant.source,
        allowed=not reason,
        reason=reason or None,
        message=message or None,
        remedy=(remedy(grant) if reason else "") or None,
        exists=exists,
        assignment_id=(progress.assignment_id if progress else "") or None,
        held_as=(progress.held_as if progress else "") or None,
    )
