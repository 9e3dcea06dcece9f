"""The command `verify`: do a cluster's grants hold now, and what would an upgrade break."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.text import Text

from grantkeeper import report, selection, terminal
from grantkeeper.answer import tell
from grantkeeper.arm_reader import open_arm
from grantkeeper.connection import Place, open_store
from grantkeeper.failure import ExitCode
from grantkeeper.sight import Live
from grantkeeper.verification import Verification, Verified, verify
from shared.model import Record
from shared.policy import Policy
from shared.resource_id import parse_cluster_id
from shared.settings import Cloud

_COLOUR = {"yes": "green", "no": "red", "unknown": "yellow"}
_WORDS = {"yes": "holds", "no": "does not hold", "unknown": "cannot be told"}


@dataclass(frozen=True, slots=True)
class Question:
    """What to verify: `name` as people call a cluster; `managed` are the managed subscriptions, by
    default the cluster's own."""

    name: str
    policy: Policy
    managed: tuple[str, ...]
    cloud: Cloud


def run(place: Place, question: Question, as_json: bool) -> ExitCode:
    """Print what holds, and the exit code. Raises `CommandFailed` and `AzureError`."""
    record = _record(place, question.name)
    where = parse_cluster_id(record.cluster_id)
    managed = question.managed or (where.subscription_id,)
    with open_arm(place, question.cloud) as arm:
        sight = Live(arm, question.policy, datetime.now(UTC))
        cluster = arm.get_cluster(where)
        found = verify(record, cluster, where, question.policy, managed, sight)
    tell(found, as_json, _whole)
    return ExitCode.OK if found.holds else ExitCode.NOT_READY


def _record(place: Place, name: str) -> Record:
    with open_store(place) as store:
        known = report.read(store).clusters
        cluster = selection.find(known, name)
        loaded = store.load(parse_cluster_id(cluster.id)) if cluster else None
    if loaded is None:
        raise selection.unknown(known, name)
    return loaded[0]


def _whole(found: Verification) -> RenderableType:
    return Group(
        terminal.unbroken(f"{found.cluster_id}\nprovisioning state {found.provisioning or 'none'}"),
        *(_line(f"{each.reason}: {each.message}") for each in found.problems),
        *map(_grant, found.grants),
        *(_line(f"not read: {each.id} ({each.reason})") for each in found.unread),
        terminal.unbroken(f"\n{_verdict(found)}"),
    )


def _line(text: str) -> Text:
    return terminal.unbroken(terminal.printable(text))


def _grant(each: Verified) -> Text:
    text = terminal.unbroken("")
    text.append(f"\n{terminal.printable(f'{each.identity}: {each.role_name}')}  ", "bold")
    text.append(_WORDS[each.holds], _COLOUR[each.holds])
    return terminal.with_rows(text, _rows(each))


def _rows(each: Verified) -> Iterator[str]:
    yield f"on {each.scope}"
    yield f"because {each.because}"
    if each.held_as:
        yield f"it is there as {each.held_as}"
    for problem in each.problems:
        yield f"{problem.reason}: {problem.message}"
    if each.breaks:
        yield f"in an upgrade: {each.breaks}"


def _verdict(found: Verification) -> str:
    if found.holds:
        return "All grants hold: as far as permissions go, the cluster can be upgraded."
    broken = sum(each.holds != "yes" for each in found.grants)
    return f"{broken} of {len(found.grants)} grants do not hold, or cannot be told: see above."
