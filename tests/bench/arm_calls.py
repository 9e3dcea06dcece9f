"""The app's calls to ARM from request to Ready, by kind, out of the emulator's ledger."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from infra.emulator.world import LedgerEntry
from tests.bench.session import Session
from tests.bench.towns import Verify, installed, policy_text, request
from tests.flow.town import Letter, Town

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


@dataclass(frozen=True, slots=True)
class Calls:
    """Some entries of the ledger."""

    entries: tuple[LedgerEntry, ...]

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

    def __str__(self) -> str:
        return ", ".join(f"{number} {kind}" for kind, number in sorted(self.by_kind().items()))


class RepeatingTown(Town):
    """A town in which every message and event is delivered `times` times in a row."""

    def __init__(self, times: int, storage: str, policy: bytes) -> None:
        super().__init__(storage, policy)
        self._times = times

    def deliver(self, letter: Letter) -> None:
        """A message, as often as said."""
        for _ in range(self._times):
            super().deliver(letter)

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
        app = town.azure.app_identity.display_name
        return Calls(
            tuple(
                entry
                for entry in town.azure.world.ledger.entries
                if entry.caller_name == app and entry.at <= ready.since
            )
        )


def _kind(entry: LedgerEntry) -> str:
    call = f"{entry.method} {entry.path}"
    matches = (kind for kind, shape in _KINDS.items() if re.fullmatch(shape, call, re.IGNORECASE))
    return next(matches, call)
