"""A doctor's look at the work account: what has to be there, and what it says of the app."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta

from grantkeeper.checkup import Check, judged
from grantkeeper.connection import Place, open_account, open_queues, open_store
from shared import dead_letters, tables
from shared.dead_letters import CONTAINER
from shared.model import Record
from shared.passes import Passes
from shared.queues import OURS
from shared.store import Store

QUEUES = tuple(f"{name}{end}" for name in OURS for end in ("", "-poison"))
TABLES = (
    *("clusters", "requests", "rejections", "roles", "audit", "delays"),
    *("assignments", "passes"),
)
_POISON = "python -m grantkeeper poison list; the log of the function says why"
_LATE = timedelta(minutes=15)  # a turn; the host takes one within seconds
_SHORTEST = timedelta(minutes=10)
_SPANS = (timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
_MOST_NAMES = 5


def account(place: Place, named_in_settings: bool) -> Iterator[Check]:
    """Queues, tables and the container. Raises `CommandFailed` and `AzureError`."""
    yield from _queues(place)
    with open_account(place) as (storage, credential):
        with closing(tables.service(storage, credential)) as service:
            there = {table.name for table in service.list_tables()}
        missing = [f"there is no table {name}" for name in TABLES if name not in there]
        remedy = "the app makes them when it first runs: look at its log"
        yield judged("tables", missing, remedy, f"{len(TABLES)} of {len(TABLES)}")
        if letters := dead_letters.connect(storage, credential):
            with closing(letters):
                missing = [] if letters.exists() else [f"there is no container {CONTAINER}"]
            remedy = "make it, and name it as the event subscription's dead-letter destination"
            yield judged("dead letters", missing, remedy, CONTAINER, "warn")
        elif named_in_settings:
            yield Check(
                "dead letters",
                "warn",
                "events that were given up are not looked at",
                "set Work__blobServiceUri, or BlobEndpoint in the connection string",
            )


def timer(
    place: Place, subscriptions: tuple[str, ...], schedule: str, now: datetime
) -> Iterator[Check]:
    """Whether the timer looks at each subscription. Raises `CommandFailed` and `AzureError`."""
    limit = patience(schedule)
    with open_account(place) as account, closing(Passes.connect(*account)) as looks:
        looked_at = looks.looked_at()
    faults = []
    for each in subscriptions:
        at = looked_at.get(each)
        if at is None:
            faults.append(f"has never looked at {each}")
        elif now - at > limit:
            faults.append(f"last looked at {each} at {at:%Y-%m-%d %H:%M} UTC")
    remedy = "is the app started, and FLEET_SCHEDULE set? The log of reconcile_fleet says why"
    latest = max(looked_at.values(), default=now)
    yield judged("timer", faults, remedy, f"looked at all clusters at {latest:%Y-%m-%d %H:%M} UTC")


def looked_after(place: Place, schedule: str, now: datetime) -> tuple[str, ...]:
    """The subscriptions that the timer looks at now. Raises `CommandFailed` and `AzureError`."""
    limit = patience(schedule)
    with open_account(place) as account, closing(Passes.connect(*account)) as looks:
        return tuple(sorted(each for each, at in looks.looked_at().items() if now - at <= limit))


def work(place: Place, policy_digest: str, now: datetime) -> Iterator[Check]:
    """Whether turns succeed, and by which policy. Raises `CommandFailed` and `AzureError`."""
    with open_store(place) as store:
        records = list(store.all())
        poisoned = _poisoned(store)
    yield judged("messages that failed", poisoned, _POISON, "none", "warn")
    stalled = [each.cluster_id for each in records if _is_stalled(each)]
    remedy = "the log of reconcile_cluster says why; the timer tries again"
    yield judged("stalled clusters", _few(stalled), remedy, f"none of {len(records)}")
    late = [
        each.cluster_id
        for each in records
        if each.requeue_at and now - each.requeue_at > _LATE and not _is_stalled(each)
    ]
    remedy = "is the app running? The timer wakes whom it finds overdue"
    yield judged("turns in time", _few(late), remedy, "none is overdue", "warn")
    last = max((each for each in records if each.policy), key=_turn, default=None)
    if last and last.policy != policy_digest:
        yield Check(
            "policy in force",
            "warn",
            "the app's last turn was judged by another policy than this file",
            "deploy this policy, or name the app's own with --policy",
        )
    elif last:
        yield Check("policy in force", "ok", "the app judges by this file")


def patience(schedule: str) -> timedelta:
    """How long after its last pass the timer is late: three periods of an NCRONTAB with `*/N` or
    a plain `*` in its first part that varies; three days for any other, a day for none."""
    fields = schedule.split()
    if not fields:
        return timedelta(days=1)
    if len(fields) == 5:
        fields = ["0", *fields]
    for field, span in zip(fields, _SPANS, strict=False):
        every = field.removeprefix("*/") if field.startswith("*/") else "1" if field == "*" else ""
        if every.isdecimal():
            return max(3 * int(every) * span, _SHORTEST)
    return timedelta(days=3)


def _queues(place: Place) -> Iterator[Check]:
    with open_queues(place) as queues:
        lengths = queues.lengths()
    missing = [f"there is no queue {name}" for name in QUEUES if name not in lengths]
    remedy = "make them; no trigger makes its queue, and without its poison queue a message is lost"
    yield judged("queues", missing, remedy, f"{len(lengths)}: {_counts(lengths)}")
    full = [
        f"{name} has {lengths[name]} messages"
        for name in QUEUES
        if name.endswith("-poison") and lengths.get(name)
    ]
    remedy = "is the app running? Its *_poisoned functions empty these queues"
    yield judged("poison queues", full, remedy, "empty")


def _counts(lengths: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {lengths[name]}" for name in sorted(lengths))


def _poisoned(store: Store) -> list[str]:
    count = sum(each.poisoned for each in store.rejections())
    return [f"{count} failed five times and are kept"] if count else []


def _turn(record: Record) -> float:
    """When its last turn was, in seconds since 1970."""
    return record.turn_at.timestamp() if record.turn_at else 0.0


def _is_stalled(record: Record) -> bool:
    stalled = record.condition("Stalled")
    return stalled is not None and stalled.status == "True"


def _few(names: list[str]) -> list[str]:
    more = len(names) - _MOST_NAMES
    return [*names[:_MOST_NAMES], *([f"and {more} more"] if more > 0 else [])]
