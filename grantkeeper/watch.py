"""The command `watch`: follow clusters until they are Ready, stuck, or time is up."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import typer
from rich.live import Live

from grantkeeper import changes, report, selection, terminal, view
from grantkeeper.failure import ExitCode
from grantkeeper.report import Cluster, Rejected, Report
from shared.store import Store


@dataclass(frozen=True, slots=True)
class Watch:
    """What to follow: these names, or every cluster when there are none.

    With a `request_id`, a rejection of that request, other than those at the times `known`, is an
    end as well.
    """

    names: Sequence[str]
    timeout: timedelta
    interval: timedelta
    as_json: bool = False
    request_id: str = ""
    known: frozenset[datetime] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Look:
    clusters: tuple[Cluster, ...]
    missing: tuple[str, ...]
    rejected: Rejected | None


_LEAST_SECONDS = 0.1  # each look reads two tables whole
_Show = Callable[[_Look], None]


def run(store: Store, watch: Watch) -> ExitCode:
    """Follow, and say how it ended. Raises `CommandFailed` and `AzureError`."""
    deadline = time.monotonic() + watch.timeout.total_seconds()
    with _display(watch) as show:
        while True:
            look = _look(report.read(store), watch)
            show(look)
            if (code := _verdict(look, datetime.now(UTC))) is not None:
                break
            if time.monotonic() >= deadline:
                code = ExitCode.NOT_FOUND if look.missing else ExitCode.NOT_READY
                break
            time.sleep(max(watch.interval.total_seconds(), _LEAST_SECONDS))
    if not watch.as_json:
        _conclude(look)
    return code


def earlier_rejections(found: Report, request_id: str) -> frozenset[datetime]:
    """When this request was rejected before."""
    return frozenset(each.at for each in found.rejections if each.request_id == request_id)


def _look(found: Report, watch: Watch) -> _Look:
    rejected = next(
        (
            each
            for each in found.rejections
            if watch.request_id and each.request_id == watch.request_id
            if each.at not in watch.known
        ),
        None,
    )
    if not watch.names:
        return _Look(tuple(each for each in found.clusters if not each.gone), (), rejected)
    chosen = {name: selection.find(found.clusters, name) for name in watch.names}
    missing = tuple(name for name, cluster in chosen.items() if cluster is None)
    return _Look(tuple(filter(None, chosen.values())), missing, rejected)


def _verdict(look: _Look, now: datetime) -> ExitCode | None:
    """How it ended; None while something may still change soon."""
    if look.rejected:
        return ExitCode.NOT_READY
    if look.missing or not look.clusters:
        return None
    if all(cluster.ready == "True" for cluster in look.clusters):
        return ExitCode.OK
    if all(cluster.ready == "True" or cluster.is_stuck(now) for cluster in look.clusters):
        return ExitCode.NOT_READY
    return None


@contextmanager
def _display(watch: Watch) -> Iterator[_Show]:
    """A live view on a terminal, else a line for each change."""
    if watch.as_json or not sys.stdout.isatty():
        yield _lines(watch.as_json)
        return
    console = terminal.console()
    with Live(console=console, auto_refresh=False) as live:

        def show(look: _Look) -> None:
            width = terminal.bar_width(console, beside=4)
            now = datetime.now(UTC)
            live.update(view.progress(look.clusters, look.missing, now, width), refresh=True)

        yield show


def _lines(as_json: bool) -> _Show:
    before: dict[str, Cluster] = {}

    def show(look: _Look) -> None:
        now = datetime.now(UTC)
        for cluster in look.clusters:
            for change in changes.between(before.get(cluster.id), cluster, now):
                text = msgspec.json.encode(change).decode() if as_json else view.line(change)
                typer.echo(text)
            before[cluster.id] = cluster

    return show


def _conclude(look: _Look) -> None:
    console = terminal.console()
    if look.rejected:
        console.print(view.rejections([look.rejected]))
    for name in look.missing:
        typer.echo(f"{terminal.printable(name)}: there is still no record of it")
    for cluster in look.clusters:
        if cluster.ready == "True":
            typer.echo(
                f"{cluster.label} is Ready ({cluster.reason}): {cluster.credentials_command}"
            )
        else:
            why = f"{cluster.reason}: {cluster.message}" if cluster.message else cluster.reason
            typer.echo(terminal.printable(f"{cluster.label} is not Ready: {why}"))
