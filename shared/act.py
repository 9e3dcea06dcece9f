"""Doing the step of a turn. Every write is safe to repeat, and audited.

Each act takes the record and returns what it has become. What Azure refuses is noted, not raised;
storage that cannot keep the audit ends the turn, whose message comes again.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from shared import effects, probes, profiles, progress
from shared.answers import Written
from shared.arm import Arm, assignment_id
from shared.audit import Audit
from shared.decide import Assign, Create, ReadProbe, StartProbe, Step
from shared.definitions import Definitions
from shared.errors import Failure, NeedsAdministrator, Terminal, Transient
from shared.model import ClusterRequest, ProbeRun, Progress, Record
from shared.policy import Policy
from shared.resource_id import ClusterId, parse_scope


@dataclass(frozen=True, slots=True)
class Actor:
    """Carries out steps on Azure."""

    arm: Arm
    audit: Audit
    definitions: Definitions
    policy: Policy

    def act(self, step: Step, record: Record, cluster: ClusterId, now: datetime) -> Record:
        """Carry out one step."""
        match step:
            case Create():
                return self._create(record, cluster, now)
            case Assign(missing):
                done = {p.grant.key: self._assign(p, record, cluster, now) for p in missing}
                return replace(
                    record, grants=tuple(done.get(p.grant.key, p) for p in record.grants)
                )
            case StartProbe(target):
                return self._start_probe(record, target, cluster, now)
            case ReadProbe():
                return self._read_probe(record, cluster, now)
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

    def _assign(
        self, wanted: Progress, record: Record, cluster: ClusterId, now: datetime
    ) -> Progress:
        propagation, looks = self.policy.propagation, self.policy.looks
        grant = wanted.grant
        description = f"grantkeeper: {grant.because} of {cluster.key}"
        subscription_id = parse_scope(grant.scope).subscription_id
        try:
            reason, message = self.definitions.refusal(grant.role, subscription_id)
            if reason:
                return progress.failed(wanted, Terminal(reason, message), propagation, looks, now)
            written = self.audit.of(
                effects.role_assignment_write(
                    cluster, grant, assignment_id(grant), record.request_id
                ),
                lambda: self.arm.assign(grant, description),
            )
        except Failure as failure:
            return progress.failed(wanted, failure, propagation, looks, now)
        return progress.written(wanted, written.id, propagation.window, now)

    def _start_probe(
        self, record: Record, target: str, cluster: ClusterId, now: datetime
    ) -> Record:
        try:
            server = ""
            if target.startswith(probes.PULL):
                server = _login_server(record, target.removeprefix(probes.PULL))
            command = probes.command(target, server, secrets.token_hex(4))
            begun = self.audit.of(
                effects.run_command(cluster, target, record.request_id),
                lambda: self.arm.begin_run_command(cluster, command),
            )
        except Failure as failure:
            return _inconclusive(record, target, f"the probe cannot run: {failure.reason}", now)
        return replace(record, probe=ProbeRun(begun.id, target, now))

    def _read_probe(self, record: Record, cluster: ClusterId, now: datetime) -> Record:
        run = record.probe
        if run is None:
            return record
        try:
            end = self.arm.command_end(cluster, run.command_id)
        except Transient:
            end = None
        except Terminal as failure:
            return _inconclusive(record, run.target, f"no result: {failure.reason}", now)
        if end is None and now - run.started_at < probes.LIMIT:
            return record
        if end is None or end.exit_code is None:
            reason = end.reason if end else "it did not end in time"
            return _inconclusive(record, run.target, f"the probe did not run: {reason}", now)
        found = {
            p.grant.key: progress.proven(p, verdict.works, verdict.message, now)
            for p, verdict in probes.verdicts(run.target, record.grants, end.exit_code, end.output)
        }
        grants = tuple(found.get(p.grant.key, p) for p in record.grants)
        return replace(record, probe=None, grants=grants)


def _is_final(failure: Failure) -> bool:
    """Whether a create so refused is never sent again: the request itself is at fault."""
    return isinstance(failure, Terminal) and not isinstance(failure, NeedsAdministrator)


def _login_server(record: Record, registry: str) -> str:
    """Where the registry is to be reached, as it said when it was looked at for its mode."""
    links = (link for link in record.links if link.id.lower() == registry.lower())
    for link in links:
        if servers := link.facts.get("loginServer"):
            return servers[0]
    raise Transient("NoLoginServer", "the registry names no login server")


def _inconclusive(record: Record, target: str, message: str, now: datetime) -> Record:
    """The probe could not tell; its grants wait for the next look, or for the window to pass."""
    grants = tuple(
        progress.proven(p, None, message, now)
        if probes.target_of(p.grant) == target and not p.effective_at
        else p
        for p in record.grants
    )
    return replace(record, probe=None, grants=grants)
