"""Doing the step of a turn. Every write is safe to repeat, and audited.

Each act takes the record and returns what it has become. What Azure refuses is noted, not raised;
storage that cannot keep the audit ends the turn, whose message comes again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from shared import effects, profiles, progress, repair, revocation
from shared.answers import Written
from shared.arm import Arm
from shared.audit import Audit
from shared.budget import Budget
from shared.decide import Assign, Create, ReadProbe, Repair, Revoke, StartProbe, Step
from shared.definitions import Definitions
from shared.errors import Deferred, Failure, NeedsAdministrator, Terminal, Transient
from shared.ledger import Ledger
from shared.model import Cluster, ClusterRequest, Progress, Record
from shared.policy import Policy
from shared.principals import Principals
from shared.probing import Prober
from shared.resource_id import ClusterId, parse_scope
from shared.store import Damaged, Store
from shared.wanted import assignment_id

_Key = tuple[str, str, str]  # Grant.key
# A turn ends within host.json's functionTimeout, twice over: then what it entered in the ledger is
# on a record, or will never be.
_SAVED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Actor:
    """Carries out steps on Azure."""

    arm: Arm
    store: Store
    audit: Audit
    ledger: Ledger
    budget: Budget
    definitions: Definitions
    policy: Policy

    def act(
        self, step: Step, record: Record, found: Cluster | None, cluster: ClusterId, now: datetime
    ) -> Record:
        """Carry out one step; `found` is the cluster as this turn has read it."""
        match step:
            case Create():
                return self._create(record, cluster, now)
            case Assign(missing) if found:
                done = {p.grant.key: self._assign(p, record, cluster, now) for p in missing}
                done |= _together(done)
                grants = tuple(done.get(p.grant.key, p) for p in record.grants)
                return Principals(self.arm).explained(
                    replace(record, grants=grants), found, missing
                )
            case Repair() if found:
                return self._repair(found, record, cluster, now)
            case Revoke(needless):
                kept = {p.grant.key: self._revoke(p, record, cluster, now) for p in needless}
                kept |= _together(kept)
                former = (kept.get(p.grant.key, p) for p in record.former)
                return replace(record, former=tuple(p for p in former if p))
            case StartProbe(target, obstacle):
                prober = Prober(self.arm, self.audit)
                return prober.start(record, target, obstacle, cluster, now)
            case ReadProbe():
                return Prober(self.arm, self.audit).read(record, cluster, now)
            case _:
                return record

    def _create(self, record: Record, cluster: ClusterId, now: datetime) -> Record:
        if record.request is None:
            return record
        try:
            made = self._put(record.request, cluster)
        except Failure as failure:
            since = record.failing_since or now
            window, looks = self.policy.propagation.window, self.policy.looks
            reason, retry_at = progress.after_failure(failure, since, window, looks, now)
            return replace(
                record,
                failing_since=since,
                retry_at=retry_at,
                failure=f"{reason}: {failure.message}",
                create_refused=_is_final(failure),
            )
        if made.existed:  # made since our look; the next look will show whose it is
            return replace(record, retry_at=now + self.policy.looks.absent / 4)
        return replace(record, put_at=now, failing_since=None, retry_at=None, failure="")

    def _put(self, request: ClusterRequest, cluster: ClusterId) -> Written:
        try:
            profile = profiles.check(self.policy, request)
        except profiles.Unacceptable as fault:  # the policy has changed since it was accepted
            raise Terminal(fault.reason, f"{fault.field}: {fault}") from None
        body = profiles.cluster_body(profile, request, cluster)
        group, location = cluster.group, request.location
        if profile.create_resource_group and not self.arm.has_resource_group(group):
            self.audit.of(
                effects.resource_group_write(cluster, request),
                lambda: self.arm.create_resource_group(group, location),
            )
        return self.audit.of(
            effects.cluster_write(cluster, request), lambda: self.arm.create_cluster(cluster, body)
        )

    def _repair(self, found: Cluster, record: Record, cluster: ClusterId, now: datetime) -> Record:
        window, looks = self.policy.propagation.window, self.policy.looks
        try:
            self.audit.of(
                effects.cluster_repair(cluster, found.failure, record.request_id),
                lambda: self.arm.put_again(cluster, found.body.value, found.etag),
            )
        except Transient as failure:
            since = record.failing_since or now
            _, at = progress.after_failure(failure, since, window, looks, now)
            return replace(record, failing_since=since, repair_at=at)
        except Terminal:
            pass  # as good as sent: whoever reads the audit sees the reason
        return repair.tried(record, window, now)

    def _assign(
        self, wanted: Progress, record: Record, cluster: ClusterId, now: datetime
    ) -> Progress:
        propagation, looks = self.policy.propagation, self.policy.looks
        grant = wanted.grant
        description = f"{revocation.STAMP}{grant.because} of {cluster.key}"
        subscription_id = parse_scope(grant.scope).subscription_id
        try:
            reason, message = self.definitions.refusal(grant.role, subscription_id)
            if reason:
                raise Terminal(reason, message)
            self.budget.reserve("PUT", assignment_id(grant))  # before the audit announces it
            written = self.audit.of(
                effects.role_assignment_write(
                    cluster, grant, assignment_id(grant), record.request_id
                ),
                lambda: self.arm.assign(grant, description),
            )
        except Deferred as wait:
            return _waiting(wanted, wait, now)
        except Failure as failure:
            if failure.refused:
                wanted = replace(wanted, assignment_id="", made_by_us=False)
            return progress.failed(wanted, failure, propagation, looks, now)
        return progress.written(wanted, written.id, propagation.window, now)

    def _revoke(
        self, needless: Progress, record: Record, cluster: ClusterId, now: datetime
    ) -> Progress | None:
        """What is left to be done about the grant: None once its assignment is gone, or is no
        business of this cluster's any more."""
        grant, target = needless.grant, assignment_id(needless.grant)
        # First, or two clusters that leave at once would each wait for the other; and the event of
        # the deletion would wake this one.
        self.ledger.leave(target, cluster)
        for user in self.ledger.users(target):
            if self._uses(user.cluster, target):
                return None  # and revokes it when it leaves
            if now - user.since < _SAVED:
                return replace(needless, retry_at=user.since + _SAVED)
            self.ledger.leave(target, user.cluster)
        try:
            found = self.arm.assignment(grant)
            if found and revocation.is_ours(needless, found):
                self.budget.reserve("DELETE", target)  # before the audit announces it
                self.audit.of(
                    effects.role_assignment_delete(cluster, grant, target, record.request_id),
                    lambda: self.arm.revoke(grant),
                )
        except Deferred as wait:
            return _waiting(needless, wait, now)
        except Failure as failure:
            propagation, looks = self.policy.propagation, self.policy.looks
            return progress.failed(needless, failure, propagation, looks, now)
        return None

    def _uses(self, cluster: ClusterId, target: str) -> bool:
        """Whether the cluster uses the assignment, as far as its record tells."""
        try:
            loaded = self.store.load(cluster)
        except Damaged:
            return True
        return loaded is None or target.lower() in map(str.lower, loaded[0].assignment_ids)


def _waiting(progress: Progress, wait: Deferred, now: datetime) -> Progress:
    at = now + timedelta(seconds=wait.retry_after)
    return replace(progress, retry_at=at, reason=wait.reason, message=str(wait))


def _together(tried: Mapping[_Key, Progress | None]) -> dict[_Key, Progress]:
    """Those that have to wait for our share of ARM's limits, each until all of them may be written:
    one more turn for all of them, and not one for each."""
    waiting = {key: p for key, p in tried.items() if p and p.reason == Deferred.reason}
    last = max((p.retry_at for p in waiting.values() if p.retry_at), default=None)
    return {key: replace(p, retry_at=last) for key, p in waiting.items()}


def _is_final(failure: Failure) -> bool:
    """Whether a create so refused is never sent again: the request itself is at fault."""
    return isinstance(failure, Terminal) and not isinstance(failure, NeedsAdministrator)
