"""The commands `poison list`, `retry` and `drop`: the messages that were refused, or failed."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

import msgspec
import typer
from rich.table import Table

from grantkeeper import report, terminal
from grantkeeper.answer import Json, tell
from grantkeeper.connection import Place, open_queues, open_store
from grantkeeper.failure import CommandFailed, ExitCode
from shared.queues import EVENTS, LONGEST_TEXT, OURS, RECONCILE, Queues
from shared.rejections import EVENT_UNREADABLE, Rejection
from shared.store import Changed, Store

_FIRST_LINE = 60  # characters of a text that a table has room for

_Found = tuple[Rejection, str]  # with its ETag


class Kept(Json, frozen=True):
    """A message that is kept. `poisoned` tells what failed five times from what was refused;
    `obstacle` says why it cannot be put back, and is empty when it can. `cluster` is as far as
    the text names one, and of an event what it is about. `text` is the message's, with what is no
    UTF-8 replaced; of an event no more is kept than what is read of it."""

    id: str
    at: datetime
    queue: str
    reason: str
    poisoned: bool
    field: str
    message: str
    request_id: str
    cluster: str
    obstacle: str
    text: str


class Messages(Json, frozen=True):
    """What `--json` prints: the latest first."""

    api_version: Literal["grantkeeper/v1"]
    messages: tuple[Kept, ...]


def show(place: Place, as_json: bool) -> ExitCode:
    """Print what is kept. Raises `CommandFailed` and `AzureError`."""
    with open_store(place) as store:
        rejections = report.rows(store.rejections())
    kept = tuple(map(_kept, sorted(rejections, key=lambda each: each.at, reverse=True)))
    tell(Messages("grantkeeper/v1", kept), as_json, _whole)
    return ExitCode.OK


def retry(place: Place, ids: Collection[str], every: bool) -> ExitCode:
    """Put messages back on their queues: those of `ids`, or all that failed. A message is kept
    until it was sent, so an interruption leaves it twice rather than not at all. Raises
    `CommandFailed` and `AzureError`."""
    with open_store(place) as store, open_queues(place) as queues:
        found = _failed(store) if every else _called(store, ids)
        sent = [_put_back(store, queues, *each) for each in found]
    if not found:
        typer.echo("No message has failed; refused ones are put back by their ID.")
    return ExitCode.OK if all(sent) else ExitCode.NOT_READY


def drop(place: Place, ids: Collection[str]) -> ExitCode:
    """Keep these messages no longer. Raises `CommandFailed` and `AzureError`."""
    with open_store(place) as store:
        for rejection, etag in _called(store, ids):
            try:
                store.drop(rejection, etag)
            except Changed:
                raise CommandFailed(
                    ExitCode.NOT_READY, f"{rejection.id}: it has just come again; look at it first"
                ) from None
            typer.echo(f"Dropped {rejection.id}")
    return ExitCode.OK


def _failed(store: Store) -> list[_Found]:
    return [(each, etag) for each, etag in report.rows(store.kept()) if each.poisoned]


def _called(store: Store, ids: Collection[str]) -> list[_Found]:
    """Those of the ids, each once. Raises `CommandFailed` when one is not there."""
    known = {rejection.id: (rejection, etag) for rejection, etag in report.rows(store.kept())}
    wanted = dict.fromkeys(each.lower() for each in ids)
    if missing := [each for each in wanted if each not in known]:
        raise CommandFailed(
            ExitCode.NOT_FOUND,
            f"{', '.join(missing)}: no such message; `poison list` has the ids",
        )
    return [known[each] for each in wanted]


def _put_back(store: Store, queues: Queues, rejection: Rejection, etag: str) -> bool:
    if obstacle := _obstacle(rejection):
        typer.echo(f"Not sent {rejection.id}: {obstacle}")
        return False
    queues.put_back(rejection.queue, rejection.text.decode())  # send first …
    try:
        store.drop(rejection, etag)  # … then forget
    except Changed:
        typer.echo(f"Sent {rejection.id} to {rejection.queue}; it has come back, and is kept")
    else:
        typer.echo(f"Sent {rejection.id} to {rejection.queue}")
    return True


def _obstacle(rejection: Rejection) -> str:
    """Why the message cannot be put on its queue; empty when it can."""
    if rejection.queue not in OURS:
        return "it came on none of our queues, or it is not known on which"
    if rejection.reason == EVENT_UNREADABLE:
        return "the message was not kept: events have the claims of people"
    if not rejection.text:
        return "there is no text"
    if len(rejection.text) > LONGEST_TEXT:
        return "the text is too long to be sent in base64, or was cut; its sender has to send it"
    try:
        rejection.text.decode()
    except UnicodeDecodeError:
        return "the text is not UTF-8"
    return ""


def _kept(rejection: Rejection) -> Kept:
    return Kept(
        id=rejection.id,
        at=rejection.at,
        queue=rejection.queue,
        reason=rejection.reason,
        poisoned=rejection.poisoned,
        field=rejection.field,
        message=rejection.message,
        request_id=rejection.request_id,
        cluster=rejection.cluster_id or _cluster(rejection),
        obstacle=_obstacle(rejection),
        text=rejection.text.decode(errors="replace"),
    )


def _cluster(rejection: Rejection) -> str:
    """The cluster that the text names, or what the event is about, as far as can be told; it is
    believed by nobody."""
    if rejection.queue == RECONCILE:
        return rejection.text.decode(errors="replace")
    try:
        body: dict[str, Any] = msgspec.json.decode(rejection.text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    keys = ("subject",) if rejection.queue == EVENTS else ("resourceGroup", "name")
    names = [body.get(key) for key in keys]
    return "/".join(name for name in names if isinstance(name, str))


def _whole(found: Messages) -> Table | str:
    if not found.messages:
        return "No message is kept: none was refused or failed."
    table = terminal.with_columns("Id", "At", "Queue", "Reason", "Cluster", "Text")
    for each in found.messages:
        text = (each.text.strip().splitlines() or [""])[0]
        cells = (each.reason, each.cluster.rpartition("/providers/")[2] or "-", text)
        table.add_row(
            each.id,
            terminal.moment(each.at),
            each.queue or "-",
            *(terminal.printable(cell[:_FIRST_LINE]) for cell in cells),
        )
    return table
