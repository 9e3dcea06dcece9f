"""The only assembly: credential, clients and what the doors call."""

import functools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.credentials import TokenCredential
from azure.identity import ManagedIdentityCredential

from shared import (
    arm,
    dead_letters,
    lifecycle,
    old_rows,
    policy_file,
    queues,
    settings,
    store,
)
from shared.act import Actor
from shared.assignment_lists import AssignmentLists
from shared.audit import Audit
from shared.azure_clock import AzureClock
from shared.budget import Budget
from shared.definitions import Definitions
from shared.deny_lists import DenyLists
from shared.errors import Deferred, Failure
from shared.event_queue import EventQueue
from shared.fleet import Fleet
from shared.housekeeping import Housekeeping
from shared.intake import Intake
from shared.ledger import Ledger
from shared.observe import Observer
from shared.passes import Passes
from shared.planning import Planner
from shared.poison import Poison
from shared.policy import Policy
from shared.reconcile import Reconciler
from shared.resource_facts import ResourceFacts
from shared.resource_id import Scope

_log = logging.getLogger(__name__)
_ASSEMBLY = threading.Lock()
_BELIEVED = timedelta(hours=1)
_LOGGERS = {
    "azure": logging.WARNING,  # at INFO it logs the headers of every request
    "azure.eventgrid": logging.ERROR,  # it warns that a call's timeouts are not parts of an event
    "azure.mgmt": logging.ERROR,  # it warns, with a stack trace, of an error page that is no JSON
    "msal": logging.WARNING,
    "urllib3.connectionpool": logging.ERROR,  # it warns of each connection above ten not kept
}


@dataclass(frozen=True, slots=True)
class Application:
    """What each door calls, and the edges it is built on."""

    settings: settings.Settings
    policy: Policy
    arm: arm.Arm
    store: store.Store
    ledger: Ledger
    passes: Passes
    queues: queues.Queues
    lifecycle: lifecycle.Lifecycle
    intake: Intake
    event_queue: EventQueue
    reconciler: Reconciler
    fleet: Fleet
    poison: Poison
    housekeeping: Housekeeping
    clock: Callable[[], datetime]
    since: datetime

    def close(self) -> None:
        """Close all connections."""
        edges = (self.arm, self.store, self.ledger, self.passes, self.queues, self.lifecycle)
        for edge in edges:
            edge.close()
        self.housekeeping.close()


def application() -> Application:
    """The application of this process, built at the first call: nothing happens at import. Where
    subscriptions are discovered, it is built anew each hour; turns under way keep the former."""
    with _ASSEMBLY:  # a batch of messages calls from many threads at once
        built = _from_environment()
        if built.settings.discover_subscriptions and built.clock() - built.since >= _BELIEVED:
            _from_environment.cache_clear()
            built = _from_environment()
        return built


@functools.cache
def _from_environment() -> Application:
    for name, level in _LOGGERS.items():
        logging.getLogger(name).setLevel(level)
    read = settings.read()
    credential = identity(read.client_id)
    work = credential
    if read.work.client_id and read.work.client_id != read.client_id:
        work = identity(read.work.client_id)
    return build(read, policy_file.load(read.policy_file), credential, work)


def identity(client_id: str) -> ManagedIdentityCredential:
    """The user-assigned identity with this client id, or the app's own when it is empty.

    A token that is refused for now is not waited for in the turn (azure-identity's pipeline sleeps
    as long as Retry-After says); a connection that fails is tried again.
    """
    return ManagedIdentityCredential(client_id=client_id or None, retry_status=0)


def _managed(read: settings.Settings, azure: arm.Arm, looks: Passes) -> tuple[str, ...]:
    """The subscriptions looked after: those named first, then what is discovered, if ARM can be
    asked now, or else what the timer looked at lately."""
    named = read.managed_subscriptions
    if not read.discover_subscriptions:
        return named
    try:
        seen = azure.bulk.subscriptions()
    except (Deferred, Failure) as failure:
        _log.warning("subscriptions unread=%s", failure)
        seen = tuple(sorted(looks.looked_at()))
    return tuple(dict.fromkeys((*named, *seen)))


def build(
    read: settings.Settings,
    policy: Policy,
    credential: TokenCredential,
    work_credential: TokenCredential | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    outgoing: queues.Queues | None = None,
    **sdk: Any,
) -> Application:
    """Put it together. `clock` is this machine's; `sdk` goes to the ARM clients (tests pass
    `transport=`); `outgoing` takes the place of the real queues where a test moves the clock."""
    watch, budget = clock, Budget(clock, read.arm_share, read.arm_instances)
    clock = azure_clock = AzureClock(clock)

    def may_assign(role: str, scope: Scope) -> bool:
        return not policy.refusal(role, scope, managed)

    may_revoke = policy.cleanup == "delete"
    azure = arm.connect(
        credential, read, may_assign, azure_clock, budget, may_revoke=may_revoke, **sdk
    )
    tables = store.connect(read.work, work_credential)
    tables.ensure()
    entries = Ledger.connect(read.work, work_credential)
    entries.ensure()
    looks = Passes.connect(read.work, work_credential)
    looks.ensure()
    managed = _managed(read, azure, looks)
    outgoing = outgoing or queues.connect(read.work, work_credential)
    publisher = lifecycle.connect(read, credential)
    definitions = Definitions(azure, tables, policy, clock)
    planner = Planner(tables, policy.propagation.window, clock)
    lists = AssignmentLists(azure, clock)
    denied = DenyLists(azure, clock)
    facts = ResourceFacts(azure, clock)
    observer = Observer(azure, tables, definitions, lists, denied, facts, planner, policy, managed)
    actor = Actor(azure, tables, Audit(tables, policy, clock), entries, budget, definitions, policy)
    reconciler = Reconciler(
        azure,
        tables,
        entries,
        budget,
        outgoing,
        publisher,
        observer,
        actor,
        planner,
        policy,
        managed,
        clock,
    )
    return Application(
        settings=read,
        policy=policy,
        arm=azure,
        store=tables,
        ledger=entries,
        passes=looks,
        queues=outgoing,
        lifecycle=publisher,
        intake=Intake(tables, outgoing, publisher, policy, managed, clock),
        event_queue=EventQueue(tables, reconciler.changed, clock),
        reconciler=reconciler,
        fleet=Fleet(azure.bulk, tables, looks, outgoing, budget, policy, managed, clock, watch),
        poison=Poison(tables, publisher, managed, clock),
        housekeeping=Housekeeping(
            tables,
            entries,
            old_rows.connect(read.work, work_credential),
            dead_letters.connect(read.work, work_credential),
            reconciler.changed,
            read.keep,
            clock,
        ),
        clock=clock,
        since=clock(),
    )
