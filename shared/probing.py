"""A probe on Azure: its command is begun in one turn, and its end looked for in later ones.

Answers that are not one are told apart: a probe that *cannot run* leaves only reading to go by, one
that *could not tell* is made again at the next look, or the window passes. Neither says that a
grant works.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from shared import effects, learning, probes, progress
from shared.arm import Arm
from shared.audit import Audit
from shared.errors import Failure, Terminal, Transient, outlasted
from shared.model import ProbeRun, Progress, Record
from shared.resource_id import ClusterId

# AKS keeps a result for a while only, and says NotFound as well when the command's pod could not
# start (learn.microsoft.com/troubleshoot/azure/azure-kubernetes/connectivity/
# resolve-az-aks-command-invoke-failures).
_LOST = frozenset({"NotFound", "ResourceNotFound"})


@dataclass(frozen=True, slots=True)
class Prober:
    """Runs probes in clusters."""

    arm: Arm
    audit: Audit

    def start(
        self, record: Record, target: str, obstacle: str, cluster: ClusterId, now: datetime
    ) -> Record:
        """Begin the target's command, unless the cluster's JSON says that none can run."""
        if obstacle:
            return _cannot_run(record, target, obstacle, now)
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
            return _not_run(record, target, failure, now)
        return replace(record, probe=ProbeRun(begun.id, target, now))

    def read(self, record: Record, cluster: ClusterId, now: datetime) -> Record:
        """Look whether the command has ended, and what that says. A result that is lost, or that
        nobody may read, ends the wait as well."""
        run = record.probe
        if run is None:
            return record
        refused: Failure | None = None
        try:
            end = self.arm.command_end(cluster, run.command_id)
        except Failure as failure:
            if isinstance(failure, Terminal) or failure.reason in _LOST:
                return _could_not_tell(record, run.target, f"no result: {failure.reason}", now)
            end, refused = None, failure
        if end is None and now - run.started_at < probes.LIMIT:
            return record
        if end:
            record = _with_denials(record, end.output, now)
        if refused is not None:
            return _not_run(record, run.target, refused, now)
        if end is None or end.exit_code is None:
            reason = end.reason if end else "it did not end in time"
            return _could_not_tell(record, run.target, f"the probe did not run: {reason}", now)
        # Events end, in an hour: a denial that is heard no more has been taken back.
        silent = run.target == probes.CLOUD_CONTROLLER and end.exit_code == 0
        found = {
            p.grant.key: progress.proven(p, verdict.works, verdict.message, now, takes_back=silent)
            for p, verdict in probes.verdicts(run.target, record.grants, end.exit_code, end.output)
        }
        grants = tuple(found.get(p.grant.key, p) for p in record.grants)
        return replace(record, probe=None, grants=grants)


def _with_denials(record: Record, output: str, now: datetime) -> Record:
    """The record with the 403s that the cluster tells of, each in a line of kubectl's JSON."""
    principals = {p.grant.identity: p.grant.principal_id for p in record.grants}
    lines = output.splitlines()
    return replace(
        record, denials=learning.heard(record.denials, lines, principals, "a probe", now)
    )


def _login_server(record: Record, registry: str) -> str:
    """Where the registry is to be reached, as it said when it was looked at for its mode."""
    links = (link for link in record.links if link.id.lower() == registry.lower())
    for link in links:
        if servers := link.facts.get("loginServer"):
            return servers[0]
    raise Transient("NoLoginServer", "the registry names no login server")


def _not_run(record: Record, target: str, failure: Failure, now: datetime) -> Record:
    """AKS did not take the command. Our own role may have been given as late as the grant's, so a
    refusal of our own identity counts once it has outlasted that."""
    waiting = [p.readable_at for p in record.grants if _waits_for(p, target) and p.readable_at]
    since = min(waiting, default=now)
    if isinstance(failure, Terminal) or outlasted(failure.reason, since, now):
        return _cannot_run(record, target, failure.reason, now)
    return _could_not_tell(record, target, f"the probe did not run: {failure.reason}", now)


def _cannot_run(record: Record, target: str, why: str, now: datetime) -> Record:
    return _each(record, target, lambda p: progress.unprovable(p, why, now))


def _could_not_tell(record: Record, target: str, message: str, now: datetime) -> Record:
    return _each(record, target, lambda p: progress.proven(p, None, message, now))


def _each(record: Record, target: str, change: Callable[[Progress], Progress]) -> Record:
    """The probe is over, for each grant that waited for it."""
    grants = tuple(change(p) if _waits_for(p, target) else p for p in record.grants)
    return replace(record, probe=None, grants=grants)


def _waits_for(known: Progress, target: str) -> bool:
    return not known.effective_at and probes.target_of(known.grant) == target
