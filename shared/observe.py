"""One look at Azure: what a cluster is, what it needs and what it has of that, for its record.

Reads only. What cannot be read raises `Failure`, and the turn is put off; but of resources that
the cluster only points at, and of roles that others hold, nothing is concluded then.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from shared import glance, learning, progress, revocation
from shared.arm import Arm
from shared.assignment_lists import AssignmentLists
from shared.decide import is_deleted, may_be_stale
from shared.definitions import Definitions
from shared.deny_lists import DenyLists
from shared.errors import Failure
from shared.events import CLUSTER_EXISTS, EXISTS_ALREADY
from shared.held import Stronger, find, stronger
from shared.links import Links
from shared.messages import is_request_id
from shared.model import Assignment, Cluster, Progress, Record
from shared.obstacles import Obstacles
from shared.planning import Planner
from shared.policy import Policy
from shared.profiles import REQUEST_TAG
from shared.rejections import Rejection
from shared.resource_facts import ResourceFacts
from shared.resource_id import ClusterId, parse_scope
from shared.store import Store
from shared.wanted import INVALID_SCOPE, wanted

_Place = tuple[str, str]  # a principal and a subscription


@dataclass(frozen=True, slots=True)
class Observer:
    """Looks at clusters in the subscriptions `managed`."""

    arm: Arm
    store: Store
    definitions: Definitions
    lists: AssignmentLists
    deny_lists: DenyLists
    resources: ResourceFacts
    planner: Planner
    policy: Policy
    managed: tuple[str, ...]

    def look(
        self, record: Record, cluster: Cluster | None, cluster_id: ClusterId, now: datetime
    ) -> Record:
        """The record with this look in it; `cluster` is None when it is not there."""
        woken = is_woken(record, now)
        record = replace(record, unread_since=None)
        if cluster is None:
            seen_before = record.seen_at or record.put_at
            if not seen_before or may_be_stale(record, self.policy, now):
                return record
            record = replace(record, absent_since=record.absent_since or now, probe=None)
            return _left_by(record, now) if is_deleted(record, self.policy, now) else record
        record = _same_incarnation(self._ours(record, cluster, now), cluster, now)
        record = replace(
            record,
            seen_at=now,
            body=glance.digest(cluster.body.value),
            absent_since=None,
            failure="",
            repairs=0 if cluster.provisioning_state == "Succeeded" else record.repairs,
            repair_at=None if cluster.provisioning_state == "Succeeded" else record.repair_at,
            profile=record.profile or self._profile(cluster, cluster_id),
        )
        return self._look_at_grants(record, cluster, cluster_id, now, woken=woken)

    def _look_at_grants(
        self,
        record: Record,
        cluster: Cluster,
        cluster_id: ClusterId,
        now: datetime,
        *,
        woken: bool,
    ) -> Record:
        record = self.with_denials(record, cluster, now)
        known_links = {link.id.lower(): link for link in record.links}
        links = Links(self.resources.of, self.policy, now, known_links)
        needed = wanted(
            cluster,
            cluster_id,
            record.profile,
            self.policy,
            self.managed,
            links.facts,
            record.denials,
        )
        current, former = progress.follow(needed, record.grants, now, record.former)
        propagation, looks = self.policy.propagation, self.policy.looks
        plans = self.planner.plans()
        to_read = {
            p.grant.key: p
            for p in current
            if progress.to_read(p, propagation, now)
            and not progress.waits(p, looks, now, plans, woken=woken)
        }
        # An event of a removal waits that long; a list that clusters share may be from before it.
        oldest = now - progress.spacing(propagation) if woken else None
        held = self._held(to_read.values(), oldest)
        known = tuple(assignment for found in held.values() for assignment in found or ())
        more = stronger((p.grant for p in to_read.values()), known, self.definitions.get)
        diagnose = Obstacles(self.arm, self.deny_lists, self.definitions, record.denials, now).of
        return replace(
            record,
            faults=tuple(f"{path} {what}" for path, what in sorted(cluster.body.faults.items())),
            links=tuple(links.used.values()),
            grants=tuple(
                progress.look(
                    p,
                    held[_place(p)] if p.grant.key in to_read else None,
                    propagation,
                    now,
                    more,
                    diagnose,
                    drift=self.policy.drift,
                    gone=p.grant.key in to_read and self._is_gone(p, known, more),
                )
                for p in current
            ),
            former=former,
        )

    def with_denials(self, record: Record, cluster: Cluster, now: datetime) -> Record:
        """The record with what the cluster's failure says is missing, and without what a grant
        answers: after a look, and after a probe that may have heard more."""
        source = "the cluster's failure"
        known = learning.heard(record.denials, [cluster.failure], cluster.principals, source, now)
        denials = learning.unanswered(
            known, record, cluster, self.policy, self.managed, self.definitions.get, now
        )
        return replace(record, denials=denials)

    def _ours(self, record: Record, cluster: Cluster, now: datetime) -> Record:
        """Reject the request at first sight of a cluster that somebody else made for this name."""
        request = record.request
        if request is None or record.seen_at:
            return record
        if cluster.tags.get(REQUEST_TAG) == request.request_id:
            return replace(record, put_at=record.put_at or now)
        self.store.reject(
            Rejection(
                CLUSTER_EXISTS, "name", EXISTS_ALREADY, now, request.request_id, request.cluster_id
            )
        )
        self.store.release(request)  # or whoever tags the cluster with it has the profile's grants
        return replace(record, request=None, put_at=None, retry_at=None)

    def _profile(self, cluster: Cluster, cluster_id: ClusterId) -> str:
        """The profile the cluster was made from. Its tag is anybody's to write, so what counts is
        the request of that id, and that it was for this cluster."""
        request_id = cluster.tags.get(REQUEST_TAG, "")
        return self.store.profile_of(request_id, cluster_id) if is_request_id(request_id) else ""

    def _is_gone(self, known: Progress, held: tuple[Assignment, ...], more: Stronger) -> bool:
        """Whether an assignment of ours, seen before but not among those `held`, is not there when
        it is read for itself either: then it was removed, and is no stale read."""
        if not (known.readable_at and known.made_by_us) or find(known.grant, held, more):
            return False
        try:
            return self.arm.assignment(known.grant) is None
        except Failure:
            return False

    def _held(
        self, wanted: Collection[Progress], oldest: datetime | None
    ) -> dict[_Place, tuple[Assignment, ...] | None]:
        """What the principals hold: one list for each principal and subscription, read later than
        the last look at any of the grants, and than `oldest`. Where only grants are wanted that
        policy refuses, we may not be allowed to look: None."""
        needed = {_place(p) for p in wanted if not p.grant.refused}
        held: dict[_Place, tuple[Assignment, ...] | None] = {}
        for place in sorted({_place(p) for p in wanted}):
            looks = (p.read_at for p in wanted if _place(p) == place)
            try:
                held[place] = self.lists.of(
                    *place, max(filter(None, (*looks, oldest)), default=None)
                )
            except Failure:
                if place in needed:
                    raise
                held[place] = None
        return held


def is_woken(record: Record, now: datetime) -> bool:
    """Whether this turn was not planned: an event, the timer or somebody asked for it.

    Each of our own messages is known by the time at which it becomes visible, which the turn taken
    after it drops: where one is due, the turn is ours. Whatever comes just before that message is
    taken for it, and the message for what came, so each wake is followed by a turn that reads all.
    What the last turn was woken by is owed if it could not read Azure.
    """
    return record.unread_since is not None or not any(at <= now for at in record.pending)


def _place(progress: Progress) -> _Place:
    """Where to look for the grant: its principal, and the subscription of its scope."""
    grant = progress.grant
    if grant.refused == INVALID_SCOPE:
        return grant.principal_id, ""
    return grant.principal_id, parse_scope(grant.scope).subscription_id


def _left_by(record: Record, now: datetime) -> Record:
    """The record of a cluster that is gone, or whose identities are."""
    former = revocation.left(record.former, record.grants, now)
    return replace(record, grants=(), former=former, probe=None)


def _same_incarnation(record: Record, cluster: Cluster, now: datetime) -> Record:
    """A cluster deleted and made again under the same name is another cluster."""
    known = record.resource_uid
    if known and cluster.resource_uid and known != cluster.resource_uid:
        record = replace(_left_by(record, now), profile="", denials=())
    return replace(record, resource_uid=cluster.resource_uid or known)
