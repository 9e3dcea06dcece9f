"""The nouns: what was asked for, what was seen, what is wanted, how far it got.

All are frozen; a change is a new value (`msgspec.structs.replace`). Times are aware and in UTC.
Ids are the text of `resource_id` types; nothing here builds one.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared.declared import Verify
from shared.document import Node

CONTROL_PLANE = "controlPlane"
KUBELET = "kubelet"
ADDON = "addon:"  # followed by the add-on's key in lower case
APP_ROUTING = "webAppRouting"

Event = dict[str, Any]  # a CloudEvent in its JSON form
Evidence = Literal["", "Readable", "Probe", "WindowPassed"]
Status = Literal["True", "False", "Unknown"]


class ClusterRequest(Struct, frozen=True, omit_defaults=True):
    """One accepted request for a cluster. `digest` is the SHA-256 of its canonical body."""

    request_id: str
    cluster_id: str
    profile: str
    location: str
    digest: str
    parameters: dict[str, Any] = {}
    tags: dict[str, str] = {}


class Cluster(Struct, frozen=True):
    """A managed cluster as one ARM read shows it.

    `principals` maps an identity (`controlPlane`, `kubelet`, `addon:<key>`) to its object id and
    holds only those that exist yet: the control plane's is there from the answer to the PUT, the
    others after success (azure-cli recording test_aks_create_no_ssh_key). `resource_uid` tells
    apart two clusters that bore the same id one after the other. `body` is all of the JSON, which
    the rules of `grants` read; `body.faults` are the properties that could not be. `etag` is empty
    where the api-version has none.
    """

    id: str
    location: str
    provisioning_state: str
    resource_uid: str
    identity_type: str
    service_principal: str
    node_resource_group: str
    principals: dict[str, str]
    tags: dict[str, str] = {}
    failure: str = ""
    etag: str = ""
    body: Node = msgspec.field(default_factory=lambda: Node({}))

    @property
    def terminal(self) -> bool:
        """No operation is running (learn.microsoft.com async-operations: the three end states)."""
        return self.provisioning_state == "Succeeded" or self.broken

    @property
    def broken(self) -> bool:
        """The last operation did not succeed."""
        return self.provisioning_state in {"Failed", "Canceled"}

    @property
    def has_managed_identity(self) -> bool:
        """`servicePrincipalProfile.clientId` is `msi`, in whatever case, or left out."""
        return (
            self.identity_type in {"SystemAssigned", "UserAssigned"}
            and self.service_principal.lower() in {"", "msi"}
        )  # fmt: skip

    def addon(self, key: str) -> Node:
        """An add-on that is on, by its key in whatever case; an empty node when it is not. App
        routing is not among the add-ons (AKS#3144), but is found by its key here too."""
        properties = self.body.at("properties")
        found = properties.at("addonProfiles", key)
        if key == APP_ROUTING:
            found = properties.at("ingressProfile", key)
        return found if found.flag("enabled") else Node(None)


class Grant(Struct, frozen=True):
    """A wanted role assignment: `role` is the definition's GUID, `because` what it is for.

    `principal_id` is empty while the identity does not exist yet. `refused` is why the grant is
    not allowed, empty when it is. `source` is where the need was read: a property of the cluster,
    a place in policy.yaml, or a denial that was heard. `rule` is the one of `grants` that found it.
    `verify` is what counts as effective, as policy says.
    """

    identity: str
    principal_id: str
    role: str
    scope: str
    because: str
    refused: str = ""
    source: str = ""
    rule: str = ""
    verify: Verify = "read"

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two grants the same: principal, role and scope."""
        return (self.principal_id, self.role, self.scope.lower())


class Assignment(Struct, frozen=True):
    """A role assignment as ARM lists it; `condition` is its ABAC condition."""

    id: str
    principal_id: str
    role: str
    scope: str
    created_at: datetime | None = None
    condition: str = ""
    description: str = ""
    principal_type: str = ""


class Progress(Struct, frozen=True):
    """How far one grant got: written, readable, effective, each with its time.

    `deadline` is the end of the propagation window, set once when the grant was first known to be
    written and moved only for an assignment that was created later. `reads` counts consecutive
    looks that showed the assignment, `misses` those that did not. `held_as` says by which role and
    scope, when another assignment gives as much or more. `evidence` says why the grant is called
    effective. `failing_since` is when our write first failed, `retry_at` when to try again.
    `diagnosis` is what was found to stand in the way at the last look that had to know. `withheld`
    is why it is not written again, though policy allows it. `left_at` is since when it is no longer
    needed.
    """

    grant: Grant
    assignment_id: str = ""
    made_by_us: bool = False
    written_at: datetime | None = None
    readable_at: datetime | None = None
    effective_at: datetime | None = None
    evidence: Evidence = ""
    deadline: datetime | None = None
    reads: int = 0
    misses: int = 0
    held_as: str = ""
    read_at: datetime | None = None
    probed_at: datetime | None = None
    failing_since: datetime | None = None
    retry_at: datetime | None = None
    reason: str = ""
    message: str = ""
    diagnosis: str = ""
    withheld: str = ""
    left_at: datetime | None = None

    @property
    def refused(self) -> str:
        """Why the grant is not made; empty when it is allowed, or somebody else has made it."""
        return "" if self.written_at else self.grant.refused or self.withheld

    @property
    def state(self) -> Literal["pending", "written", "readable", "effective"]:
        """The furthest of the three states reached."""
        if self.effective_at:
            return "effective"
        if self.readable_at:
            return "readable"
        return "written" if self.written_at else "pending"


class Link(Struct, frozen=True, omit_defaults=True):
    """What was read of a resource that a cluster points at: `facts` by name (`wire.FACTS`).

    `read_at` is when it last could be read: what was read then is believed until it can be again.
    `failing_since` is when it first could not, `reason` and `message` say why, `retry_at` when to
    try again.
    """

    id: str
    read_at: datetime | None = None
    facts: dict[str, tuple[str, ...]] = {}
    failing_since: datetime | None = None
    retry_at: datetime | None = None
    reason: str = ""
    message: str = ""


class Denial(Struct, frozen=True):
    """A 403 that one of the cluster's identities got: the action it misses, and where.

    `scope` is as the text had it, `source` who said so. `role` (GUID) is the one of policy that
    would give the action there; empty when policy allows none.
    """

    identity: str
    action: str
    scope: str
    source: str
    at: datetime
    role: str = ""


class Condition(Struct, frozen=True):
    """As in Kubernetes: `reason` is one CamelCase word, `since` when `status` last changed."""

    type: str
    status: Status
    reason: str
    message: str
    since: datetime


class ProbeRun(Struct, frozen=True):
    """A probe's command under way in the cluster: its AKS command id and what it proves."""

    command_id: str
    target: str
    started_at: datetime


class Record(Struct, frozen=True, omit_defaults=True):
    """What is kept of one cluster between turns. Losing it loses history, not the outcome.

    `pending` are the times at which turns that were sent become visible. `turn_at` is when the
    last turn was taken, `seen_at` when one last found the cluster. `put_at` is when the create
    was accepted, `absent_since` when the cluster was first not found after having been seen,
    `failing_since` when a create, or a repair, first failed and `retry_at` when to try the create
    again (never, if the failure is final: `create_refused`). `unread_since` is when Azure could
    first not be read, until it can again. `policy` is the digest of the policy that the last look
    was judged by. `settled` says that nothing is pending but the slow resync. `faults` are the
    cluster's properties that could not be understood, `links` what was read of the resources it
    points at. `profile` is the one the cluster was made from. `former` keeps the latest grants of
    earlier incarnations and identities. `denials` are the 403s lately heard that no grant answers;
    `repairs` counts the PUTs sent again since the cluster failed, `repair_at` is when the next may
    be. `untold` are the lifecycle events that the topic has not taken yet. `body` is the digest of
    the cluster's JSON as the last turn saw it (`glance.digest`).
    """

    cluster_id: str
    request: ClusterRequest | None = None
    profile: str = ""
    resource_uid: str = ""
    turn_at: datetime | None = None
    seen_at: datetime | None = None
    put_at: datetime | None = None
    absent_since: datetime | None = None
    failing_since: datetime | None = None
    retry_at: datetime | None = None
    unread_since: datetime | None = None
    failure: str = ""
    create_refused: bool = False
    faults: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    grants: tuple[Progress, ...] = ()
    former: tuple[Progress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    probe: ProbeRun | None = None
    denials: tuple[Denial, ...] = ()
    repairs: int = 0
    repair_at: datetime | None = None
    pending: tuple[datetime, ...] = ()
    untold: tuple[Event, ...] = ()
    policy: str = ""
    body: str = ""
    settled: bool = False
    schema: int = 1

    @property
    def requeue_at(self) -> datetime | None:
        """When the next look is planned; None when only the slow resync is."""
        return None if self.settled else min(self.pending, default=None)

    @property
    def deleted(self) -> bool:
        """The cluster was there, and is gone for good."""
        provisioned = self.condition("ClusterProvisioned")
        return provisioned is not None and provisioned.reason == "Deleted"

    @property
    def assignment_ids(self) -> frozenset[str]:
        """Of the role assignments that the cluster needs, or has left and not seen revoked."""
        return frozenset(p.assignment_id for p in (*self.grants, *self.former) if p.assignment_id)

    @property
    def request_id(self) -> str:
        """The id of the request the cluster was asked for by; empty when there was none."""
        return self.request.request_id if self.request else ""

    def is_for(self, request_id: str) -> bool:
        """Whether the cluster was asked for by this request."""
        return self.request is not None and self.request.request_id == request_id

    def condition(self, kind: str) -> Condition | None:
        return next((c for c in self.conditions if c.type == kind), None)
