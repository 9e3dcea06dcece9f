"""The command `status`: what is known now."""

from datetime import UTC, datetime

import msgspec
import typer

from grantkeeper import report, selection, view
from grantkeeper.connection import Place, open_store
from grantkeeper.failure import ExitCode


def run(place: Place, name: str | None, as_json: bool) -> ExitCode:
    """Print all clusters, or one, and the exit code. Raises `CommandFailed` and `AzureError`."""
    with open_store(place) as store:
        found = report.read(store)
    if name is not None:
        found = _only(found, name)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _print(found, name)
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


def _print(found: report.Report, name: str | None) -> None:
    console = view.console()
    if name is not None:
        width = view.bar_width(console, beside=4)
        console.print(view.detail(found.clusters[0], datetime.now(UTC), width), crop=False)
    elif found.clusters:
        console.print(view.clusters(found.clusters))
    else:
        console.print("No cluster is known. Ask for one: python -m grantkeeper submit --help")
    if found.rejections:
        console.print()
        console.print(view.rejections(found.rejections))
