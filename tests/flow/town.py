"""The product in an emulated Azure, on a clock moved by hand, with a post that misbehaves on order.

Real: the doors of function_app, every SDK client (over the in-process transport), Azurite's tables.
Emulated: Azure, and the queues, whose delays follow the same clock (Azurite's follow the wall).
"""

import base64
import heapq
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import azure.functions as func
import msgspec
from azure.data.tables import TableServiceClient
from azure.functions import meta

import function_app
from infra.emulator import EmulatorTransport
from infra.emulator.app_rights import AppRight
from infra.emulator.identity import PrincipalCredential
from infra.stack import rights
from shared import policy_file, queues, settings, wiring
from shared.delegation import condition
from shared.model import Record
from shared.rejections import Rejection
from shared.resource_id import parse_cluster_id
from tests.flow.land import Land
from tests.flow.post import Letter, Post

POLICY = Path(__file__).with_name("policy.yaml")


class Town(Land):
    """One emulated Azure with the product in it. `arm_share` is the setting; with `events_by_queue`
    the event subscription leads to the queue.

    The product has the template's own roles, as its policy needs them, at the subscription (which
    is where the template gives them with `grantAnywhereManaged` and `createResourceGroups`), but
    for a town founded with `app_roles`.
    """

    arm_share = 0.8

    def __init__(self, storage: str, policy_text: bytes | None = None, **knobs: Any) -> None:
        defaults = {"provisioning_seconds": (240, 240), "effective_seconds": (300, 300)}
        super().__init__(**{**defaults, **knobs})
        self.post = Post(self.clock)
        self._storage = storage
        self._has_template = "app_roles" not in knobs
        self._read_policy(policy_text or POLICY.read_bytes())
        self._settings = settings.Settings(
            managed_subscriptions=(self.subscription,),
            policy_file=POLICY,
            work=settings.WorkStorage(connection_string=storage),
            arm_endpoint="https://management.azure.com",
            audience="https://management.azure.com",
            arm_share=self.arm_share,
        )
        self.events_by_queue = False
        self.app = self._build()

    def _build(self, skew: timedelta = timedelta(0)) -> wiring.Application:
        return wiring.build(
            self._settings,
            self._policy,
            PrincipalCredential(self.azure.identities, self.azure.app_identity),
            clock=lambda: self.clock.now() + skew,
            outgoing=self.post,  # type: ignore[arg-type]
            transport=EmulatorTransport(self.azure),
        )

    def _read_policy(self, text: bytes) -> None:
        self._policy = policy_file.parse(text)
        if self._has_template:
            self.give(rights.of(text, condition(self._policy.grantable_roles)))

    def give(self, given: list[dict[str, Any]]) -> None:
        """The operator lets the product do this in Azure, and nothing else."""
        self.azure.app_rights.give(msgspec.convert(given, list[AppRight]))

    def close(self) -> None:
        self.app.close()

    def change_policy(self, text: bytes) -> None:
        """The operator deploys the product again, with another policy."""
        self._read_policy(text)
        self._deploy()

    def another_instance(self, skew: timedelta) -> wiring.Application:
        """One more instance of the product, whose machine's clock is wrong by so much."""
        return self._build(skew)

    def publish_to(self, endpoint: str, key: str) -> None:
        """The operator deploys the product again, with a custom topic."""
        self._deploy(topic_endpoint=endpoint, topic_key=key)

    def discover(self) -> None:
        """The operator deploys the product again, to look after every subscription it sees."""
        self._deploy(discover_subscriptions=True)

    def _deploy(self, **changed_settings: Any) -> None:
        self.app.close()
        self._settings = replace(self._settings, **changed_settings)
        self.app = self._build()

    # --- what people do -------------------------------------------------------------------------

    def request(self, name: str = "c1", **changes: Any) -> None:
        """Put a request on the queue."""
        body = {
            "apiVersion": "grantkeeper/v1",
            "requestId": f"r-{name}",
            "profile": "default",
            "resourceGroup": "clusters",
            "name": name,
            "location": "westus2",
            **changes,
        }
        self.post.put(queues.REQUESTS, json.dumps(body))

    # --- time ------------------------------------------------------------------------------------

    def run(self, minutes: float, *, timer: bool = True, events: bool = True) -> None:
        """Let time pass: due letters, events and the timer reach the doors, in order of time."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < end:
            self.azure.advance(5)
            if timer and int(self.clock.now().timestamp()) % 900 < 5:
                self.tick()
            if events:
                for event in self.azure.event_grid.take():
                    self.deliver_event(event)
            self.deliver_due()

    def run_until(self, true: Callable[[], bool], minutes: float = 90, **how: Any) -> None:
        """Let time pass until something is true; fails if it does not become true."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while not true():
            assert self.clock.now() < end, f"still not true after {minutes} minutes"
            self.run(0.5, **how)

    def deliver_due(self) -> None:
        while self.post.letters and self.post.letters[0].at <= self.clock.now():
            self.deliver(heapq.heappop(self.post.letters))

    # --- the doors -------------------------------------------------------------------------------

    def deliver(self, letter: Letter) -> None:
        message = func.QueueMessage(body=letter.text.encode())
        if letter.queue == queues.REQUESTS:
            function_app.request_cluster(message)
        elif letter.queue == queues.EVENTS:
            function_app.cluster_event_queued(message)
        else:
            function_app.reconcile_cluster(message)

    def deliver_and_crash(self, letter: Letter) -> None:
        """The process dies after it has done its step and sent its messages, and before it saves
        that; the message comes again when its lease ends."""
        save, now = self.app.store.save, self.clock.now()

        def dies(record: Record, etag: str | None) -> str:
            if record.turn_at == now:  # what is saved ahead of a step is not the end of the turn
                raise OSError("the process died")
            return save(record, etag)

        with patch.object(self.app.store, "save", side_effect=dies):
            try:
                self.deliver(letter)
            except OSError:
                self.post.put(letter.queue, letter.text, timedelta(seconds=30))

    def deliver_event(self, event: dict[str, Any]) -> None:
        """To the function, or onto the queue, as the event subscription has it."""
        if self.events_by_queue:
            self.post.put(queues.EVENTS, base64.b64encode(json.dumps(event).encode()).decode())
            return
        registry = meta.get_binding_registry()  # type: ignore[no-untyped-call]
        converter = registry.get("eventGridTrigger")
        datum = meta.Datum(json.dumps(event), "json")
        function_app.cluster_changed(converter.decode(datum, trigger_metadata={}))

    def tick(self) -> None:
        self.app.fleet.wake_all()

    def woken_by_timer(self) -> list[str]:
        """The clusters the timer wakes now, by name; their turns are not taken."""
        self.post.letters.clear()
        self.tick()
        names = sorted(parse_cluster_id(letter.text).name for letter in self.post.letters)
        self.post.letters.clear()
        return names

    # --- the state of the world ------------------------------------------------------------------

    def record(self, name: str = "c1") -> Record:
        loaded = self.app.store.load(self.id_of(name))
        assert loaded, f"no record of {name}"
        return loaded[0]

    def status(self, condition: str, name: str = "c1") -> tuple[str, str]:
        loaded = self.app.store.load(self.id_of(name))
        found = loaded[0].condition(condition) if loaded else None
        return (found.status, found.reason) if found else ("Unknown", "")

    def ready(self, name: str = "c1") -> bool:
        return self.status("Ready", name)[0] == "True"

    def rejections(self) -> list[Rejection]:
        return list(self.app.store.rejections())

    def turns_waiting(self, name: str = "c1") -> int:
        """Live messages of a cluster on the reconcile queue."""
        key = str(self.id_of(name))
        return sum(x.queue == queues.RECONCILE and x.text == key for x in self.post.letters)

    def forget(self, *names: str) -> None:
        """Lose the records of these tables, or those of the clusters."""
        tables = TableServiceClient.from_connection_string(self._storage)
        with tables:
            for name in names or ("clusters",):
                table = tables.get_table_client(name)
                for row in table.list_entities():
                    table.delete_entity(row)
