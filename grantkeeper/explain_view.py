"""How an explanation looks on a terminal: paragraphs, so that it is read at any width."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from grantkeeper.explanation import Explained, Explanation
from grantkeeper.migration import expiry_line
from grantkeeper.terminal import printable, unbroken, with_rows


def whole(found: Explanation) -> RenderableType:
    """Everything: the cluster, its identities, each grant, and what could not be told."""
    return Group(
        unbroken("\n".join(map(printable, _header(found)))),
        *_identities(found),
        *map(_grant, found.grants),
        *_section(
            "Passed over in the cluster's JSON",
            (f"{each.property} {each.message}" for each in found.faults),
        ),
        *_unread(found),
        *_migration(found),
        unbroken(f"\n{_verdict(found)}"),
    )


def _header(found: Explanation) -> Iterator[str]:
    yield f"{found.resource_group}/{found.name}"
    yield found.cluster_id
    yield f"identity type {found.identity_type}; profile {found.profile or 'none'}"
    if found.live:
        yield "Read from Azure; nothing was written."
    else:
        yield "Offline: nothing was read from Azure, so what exists is not known."
    if found.service_principal:
        yield f"It uses the service principal {found.service_principal}; {_expiry(found)}"
    if found.migration:
        yield "What follows is as if it had managed identity."
    if found.nothing_because:
        yield f"It gets no grants: {found.nothing_because}"


def _expiry(found: Explanation) -> str:
    if found.credential_ends is None:
        how = expiry_line(found.service_principal or "")
        return f"when its credentials end is not known here: {how}"
    days = int((found.credential_ends - datetime.now(UTC)) / timedelta(days=1))
    when = f"{found.credential_ends:%Y-%m-%d}"
    return f"its last credential ends on {when}, " + (
        f"{-days} days ago" if found.credential_ends < datetime.now(UTC) else f"in {days} days"
    )


def _identities(found: Explanation) -> Iterator[Text]:
    each = found.identities
    width = max((len(one.identity) for one in each), default=0)
    lines = (f"{one.identity:{width}}  {one.principal_id or 'not there yet'}" for one in each)
    return _section("Identities", lines)


def _grant(grant: Explained) -> Text:
    """A grant as a paragraph: what, whether, where, why, and what to do if it is refused."""
    text = unbroken("")
    text.append(f"\n{printable(f'{grant.identity}: {grant.role_name}')}  ", "bold")
    text.append(*(("allowed", "green") if grant.allowed else (f"refused: {grant.reason}", "red")))
    text.append(f"  {_existence(grant)}".rstrip())
    rows = [f"on {grant.scope}", f"because {grant.because}, from {grant.source}"]
    if grant.message:
        rows.append(grant.message)
    if grant.remedy:
        rows.append(grant.remedy)
    return with_rows(text, rows)


def _existence(grant: Explained) -> str:
    if grant.exists == "yes":
        return printable(f"held as {grant.held_as}") if grant.held_as else "exists"
    if grant.principal_id is None:
        return "waits for the identity"
    if grant.exists == "unknown":
        return ""
    return "would be made" if grant.allowed else "does not exist"


def _unread(found: Explanation) -> Iterator[Text]:
    title = "Could not be read" if found.live else "Not read offline, and more may follow from it"
    lines = []
    for each in found.unread:
        why = f"{each.reason}: {each.message or ''}" if each.reason else ", ".join(each.facts)
        lines.append(f"{each.id} ({why})")
    return _section(title, lines)


def _migration(found: Explanation) -> Iterator[Text]:
    for number, step in enumerate(found.migration, start=1):
        text = unbroken("")
        text.append(f"\n{number}. {printable(step.title)}", "bold")
        yield with_rows(text, step.commands)


def _section(title: str, lines: Iterable[str]) -> Iterator[Text]:
    """A title with its lines below; nothing when there are none."""
    rows = list(lines)
    if rows:
        text = unbroken("")
        text.append(f"\n{title}", "bold underline")
        yield with_rows(text, rows)


def _verdict(found: Explanation) -> str:
    if found.nothing_because:
        return "Nothing is granted."
    refused = sum(not each.allowed for each in found.grants)
    text = f"{len(found.grants) - refused} grants allowed, {refused} refused."
    return text if found.clear else f"{text} Not all is clear: see above."
