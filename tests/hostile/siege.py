"""A town under siege: hostile documents and messages, brought to the real doors."""

import heapq
import json
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import azure.functions as func

import function_app
from infra.emulator.world import LedgerEntry
from tests.flow.town import Town
from tests.hostile import linked
from tests.hostile.messages import Sender
from tests.hostile.mutation import Spoiler
from tests.hostile.topology import Place, cluster

POLICY = Path(__file__).with_name("policy.yaml")
_CLUSTERS = "providers/Microsoft.ContainerService/managedClusters"


@dataclass
class Siege:
    """What was brought to the doors, and what came of it.

    `documents` are the texts that ARM has shown of each cluster, by its id in lower case;
    `requests` and `wakes` the messages; `raised` what left a door.
    """

    town: Town
    chance: random.Random
    documents: dict[str, list[bytes]] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    wakes: list[bytes] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        azure = self.town.azure
        self._place = Place(self.town.subscription, self.chance)
        owners = (azure.app_identity.object_id, azure.operator.object_id)
        strangers = (*owners, *(self._place.guid() for _ in range(5)))
        self._spoiler = Spoiler(self.town.subscription, strangers, self.chance)
        self._sender = Sender(self._spoiler, self.town.subnet)

    def lay_out(self) -> None:
        """The resources that the clusters will point at."""
        self.town.make_network()
        self.town.make_registry()
        path = f"/subscriptions/{self.town.subscription}/resourceGroups/private"
        self.town.arm("PUT", path, {"location": "westus2"}, "2021-04-01")
        for resource_id, document in linked.resources(self._place, self._spoiler):
            self.town.azure.plant(resource_id, document)
        self.town.azure.event_grid.take()

    def run(self, clusters: int, requests: int, again: int) -> None:
        """So many clusters appear and so many requests come in; then some clusters change."""
        for number in range(max(clusters, requests)):
            if number < clusters:
                self._plant(number)
            if number < requests:
                self._ask(number)
            if number % 4 == 0:
                self._shout(number)
            self._turns()
        for number in range(again):
            self._plant(number)
        self.town.azure.advance(600)
        self._turns()

    def writes(self) -> list[LedgerEntry]:
        """All that the product has sent to change something in Azure."""
        caller = self.town.azure.app_identity.display_name
        entries = self.town.azure.world.ledger.entries
        return [entry for entry in entries if entry.is_write and entry.caller_name == caller]

    def shown(self) -> dict[str, list[bytes]]:
        """The documents, and with them those of the clusters that requests have made."""
        made = {
            str(each.id).lower(): [json.dumps(self.town.arm("GET", each.id)).encode()]
            for each in self.town.azure.clusters.all()
        }
        return self.documents | made

    def _id(self, number: int) -> str:
        group = f"/subscriptions/{self.town.subscription}/resourceGroups/clusters"
        return f"{group}/{_CLUSTERS}/c{number}"

    def _plant(self, number: int) -> None:
        cluster_id = self._id(number)
        document = self._spoiler.document(cluster(self._place, cluster_id))
        self.documents.setdefault(cluster_id.lower(), []).append(document)
        self.town.azure.plant(cluster_id, document)

    def _ask(self, number: int) -> None:
        self.requests.append(self._sender.request(number))
        self._at_door(function_app.request_cluster, self.requests[-1])
        if number % 10 == 0:
            self._at_door(function_app.request_poisoned, self.requests[-1])

    def _shout(self, number: int) -> None:
        """A forged event, at each door for events, and forged wake-ups."""
        event = self._sender.event(self._id(number))
        self._guarded(repr(event), lambda: self.town.deliver_event(event))
        for door in (function_app.cluster_event_queued, function_app.cluster_event_poisoned):
            self._at_door(door, json.dumps(event).encode())
        for door in (function_app.reconcile_cluster, function_app.reconcile_poisoned):
            self.wakes.append(self._sender.wake(self._id(number)))
            self._at_door(door, self.wakes[-1])

    def _turns(self) -> None:
        """All events, and what is due on the queue, reach the doors."""
        for event in self.town.azure.event_grid.take():
            self.town.deliver_event(event)
        letters = self.town.post.letters
        while letters and letters[0].at <= self.town.clock.now():
            self._guarded(letters[0].text, lambda: self.town.deliver(heapq.heappop(letters)))

    def _at_door(self, door: Callable[[func.QueueMessage], None], text: bytes) -> None:
        self._guarded(repr(text), lambda: door(func.QueueMessage(body=text)))

    def _guarded(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - whatever it is, it should not have left a door
            self.raised.append(f"{error!r} of {what[:200]!a}")


class Log(logging.Handler):
    """All that is logged while it listens, as a log would show it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("infra."):
            self.lines.append(self.format(record))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what the product says at INFO and above, and others at WARNING, as deployed."""
        root, ours = logging.getLogger(), logging.getLogger("shared")
        root.addHandler(self)
        ours.setLevel(logging.INFO)
        try:
            yield
        finally:
            ours.setLevel(logging.NOTSET)
            root.removeHandler(self)
