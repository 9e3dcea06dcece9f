"""The command `status`: what is known now."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Group, RenderableType

from grantkeeper import report, selection, terminal, view
from grantkeeper.answer import tell
from grantkeeper.connection import Place, open_store
from grantkeeper.failure import ExitCode


def run(place: Place, name: str | None, as_json: bool) -> ExitCode:
    """Print all clusters, or one, and the exit code. Raises `CommandFailed` and `AzureError`."""
    with open_store(place) as store:
        found = report.read(store)
    if name is not None:
        found = _only(found, name)
    tell(found, as_json, _all if name is None else _one)
    not_ready = name is not None and found.clusters[0].ready != "True"
    return ExitCode.NOT_READY if not_ready else ExitCode.OK


def _only(found: report.Report, name: str) -> report.Report:
    cluster = selection.find(found.clusters, name)
    if cluster is None:
        raise selection.unknown(found.clusters, name)
    asked = cluster.request.request_id if cluster.request else None
    about = tuple(
        each
        for each in found.rejections
        if each.cluster_id.lower() == cluster.id.lower() or (asked and each.request_id == asked)
    )
    return report.Report(found.api_version, (cluster,), about)


def _all(found: report.Report) -> RenderableType:
    nothing = "No cluster is known. Ask for one: python -m grantkeeper submit --help"
    known = view.clusters(found.clusters) if found.clusters else nothing
    return Group(known, *_rejections(found))


def _one(found: report.Report) -> RenderableType:
    width = terminal.bar_width(terminal.console(), beside=4)
    cluster = view.detail(found.clusters[0], datetime.now(UTC), width)
    return Group(cluster, *_rejections(found))


def _rejections(found: report.Report) -> Iterator[RenderableType]:
    if found.rejections:
        yield ""
        yield view.rejections(found.rejections)
