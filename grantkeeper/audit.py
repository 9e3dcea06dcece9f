"""The command `audit`: what was written to Azure for a cluster, why, and what came of it."""

from typing import Literal

from grantkeeper import report, selection, view
from grantkeeper.answer import Json, tell
from grantkeeper.connection import Place, open_store
from grantkeeper.failure import ExitCode
from shared.effects import AuditEntry
from shared.resource_id import InvalidId, parse_cluster_id
from shared.store import Store


class Audit(Json, frozen=True):
    """What `--json` prints: the rows of a cluster, in order of time."""

    api_version: Literal["grantkeeper/v1"]
    cluster_id: str
    entries: tuple[AuditEntry, ...]


def run(place: Place, name: str, as_json: bool) -> ExitCode:
    """Print a cluster's audit. Raises `CommandFailed` and `AzureError`.

    The audit outlives the record, so that an ARM id is enough.
    """
    with open_store(place) as store:
        known = report.read(store).clusters
        cluster = selection.find(known, name)
        found = Audit("grantkeeper/v1", *_entries(store, cluster.id if cluster else name))
    if cluster is None and not found.entries:
        raise selection.unknown(known, name)
    tell(found, as_json, lambda each: view.audit(each.cluster_id, each.entries))
    return ExitCode.OK


def _entries(store: Store, text: str) -> tuple[str, tuple[AuditEntry, ...]]:
    try:
        cluster = parse_cluster_id(text)
    except InvalidId:
        return text, ()
    return str(cluster), tuple(report.rows(store.audited(cluster)))
