"""The command `orphans`: role assignments that nobody can use any more. It deletes none of them.

Known without Microsoft Graph are ours only: those that bear our description and name a cluster that
is gone, unless the principal is a living cluster's. Of others, only the directory can tell that
their principal is gone.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from rich.console import Group, RenderableType
from rich.text import Text

from grantkeeper import terminal
from grantkeeper.answer import Json, tell
from grantkeeper.arm_reader import open_arm
from grantkeeper.connection import Place
from grantkeeper.directory import Unreadable, open_directory
from grantkeeper.failure import ExitCode
from shared.arm import Arm
from shared.errors import Failure
from shared.model import Assignment
from shared.resource_id import InvalidId, parse_cluster_id
from shared.revocation import STAMP
from shared.roles import role_name
from shared.settings import Cloud

# learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits: fewer in other clouds.
_LIMITS = {"AzureCloud": 4000}
_LIMIT_ELSEWHERE = 2000
_OUR_CLUSTER = re.compile(rf"{re.escape(STAMP)}.* of (/subscriptions/\S+)", re.DOTALL)
# A principal that was just made may not be found yet; one of another directory never is.
_SETTLED = timedelta(hours=1)
_OF_OTHERS = "ForeignGroup"
_UNKNOWN = """: only our own could be looked for.
Whether the principals of others' assignments are still there is known to the directory alone; your
identity needs Directory.Read.All of Microsoft Graph to ask it."""


class Orphan(Json, frozen=True):
    """A role assignment that nobody can use. `reason` is ClusterGone for one that we made for a
    cluster (`clusterId`) that is there no more, and IdentityNotFound for any whose principal is
    not in the directory; `identity` is unknown where the directory could not be asked. `command`
    deletes it."""

    assignment_id: str
    role: str
    role_name: str
    scope: str
    principal_id: str
    principal_type: str
    created_at: datetime | None
    reason: Literal["ClusterGone", "IdentityNotFound"]
    identity: Literal["missing", "there", "unknown"]
    cluster_id: str | None
    command: str


class Subscription(Json, frozen=True):
    """A subscription, and how many role assignments it has of the `limit`."""

    subscription_id: str
    assignments: int
    limit: int
    orphans: tuple[Orphan, ...]


class Orphans(Json, frozen=True):
    """What `--json` prints. `directory` says why Microsoft Graph could not be asked, so that
    orphans of others are not known; null when it could."""

    api_version: Literal["grantkeeper/v1"]
    directory: str | None
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Of which subscriptions; `graph` is another address of Microsoft Graph than the cloud's."""

    subscriptions: tuple[str, ...]
    cloud: Cloud
    cloud_name: str
    graph: str


def run(place: Place, question: Question, as_json: bool) -> ExitCode:
    """Print the orphans. Raises `CommandFailed`."""
    with open_arm(place, question.cloud) as arm:
        found = _Search(arm).of(question)
    tell(found, as_json, _whole)
    return ExitCode.OK


class _Search:
    """What is read of Azure, each once."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._gone: dict[str, bool] = {}

    def of(self, question: Question) -> Orphans:
        """All orphans. Raises `Failure` when a subscription cannot be read."""
        inside = {each: self._inside(each) for each in question.subscriptions}
        living = frozenset(
            principal
            for subscription in question.subscriptions
            for cluster in self._arm.list_clusters(subscription)
            for principal in cluster.principals.values()
        )
        every = [each for found in inside.values() for each in found]
        existing, problem = _existing((each.principal_id for each in every), question)
        limit = _LIMITS.get(question.cloud_name, _LIMIT_ELSEWHERE)
        return Orphans(
            "grantkeeper/v1",
            problem,
            tuple(
                Subscription(
                    subscription,
                    len(found),
                    limit,
                    tuple(self._orphans(found, living, existing)),
                )
                for subscription, found in inside.items()
            ),
        )

    def _inside(self, subscription: str) -> list[Assignment]:
        """The assignments at the subscription and below: those above count elsewhere."""
        root = f"/subscriptions/{subscription}".lower()
        found = self._arm.assignments(subscription)
        return [each for each in found if f"{each.scope.lower()}/".startswith(f"{root}/")]

    def _orphans(
        self,
        found: Iterable[Assignment],
        living: frozenset[str],
        existing: frozenset[str] | None,
    ) -> Iterator[Orphan]:
        for each in found:
            identity: Literal["missing", "there", "unknown"] = "unknown"
            if existing is not None:
                identity = "there" if each.principal_id in existing else "missing"
            cluster = _cluster_of(each)
            if cluster and each.principal_id not in living and self._is_gone(cluster):
                yield _orphan(each, "ClusterGone", identity, cluster)
            elif identity == "missing" and _is_settled(each):
                yield _orphan(each, "IdentityNotFound", identity, cluster)

    def _is_gone(self, cluster_id: str) -> bool:
        """Whether the cluster is certainly not there."""
        if cluster_id not in self._gone:
            try:
                gone = self._arm.get_cluster(parse_cluster_id(cluster_id)) is None
            except (Failure, InvalidId):
                gone = False
            self._gone[cluster_id] = gone
        return self._gone[cluster_id]


def _existing(
    principals: Iterable[str], question: Question
) -> tuple[frozenset[str] | None, str | None]:
    """The principals that are there; None, and why, when that cannot be known."""
    try:
        with open_directory(question.cloud_name, question.graph) as directory:
            return directory.existing(principals), None
    except Unreadable as error:
        return None, str(error).strip()


def _cluster_of(assignment: Assignment) -> str:
    """The cluster that one of ours was made for; empty for others'."""
    named = _OUR_CLUSTER.fullmatch(assignment.description)
    return named[1] if named else ""


def _is_settled(assignment: Assignment) -> bool:
    created = assignment.created_at
    is_old = created is None or datetime.now(UTC) - created > _SETTLED
    return is_old and assignment.principal_type != _OF_OTHERS


def _orphan(
    assignment: Assignment,
    reason: Literal["ClusterGone", "IdentityNotFound"],
    identity: Literal["missing", "there", "unknown"],
    cluster: str,
) -> Orphan:
    return Orphan(
        assignment_id=assignment.id,
        role=assignment.role,
        role_name=role_name(assignment.role),
        scope=assignment.scope,
        principal_id=assignment.principal_id,
        principal_type=assignment.principal_type,
        created_at=assignment.created_at,
        reason=reason,
        identity=identity,
        cluster_id=cluster or None,
        command=f"az role assignment delete --ids {shlex.quote(assignment.id)}",
    )


def _whole(found: Orphans) -> RenderableType:
    parts: list[RenderableType] = []
    for each in found.subscriptions:
        count = f"{each.assignments} of {each.limit} role assignments"
        parts.append(
            terminal.unbroken(f"{each.subscription_id}: {count}, {len(each.orphans)} orphans")
        )
        parts += map(_paragraph, each.orphans)
    if found.directory:
        parts.append(terminal.unbroken(f"\n{terminal.printable(found.directory)}{_UNKNOWN}"))
    return Group(*parts)


def _paragraph(each: Orphan) -> Text:
    text = terminal.unbroken("")
    text.append(f"\n{terminal.printable(each.role_name)}  ", "bold")
    text.append(each.reason, "red")
    rows = [f"on {each.scope}", f"for {each.principal_type} {each.principal_id} ({each.identity})"]
    if each.cluster_id:
        rows.append(f"made for {each.cluster_id}")
    return terminal.with_rows(text, [*rows, each.command])
