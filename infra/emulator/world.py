"""What all rooms of the emulator share: time, chance, principals, due work, ledger, listeners."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .clock import Clock
from .knobs import Knobs, Range

LEDGER_LENGTH = 200_000
_READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Principal:
    """A security principal in the directory (Microsoft Entra)."""

    object_id: str
    client_id: str
    kind: str  # 'ServicePrincipal' or 'User'
    display_name: str
    created_at: datetime
    resource_id: str | None = None  # the managed identity's resource, or the cluster's


@dataclass(frozen=True, slots=True)
class ArmChange:
    """One finished ARM write, delete or action; Event Grid turns it into an event."""

    resource_id: str
    operation_name: str  # 'Microsoft.ContainerService/managedClusters/write'
    status: str  # 'Succeeded', 'Failed' or 'Canceled'
    caller: Principal | None
    correlation_id: str
    existed: bool


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One request as answered: who asked what, and the status they got (0: connection reset).

    `body` is what was sent; `correlation_id` is the answer's x-ms-correlation-request-id.
    """

    at: datetime
    method: str
    path: str
    api_version: str
    status: int
    caller_name: str
    body: bytes = b""
    correlation_id: str = ""

    @property
    def is_write(self) -> bool:
        """Whether it could have changed something: anything but GET and HEAD."""
        return self.method not in _READS

    @property
    def document(self) -> Any:
        """The body as JSON; None when there is none, or it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Directory:
    """The principals of the one tenant."""

    def __init__(self, new_guid: Callable[[], str], clock: Clock) -> None:
        self._new_guid = new_guid
        self._clock = clock
        self._principals: dict[str, Principal] = {}

    def create(
        self,
        display_name: str,
        resource_id: str | None = None,
        kind: str = "ServicePrincipal",
        object_id: str | None = None,
        client_id: str | None = None,
    ) -> Principal:
        """Add a principal; ids not given are drawn."""
        principal = Principal(
            object_id or self._new_guid(),
            client_id or self._new_guid(),
            kind,
            display_name,
            self._clock.now(),
            resource_id,
        )
        self._principals[principal.object_id.lower()] = principal
        return principal

    def remove(self, object_id: str) -> None:
        """Forget a principal; its role assignments stay, as in Azure."""
        self._principals.pop(object_id.lower(), None)

    def get(self, object_id: str) -> Principal | None:
        """The principal with this object id."""
        return self._principals.get(object_id.lower())

    def by_client_id(self, client_id: str) -> Principal | None:
        """The principal with this client (application) id."""
        wanted = client_id.lower()
        return next((p for p in self._principals.values() if p.client_id.lower() == wanted), None)


class Ledger:
    """The latest requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[LedgerEntry] = deque(maxlen=LEDGER_LENGTH)

    @property
    def entries(self) -> list[LedgerEntry]:
        """A copy of all entries."""
        return list(self._entries)

    def writes(self, caller_name: str | None = None) -> list[LedgerEntry]:
        """What was asked besides reads, refused or not; of one caller, or of all."""
        return [
            entry
            for entry in self._entries
            if entry.is_write and caller_name in (None, entry.caller_name)
        ]

    def append(self, entry: LedgerEntry) -> None:
        """Add the newest entry."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything, so that a measurement can start from zero."""
        self._entries.clear()

    def count(
        self,
        *,
        method: str | None = None,
        path_contains: str = "",
        caller_name: str | None = None,
    ) -> int:
        """How many requests match; `path_contains` ignores case."""
        wanted = path_contains.lower()
        return sum(
            1
            for entry in self._entries
            if (method is None or entry.method == method.upper())
            and (caller_name is None or entry.caller_name == caller_name)
            and wanted in entry.path.lower()
        )


class World:
    """The state and the services every room builds on. Hold `lock` while touching any of it."""

    def __init__(self, knobs: Knobs, clock: Clock) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.knobs = knobs
        self.random = random.Random(knobs.seed)  # noqa: S311 - reproducible, nothing secret
        self.directory = Directory(self.new_guid, clock)
        self.ledger = Ledger()
        self.tenant_id = self.new_guid()
        self.subscription_ids = [each.lower() for each in knobs.subscription_ids] or [
            self.new_guid() for _ in range(knobs.subscriptions)
        ]
        self.on_change: list[Callable[[ArmChange], None]] = []
        self.on_delete: list[Callable[[str], None]] = []
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []
        self._sequence = itertools.count()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Run `action` when so many emulated seconds have passed."""
        due_at = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._due, (due_at, next(self._sequence), action))

    def run_due(self) -> None:
        """Run every action whose time has come, in order of time."""
        with self.lock:
            while self._due and self._due[0][0] <= self.clock.now():
                heapq.heappop(self._due)[2]()

    def next_due(self) -> datetime | None:
        """When the next action is due; None when nothing is under way."""
        return self._due[0][0] if self._due else None

    def advance(self, seconds: float) -> None:
        """Move time ahead; each action finds the clock at its own time while it runs."""
        with self.lock:
            self.run_due()
            end = self.clock.now() + timedelta(seconds=seconds)
            while self._due and self._due[0][0] <= end:
                self._advance_to(self._due[0][0])
                self.run_due()
            self._advance_to(end)

    def _advance_to(self, moment: datetime) -> None:
        gap = (moment - self.clock.now()).total_seconds()
        if gap > 0:
            self.clock.advance(gap)

    def changed(self, change: ArmChange) -> None:
        """Tell everybody who listens that an ARM write, delete or action has ended."""
        for listener in self.on_change:
            listener(change)

    def deleted(self, resource_id: str) -> None:
        """Tell everybody who listens that a resource has ceased to exist."""
        for listener in self.on_delete:
            listener(resource_id.lower())

    def new_guid(self) -> str:
        """A GUID from the seeded random."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def seeded(self, *names: str) -> random.Random:
        """Chance that depends on the seed and these names only, not on the order of requests."""
        text = "|".join([str(self.knobs.seed), *(name.lower() for name in names)])
        return random.Random(text)  # noqa: S311 - reproducible, nothing secret

    def draw_seconds(self, limits: Range, *names: str) -> float:
        """A number of seconds within `limits`, drawn by `seeded(*names)`."""
        return self.seeded(*names).uniform(*limits)
