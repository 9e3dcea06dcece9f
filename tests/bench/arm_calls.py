"""The app's calls to ARM from request to Ready, by kind, out of the emulator's ledger."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from infra.emulator.world import LedgerEntry
from tests.bench.session import Session
from tests.bench.towns import Verify, installed, policy_text, request
from tests.flow.post import Letter
from tests.flow.town import Town

_CLUSTER = r".*/providers/microsoft\.containerservice/managedclusters"
_ASSIGNMENT = r".*/providers/microsoft\.authorization/roleassignments"
_KINDS = {
    "cluster PUT": rf"PUT {_CLUSTER}/[^/]+",
    "assignment PUT": rf"PUT {_ASSIGNMENT}/[^/]+",
    "cluster GET": rf"GET {_CLUSTER}/[^/]+",
    "cluster list": rf"GET {_CLUSTER}",
    "assignments list": rf"GET {_ASSIGNMENT}",
    "deny assignments list": r"GET .*/providers/microsoft\.authorization/denyassignments",
    "group": r"\w+ /subscriptions/[^/]+/resourcegroups/[^/]+",
    "registry GET": r"GET .*/providers/microsoft\.containerregistry/registries/[^/]+",
    "subnet GET": r"GET .*/virtualnetworks/[^/]+/subnets/[^/]+",
    "role definition GET": r"GET .*/providers/microsoft\.authorization/roledefinitions/[^/]+",
    "run command": rf"POST {_CLUSTER}/[^/]+/runcommand",
    "command result": rf"GET {_CLUSTER}/[^/]+/commandresults/[^/]+",
}
_PROBES = {"run command", "command result"}
# Read once in a process or resync (deny assignments: in ten minutes), not in each look.
_SHARED = {"deny assignments list", "registry GET", "role definition GET", "subnet GET"}


@dataclass(frozen=True, slots=True)
class Calls:
    """Some entries of the ledger, and, as far as they were made in turns, those of each turn."""

    entries: tuple[LedgerEntry, ...]
    turns: tuple["Calls", ...] = ()

    def by_kind(self) -> Counter[str]:
        """How many of each kind; one that nobody thought of is named by method and path."""
        return Counter(map(_kind, self.entries))

    @property
    def writes(self) -> int:
        """What changes a resource, or would. A run command changes none."""
        return sum(entry.method in {"PUT", "PATCH", "DELETE"} for entry in self.entries)

    @property
    def probes(self) -> int:
        """What it takes to let the cluster try for itself."""
        return sum(_kind(entry) in _PROBES for entry in self.entries)

    @property
    def reads(self) -> int:
        """All the others."""
        return len(self.entries) - self.writes - self.probes

    @property
    def shared(self) -> Counter[str]:
        """The reads that serve many looks, by kind."""
        return Counter({kind: n for kind, n in self.by_kind().items() if kind in _SHARED})

    @property
    def reads_per_look(self) -> float:
        """The most that a turn has read for each list of a principal's assignments, but for what
        is `shared`; 0 when no turn has looked at assignments."""
        looks = ((turn, turn.by_kind()["assignments list"]) for turn in self.turns)
        return max(
            ((turn.reads - turn.shared.total()) / lists for turn, lists in looks if lists),
            default=0,
        )

    def __str__(self) -> str:
        return told(self.by_kind())


def told(kinds: Counter[str]) -> str:
    """How many of each kind, for a note."""
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))


class RepeatingTown(Town):
    """A town in which every message and event is delivered `times` times in a row."""

    def __init__(self, times: int, storage: str, policy: bytes) -> None:
        super().__init__(storage, policy)
        self._times = times
        self.turns: list[tuple[LedgerEntry, ...]] = []

    def deliver(self, letter: Letter) -> None:
        """A message, as often as said; each time is a turn."""
        ledger = self.azure.world.ledger
        for _ in range(self._times):
            before = len(ledger.entries)
            super().deliver(letter)
            self.turns.append(tuple(ledger.entries[before:]))

    def deliver_event(self, event: dict[str, Any]) -> None:
        """An event, as often as said."""
        for _ in range(self._times):
            super().deliver_event(event)


def until_ready(session: Session, verify: Verify, grants: int, *, times: int = 1) -> Calls:
    """What it takes, in calm weather, until the cluster is Ready. AssertionError if it never is."""
    town = RepeatingTown(times, session.storage(), policy_text(verify, grants))
    with installed(town):
        request(town, grants)
        town.run_until(town.ready)
        ready = town.record().condition("Ready")
        assert ready is not None
        app, end = town.azure.app_identity.display_name, ready.since

        def until_then(entries: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
            return tuple(each for each in entries if each.caller_name == app and each.at <= end)

        turns = tuple(Calls(until_then(turn)) for turn in town.turns)
        return Calls(until_then(town.azure.world.ledger.entries), turns)


def _kind(entry: LedgerEntry) -> str:
    call = f"{entry.method} {entry.path}"
    matches = (kind for kind, shape in _KINDS.items() if re.fullmatch(shape, call, re.IGNORECASE))
    return next(matches, call)
