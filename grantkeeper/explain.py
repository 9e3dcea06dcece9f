"""The command `explain`: which grants a cluster gets and why, without making any of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from grantkeeper import cluster_file, explain_view, migration, selection
from grantkeeper.answer import tell
from grantkeeper.arm_reader import open_arm
from grantkeeper.connection import Place
from grantkeeper.directory import Unreadable, open_directory
from grantkeeper.explanation import Explanation, explain, service_principal
from grantkeeper.failure import CommandFailed, ExitCode
from grantkeeper.sight import Live, Offline
from shared.arm import Arm
from shared.model import Cluster
from shared.policy import Policy
from shared.resource_id import ClusterId, InvalidId, cluster_id, parse_cluster_id
from shared.settings import Cloud


@dataclass(frozen=True, slots=True)
class Question:
    """What to explain: `cluster` is a file's name, `-`, an ARM id, group/name or a name; `managed`
    are the managed subscriptions, by default the cluster's own; `profile` is the one the cluster is
    taken to be made from; `graph` another address of Microsoft Graph than the cloud's."""

    cluster: str
    policy: Policy
    managed: tuple[str, ...]
    profile: str
    cloud: Cloud
    cloud_name: str = "AzureCloud"
    graph: str = ""
    as_managed_identity: bool = False


def run(place: Place, question: Question, as_json: bool) -> ExitCode:
    """Print the explanation, and the exit code. Raises `CommandFailed`."""
    profiles = question.policy.profiles
    if question.profile and question.profile not in profiles:
        known = ", ".join(profiles) or "none"
        raise CommandFailed(
            ExitCode.WRONG_INPUT, f"{question.profile}: no such profile; there are: {known}"
        )
    found = _offline(question) if _is_file(question.cluster) else _live(place, question)
    tell(found, as_json, explain_view.whole)
    return ExitCode.OK if found.clear else ExitCode.NOT_READY


def _is_file(text: str) -> bool:
    if text == cluster_file.STANDARD_INPUT:
        return True
    return not text.startswith("/subscriptions/") and (
        text.endswith(".json") or Path(text).is_file()
    )


def _offline(question: Question) -> Explanation:
    cluster = cluster_file.read(question.cluster)
    try:
        where = parse_cluster_id(cluster.id)
    except InvalidId as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{question.cluster}: id: {error}") from None
    return _explanation(question, cluster, where, Offline())


def _live(place: Place, question: Question) -> Explanation:
    with open_arm(place, question.cloud) as arm:
        where, cluster = _cluster(arm, question)
        return _explanation(question, cluster, where, Live(arm, question.policy, datetime.now(UTC)))


def _explanation(
    question: Question, cluster: Cluster, where: ClusterId, sight: Live | Offline
) -> Explanation:
    managed = question.managed or (where.subscription_id,)
    client_id = service_principal(cluster)
    if question.as_managed_identity and not client_id:
        raise CommandFailed(
            ExitCode.WRONG_INPUT, f"{question.cluster} does not use a service principal"
        )
    taken_for = migration.as_managed(cluster) if question.as_managed_identity else cluster
    found = explain(taken_for, where, question.profile, question.policy, managed, sight)
    if not client_id:
        return found
    way = migration.steps(cluster, where, found.grants) if question.as_managed_identity else ()
    return replace(
        found,
        identity_type=cluster.identity_type,
        service_principal=client_id,
        credential_ends=_credential_ends(client_id, question) if sight.live else None,
        migration=way,
    )


def _credential_ends(client_id: str, question: Question) -> datetime | None:
    """When the last credential of a service principal ends; None when that cannot be known, which
    is usual: the application is its owner's to read."""
    try:
        with open_directory(question.cloud_name, question.graph) as directory:
            return directory.credentials_end(client_id)
    except Unreadable:
        return None


def _cluster(arm: Arm, question: Question) -> tuple[ClusterId, Cluster]:
    """The one cluster that is meant. Raises `CommandFailed`, and `Failure`."""
    seen = {where: arm.get_cluster(where) for where in _meant(arm, question)}
    found = [(where, cluster) for where, cluster in seen.items() if cluster]
    if not found:
        raise CommandFailed(ExitCode.NOT_FOUND, f"{question.cluster}: no such file or cluster")
    if len(found) > 1:
        raise selection.several(question.cluster, [str(where) for where, _ in found])
    return found[0]


def _meant(arm: Arm, question: Question) -> Iterator[ClusterId]:
    """The ids that the text may stand for. Raises `CommandFailed`."""
    text = question.cluster
    try:
        if text.startswith("/"):
            yield parse_cluster_id(text)
            return
        if not question.managed:
            raise CommandFailed(
                ExitCode.WRONG_INPUT, "SUBSCRIPTION_ID: missing; set it, or give the ARM id"
            )
        group, slash, name = text.rpartition("/")
        for subscription in question.managed:
            if slash:
                yield cluster_id(subscription, group, name)
            else:
                yield from _called(arm, subscription, name)
    except InvalidId as error:
        raise CommandFailed(ExitCode.WRONG_INPUT, f"{text}: {error}") from None


def _called(arm: Arm, subscription: str, name: str) -> Iterator[ClusterId]:
    """The clusters of this name in whatever group of a subscription."""
    for cluster in arm.list_clusters(subscription):
        if cluster.id.lower().endswith(f"/managedclusters/{name.lower()}"):
            yield parse_cluster_id(cluster.id)
