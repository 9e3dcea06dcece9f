"""Whether a cluster's grants hold now, in the shape that `verify --json` prints."""

from collections.abc import Iterator
from typing import Literal

from grantkeeper.answer import Json
from grantkeeper.breakage import breaks
from grantkeeper.explanation import Unread
from grantkeeper.sight import Live
from shared.definitions import unsafe
from shared.diagnosis import CERTAIN, diagnose
from shared.held import find, held_as, stronger
from shared.model import Assignment, Cluster, Grant, Progress, Record
from shared.policy import Policy
from shared.resource_id import ClusterId, parse_scope
from shared.roles import role_name
from shared.wanted import INVALID_SCOPE, wanted

Holds = Literal["yes", "no", "unknown"]


class Problem(Json, frozen=True):
    """What does not hold: `reason` is one CamelCase word, `message` a sentence."""

    reason: str
    message: str


class Verified(Json, frozen=True):
    """One grant. `holds` is unknown when something of it could not be read; `breaks` says what an
    upgrade would break, null when it holds. `assignmentId` is the assignment that was found now,
    `heldAs` what it is when it is another role, or at a scope above."""

    identity: str
    principal_id: str | None
    role: str
    role_name: str
    scope: str
    because: str
    holds: Holds
    problems: tuple[Problem, ...]
    breaks: str | None
    assignment_id: str | None
    held_as: str | None


class Verification(Json, frozen=True):
    """All of it. `holds` is true when the cluster has no problem and every grant holds."""

    api_version: Literal["grantkeeper/v1"]
    cluster_id: str
    provisioning: str | None
    holds: bool
    problems: tuple[Problem, ...]
    grants: tuple[Verified, ...]
    unread: tuple[Unread, ...]


def verify(
    record: Record,
    cluster: Cluster | None,
    cluster_id: ClusterId,
    policy: Policy,
    managed: tuple[str, ...],
    sight: Live,
) -> Verification:
    """Look at what the record has, and at what the cluster, as it is now, needs besides."""
    grants: tuple[Verified, ...] = ()
    if cluster:
        known = {_key(progress.grant): progress for progress in record.grants}
        profile, denials = record.profile, record.denials
        needed = wanted(cluster, cluster_id, profile, policy, managed, sight.facts, denials)
        for grant in needed:
            known.setdefault(_key(grant), Progress(grant, reason="NotRecorded"))
        checks = _Checks(cluster, policy, managed, sight)
        grants = tuple(map(checks.grant, known.values()))
    problems = tuple(_of_cluster(record, cluster))
    unread = sight.unread()
    return Verification(
        api_version="grantkeeper/v1",
        cluster_id=str(cluster_id),
        provisioning=cluster.provisioning_state if cluster else None,
        holds=not (problems or unread) and all(each.holds == "yes" for each in grants),
        problems=problems,
        grants=grants,
        unread=unread,
    )


class _Checks:
    """The checks of one cluster's grants."""

    def __init__(
        self, cluster: Cluster, policy: Policy, managed: tuple[str, ...], sight: Live
    ) -> None:
        self._cluster = cluster
        self._policy = policy
        self._managed = managed
        self._sight = sight

    def grant(self, progress: Progress) -> Verified:
        """One grant, with the assignment that is there for it now."""
        grant = progress.grant
        found, unknown, problems = None, False, list(self._of_identity(grant))
        if grant.refused == INVALID_SCOPE:
            problems.append(Problem(INVALID_SCOPE, "the cluster names no scope for it"))
        elif grant.principal_id:
            found, unknown = self._found(grant)
            if found:
                unknown = not self._can_judge(found, grant)
                problems += self._of_assignment(progress, found)
            elif not unknown:
                problems.append(_missing(progress))
        holds: Holds = "no" if problems else "unknown" if unknown else "yes"
        return Verified(
            identity=grant.identity,
            principal_id=grant.principal_id or None,
            role=grant.role,
            role_name=role_name(grant.role),
            scope=grant.scope,
            because=grant.because,
            holds=holds,
            problems=tuple(problems),
            breaks=None if holds == "yes" else breaks(grant),
            assignment_id=found.id if found else None,
            held_as=(held_as(grant, found) if found else "") or None,
        )

    def _of_identity(self, grant: Grant) -> Iterator[Problem]:
        now = self._cluster.principals.get(grant.identity, "")
        if not now:
            yield Problem("AwaitingIdentity", "the cluster has no such identity now")
        elif grant.principal_id not in {"", now}:
            yield Problem(
                "IdentityChanged", f"the identity is {now} now; the app has yet to follow"
            )

    def _found(self, grant: Grant) -> tuple[Assignment | None, bool]:
        """The assignment that gives the grant; and whether it is not known if there is one."""
        where = parse_scope(grant.scope).subscription_id
        held = self._sight.assignments(grant.principal_id, where)
        if held is None:
            return None, True
        more = stronger([grant], held, self._sight.read_definition)
        return find(grant, held, more), False

    def _can_judge(self, found: Assignment, grant: Grant) -> bool:
        where = parse_scope(grant.scope).subscription_id
        known, _ = self._sight.definition(found.role, where)
        return known and self._sight.denied(where) is not None

    def _of_assignment(self, progress: Progress, found: Assignment) -> Iterator[Problem]:
        grant = progress.grant
        scope = parse_scope(grant.scope)
        known, definition = self._sight.definition(found.role, scope.subscription_id)
        if known and definition is None:
            yield Problem("RoleDefinitionDoesNotExist", "the role was deleted")
        denied = self._sight.denied(scope.subscription_id) or ()
        diagnosis = diagnose(progress, found, definition, denied, ())
        if diagnosis.reason in CERTAIN:
            yield Problem(*diagnosis)
        if found.condition:
            yield Problem("Condition", f"it is under a condition: {found.condition!a}")
        if progress.made_by_us:
            refusal: str = self._policy.refusal(grant.role, scope, self._managed)
            if definition and found.role == grant.role:
                refusal = refusal or unsafe(definition, self._policy, grant.role)[0]
            if refusal:
                yield Problem(refusal, "it would not be made again if it were removed")
        if progress.written_at and not progress.effective_at:
            yield Problem("NotEffective", "it is not known to work yet; see status")


def _key(grant: Grant) -> tuple[str, str, str]:
    return grant.identity, grant.role, grant.scope.lower()


def _missing(progress: Progress) -> Problem:
    """Why there is nothing where the grant should be, as far as the app knows."""
    if progress.written_at:
        return Problem("AssignmentMissing", "it was there, and has been removed")
    if progress.reason == "NotRecorded":
        return Problem("NotRecorded", "the cluster needs it, and the app does not know that yet")
    reason = progress.refused or progress.reason or "NotWritten"
    return Problem(reason, progress.message or "it has not been made")


def _of_cluster(record: Record, cluster: Cluster | None) -> Iterator[Problem]:
    if cluster is None:
        yield Problem("NotFound", "the cluster is not there any more")
        return
    if record.resource_uid and cluster.resource_uid not in {"", record.resource_uid}:
        yield Problem("Recreated", "the cluster was made again; the app has yet to look at it")
    if cluster.provisioning_state != "Succeeded":
        yield Problem(
            "NotSucceeded",
            f"its provisioning state is {cluster.provisioning_state}; an upgrade needs Succeeded",
        )
    if not cluster.has_managed_identity:
        yield Problem("ServicePrincipal", "it has no managed identity, so that nothing is granted")
