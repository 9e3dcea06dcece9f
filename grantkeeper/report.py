"""What the tables know, in the shape that `--json` prints and everything else renders."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar

from azure.core.exceptions import ResourceNotFoundError

from grantkeeper.answer import Json
from shared.errors import NEEDS_ADMINISTRATOR
from shared.model import Condition, Evidence, Progress, Record, Status
from shared.rejections import Rejection
from shared.resource_id import parse_cluster_id
from shared.roles import role_name
from shared.store import Store

# Looks further apart than this wait for a person, not for Azure (policy.yaml, `looks.blocked`).
_SOON_SECONDS = 15 * 60

T = TypeVar("T")


class Grant(Json, frozen=True):
    """One role assignment a cluster needs: `state` is the furthest reached, `role` a GUID.

    `source` is where the need was read, `refused` why the grant is not made, `heldAs` by which
    other assignment the identity has it already; both are empty otherwise. `deadline` is the end
    of the propagation window, `expectedAt` when most grants work. `diagnosis` is what was found to
    stand in the way, `leftAt` since when a grant is needed no more. When it is looked at next is
    said of the cluster: one turn looks at all of its grants.
    """

    identity: str
    principal_id: str
    role: str
    role_name: str
    scope: str
    because: str
    source: str
    refused: str
    held_as: str
    state: Literal["pending", "written", "readable", "effective"]
    assignment_id: str
    made_by_us: bool
    written_at: datetime | None
    readable_at: datetime | None
    effective_at: datetime | None
    expected_at: datetime | None
    deadline: datetime | None
    evidence: Evidence
    reason: str
    message: str
    diagnosis: str
    left_at: datetime | None

    @property
    def is_proven(self) -> bool:
        """It works, and no later look will say so by better evidence."""
        return self.evidence in {"Probe", "WindowPassed"}


class Request(Json, frozen=True):
    """The request a cluster was made for."""

    request_id: str
    profile: str
    location: str
    parameters: dict[str, Any]
    tags: dict[str, str]


class Cluster(Json, frozen=True):
    """One cluster; `ready`, `reason` and `message` are those of its condition `Ready`.

    `request` is null when somebody else made the cluster. `settled` says that nothing is pending
    but the slow resync; `nextLook` is when the pending turn is due. `former` are grants that were
    written and are needed no more.
    """

    id: str
    subscription_id: str
    resource_group: str
    name: str
    ready: Status
    reason: str
    message: str
    provisioning: str
    settled: bool
    next_look: datetime | None
    resource_uid: str
    request: Request | None
    conditions: tuple[Condition, ...]
    grants: tuple[Grant, ...]
    former: tuple[Grant, ...]
    credentials_command: str | None

    @property
    def label(self) -> str:
        """How people call it."""
        return f"{self.resource_group}/{self.name}"

    @property
    def gone(self) -> bool:
        """The cluster was deleted; its record is history."""
        return self.provisioning == "Deleted"

    def is_stuck(self, now: datetime) -> bool:
        """Not ready, and nothing will change that soon unless somebody does something."""
        if self.ready == "True":
            return False
        far = self.next_look and (self.next_look - now).total_seconds() > _SOON_SECONDS
        return self.settled or self.reason == NEEDS_ADMINISTRATOR or bool(far)


class Rejected(Json, frozen=True):
    """A request, or another message, that was refused: why, and the field at fault."""

    request_id: str
    cluster_id: str
    reason: str
    field: str
    message: str
    at: datetime


class Report(Json, frozen=True):
    """Everything: clusters by id, rejections with the latest first."""

    api_version: Literal["grantkeeper/v1"]
    clusters: tuple[Cluster, ...]
    rejections: tuple[Rejected, ...]


def read(store: Store) -> Report:
    """Read all of it. Tables that are not there yet are empty."""
    clusters = sorted(rows(store.all()), key=lambda record: record.cluster_id.lower())
    rejections = sorted(rows(store.rejections()), key=lambda each: each.at, reverse=True)
    return Report(
        "grantkeeper/v1", tuple(map(_cluster, clusters)), tuple(map(_rejected, rejections))
    )


def rows(found: Iterable[T]) -> list[T]:
    """All of them; a table that is not there yet is empty."""
    try:
        return list(found)
    except ResourceNotFoundError:
        return []  # the app makes the tables when it first runs


def _cluster(record: Record) -> Cluster:
    where = parse_cluster_id(record.cluster_id)
    ready = record.condition("Ready")
    provisioned = record.condition("ClusterProvisioned")
    is_ready = ready is not None and ready.status == "True"
    asked = record.request
    return Cluster(
        id=record.cluster_id,
        subscription_id=where.subscription_id,
        resource_group=where.resource_group,
        name=where.name,
        ready=ready.status if ready else "Unknown",
        reason=ready.reason if ready else "Requested",
        message=ready.message if ready else "",
        provisioning=provisioned.reason if provisioned else "Requested",
        settled=record.settled,
        next_look=record.requeue_at,
        resource_uid=record.resource_uid,
        request=Request(
            asked.request_id, asked.profile, asked.location, asked.parameters, asked.tags
        )
        if asked
        else None,
        conditions=record.conditions,
        grants=tuple(map(_grant, record.grants)),
        former=tuple(map(_grant, record.former)),
        credentials_command=f"az aks get-credentials -g {where.resource_group} -n {where.name}"
        f" --subscription {where.subscription_id}"
        if is_ready
        else None,
    )


def _grant(progress: Progress) -> Grant:
    grant = progress.grant
    return Grant(
        identity=grant.identity,
        principal_id=grant.principal_id,
        role=grant.role,
        role_name=role_name(grant.role),
        scope=grant.scope,
        because=grant.because,
        source=grant.source,
        refused=progress.refused,
        held_as=progress.held_as,
        state=progress.state,
        assignment_id=progress.assignment_id,
        made_by_us=progress.made_by_us,
        written_at=progress.written_at,
        readable_at=progress.readable_at,
        effective_at=progress.effective_at,
        expected_at=_expected(progress),
        deadline=progress.deadline,
        evidence=progress.evidence,
        reason=progress.reason,
        message=progress.message,
        diagnosis=progress.diagnosis,
        left_at=progress.left_at,
    )


def _expected(progress: Progress) -> datetime | None:
    """When Azure says that a grant works as a rule: 10 minutes (learn.microsoft.com/azure/
    role-based-access-control/troubleshooting) of the 60 that AKS warns of (learn.microsoft.com/
    azure/aks/use-managed-identity); as much of a shorter window."""
    written_at, deadline = progress.written_at, progress.deadline
    return written_at + (deadline - written_at) / 6 if written_at and deadline else None


def _rejected(rejection: Rejection) -> Rejected:
    return Rejected(
        request_id=rejection.request_id,
        cluster_id=rejection.cluster_id,
        reason=rejection.reason,
        field=rejection.field,
        message=rejection.message,
        at=rejection.at,
    )
