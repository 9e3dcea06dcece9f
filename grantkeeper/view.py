"""How clusters look on a terminal: a table of all, one in detail, its audit, lines of changes."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grantkeeper import timeline
from grantkeeper.changes import Change
from grantkeeper.report import Cluster, Grant, Rejected
from grantkeeper.terminal import moment, printable, unbroken, with_columns, with_rows
from shared.effects import AuditEntry
from shared.roles import role_name

_COLOUR = {"True": "green", "False": "red", "effective": "green", "readable": "cyan",
           "written": "yellow", "succeeded": "green", "existed": "green"}  # fmt: skip


def clusters(found: Iterable[Cluster]) -> Table:
    """All clusters, a line each."""
    table = with_columns(
        "Cluster", "Ready", "Reason", "Cluster state", "Grants effective", "Next look"
    )
    for cluster in found:
        effective = sum(grant.state == "effective" for grant in cluster.grants)
        table.add_row(
            printable(cluster.label),
            _state(cluster.ready),
            printable(cluster.reason),
            printable(cluster.provisioning),
            f"{effective} of {len(cluster.grants)}",
            "resync" if cluster.settled else moment(cluster.next_look),
        )
    return table


def detail(cluster: Cluster, now: datetime, width: int = 0) -> RenderableType:
    """One cluster: its conditions, each of its grants, and how to use it once it is ready.

    `width` is that of the timelines, in columns; without one, times are only written out.
    """
    asked = cluster.request
    origin = f"made for request {asked.request_id}" if asked else "made by someone else"
    parts: list[RenderableType] = [
        unbroken(f"{cluster.label}\n{cluster.id}\n{origin}\n"),
        _conditions(cluster),
        Text(),
        *(_grant(grant, cluster, now, width) for grant in cluster.grants),
        *map(_former, cluster.former),
    ]
    if width and any(grant.written_at for grant in cluster.grants):
        parts.append(Text(timeline.LEGEND, "dim"))
    if cluster.credentials_command:
        parts.append(unbroken(f"\nUse it:  {cluster.credentials_command}"))
    return Group(*parts)


def rejections(found: Iterable[Rejected]) -> Table:
    """Refused messages, the latest first."""
    table = with_columns("Rejected", "Request", "Reason", "Field", "What to do")
    for each in found:
        cells = (each.request_id or "-", each.reason, each.field or "-", each.message)
        table.add_row(moment(each.at), *map(printable, cells))
    return table


def audit(cluster_id: str, entries: Iterable[AuditEntry]) -> RenderableType:
    """What was written to Azure for a cluster."""
    rows = list(entries)
    outcomes = {each.effect_id: each for each in rows if each.phase == "outcome"}
    intents = [each for each in rows if each.phase == "intent"]
    effects = [_effect(intent, outcomes.get(intent.effect_id)) for intent in intents]
    return Group(
        unbroken(printable(cluster_id)),
        *(effects or [Text("nothing was written to Azure for it")]),
    )


def progress(
    found: Iterable[Cluster], missing: Iterable[str], now: datetime, width: int
) -> RenderableType:
    """The live view: each cluster with each of its grants, and how far they got; `width` is that
    of the timelines, in columns."""
    rows: list[RenderableType] = []
    for cluster in found:
        state = "Ready" if cluster.ready == "True" else "not ready"
        look = f"next look {_next_look(cluster, now)}"
        rows.append(Text(printable(f"{cluster.label}  {state}  {cluster.reason}  {look}"), "bold"))
        for grant in cluster.grants:
            words = (grant.evidence or grant.reason, timeline.left(grant, now))
            row = Text(printable(f"  {_name(grant)} at {_last(grant.scope)}  "))
            row.append_text(_state(grant.state))
            row.append(printable("".join(f"  {word}" for word in words if word)))
            rows.append(row.append_text(_bar(grant, cluster, now, width)))
    rows += [f"{printable(name)}  no record yet" for name in missing]
    return Group(*rows, Text(timeline.LEGEND if width else "", "dim"))


def line(change: Change) -> str:
    """One change as a line of text."""
    where = f" at {_last(change.scope)}" if change.scope else ""
    before = f"{change.before} -> " if change.before not in (None, change.after) else ""
    reason = f" ({change.reason})" if change.reason else ""
    waits = change.deadline and change.after != "effective"
    until = f", deadline {moment(change.deadline)}" if waits else ""
    name = _last(change.cluster)
    went = f"{before}{change.after}{reason}{until}"
    return printable(f"{change.at:%H:%M:%S} {name}  {change.subject}{where}: {went}")


def _conditions(cluster: Cluster) -> Table:
    table = with_columns("Condition", "Status", "Reason", "Since", "Message")
    for each in cluster.conditions:
        reason, message = printable(each.reason), printable(each.message)
        table.add_row(each.type, _state(each.status), reason, moment(each.since), message)
    return table


def _grant(grant: Grant, cluster: Cluster, now: datetime, width: int) -> Text:
    """A grant as a paragraph: its three states each with its time, and by what evidence."""
    text = unbroken("")
    text.append(f"{_name(grant)}  ", "bold")
    text.append(grant.state, _COLOUR.get(grant.state, ""))
    if grant.evidence:
        text.append(f"  by {grant.evidence}")
    rows = [f"on {grant.scope}", f"because {grant.because} ({grant.source})", *_clock(grant, now)]
    if not grant.is_proven:
        rows.append(f"next look  {_next_look(cluster, now)}")
    if grant.held_as:
        rows.append(f"left alone: it is there as {grant.held_as}")
    if grant.reason != grant.evidence or grant.message:
        rows.append(f"{grant.reason}: {grant.message}" if grant.message else grant.reason)
    return with_rows(text, rows).append_text(_bar(grant, cluster, now, width)).append("\n")


def _former(grant: Grant) -> Text:
    """A grant that is needed no more."""
    rows = [f"on {grant.scope}", f"needed no more since {moment(grant.left_at)}"]
    if grant.made_by_us:
        rows.append(f"assignment {grant.assignment_id}")
    return with_rows(unbroken(f"{printable(_name(grant))}  former"), rows).append("\n")


def _bar(grant: Grant, cluster: Cluster, now: datetime, width: int) -> Text:
    """The grant's timeline as a line of its own; nothing where there is none to draw."""
    drawn = timeline.bar(grant, cluster.next_look, now, width)
    return Text("\n  ").append_text(drawn) if drawn else Text()


def _name(grant: Grant) -> str:
    return f"{grant.identity}: {grant.role_name}"


def _clock(grant: Grant, now: datetime) -> list[str]:
    """The three states and the ends of the window, a line each."""
    if grant.written_at is None:
        return []
    rows = [f"written    {moment(grant.written_at)}"]
    for name, at in (("readable", grant.readable_at), ("effective", grant.effective_at)):
        later = f"  {timeline.span(at - grant.written_at)} later" if at else ""
        rows.append(f"{name:<11}{moment(at)}{later}")
    if not grant.effective_at:
        rows.append(f"expected   {moment(grant.expected_at)}")
    left = timeline.left(grant, now)
    rows.append(f"deadline   {moment(grant.deadline)}{f'  {left}' if left else ''}")
    return rows


def _next_look(cluster: Cluster, now: datetime) -> str:
    at = cluster.next_look
    if at is None:
        return "resync"
    return f"{moment(at)}  in {timeline.span(at - now)}" if at > now else "now"


def _effect(intent: AuditEntry, outcome: AuditEntry | None) -> Text:
    """A write as a paragraph: when, what, how it ended, for whom and why."""
    end = outcome.outcome if outcome else "no outcome"
    text = unbroken("")
    text.append(f"\n{moment(intent.at)}  {printable(intent.action)}  ", "bold")
    text.append(printable(end), _COLOUR.get(end, "red"))
    rows = [f"on {intent.target}"]
    if intent.role:
        rows.append(f"{role_name(intent.role)} for {intent.principal_id} at {intent.scope}")
    rows.append(f"because {intent.because}")
    source = f"policy {intent.policy}"
    if intent.request_id:
        source += f" · request {intent.request_id}"
    if outcome and outcome.correlation_id:
        source += f" · correlation id {outcome.correlation_id}"
    return with_rows(text, (*rows, source))


def _state(state: str) -> Text:
    return Text(state, _COLOUR.get(state, ""))


def _last(arm_id: str) -> str:
    return arm_id.rpartition("/")[2]
