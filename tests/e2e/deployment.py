"""The product on a local stack, seen from its front: queues, webhook, timer, tables."""

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from azure.data.tables import TableClient
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from infra.stack import event_subscription
from infra.stack.stack import Stack
from shared import dead_letters, store
from shared.model import Record
from shared.rejections import Rejection
from shared.resource_id import ClusterId, cluster_id
from shared.settings import WorkStorage
from tests.e2e import loopback
from tests.e2e.emulated_azure import GROUP, Azure

REQUESTS = "cluster-requests"
RECONCILE = "reconcile"
EVENTS = "cluster-events"
DEADLINE_SECONDS = 120
POLL_SECONDS = 0.2

POLICY = Path(__file__).with_name("policy.yaml")
_EMULATOR_FLAGS = (
    *("--provisioning-seconds", "1-2"),
    *("--effective-seconds", "1-4"),
    *("--knob", "run_command_seconds=0.5"),
    *("--knob", "deletion_seconds=1"),
    *("--knob", "retry_after_seconds=0"),
    *("--knob", "events_at_acceptance=true"),
)
_SETTINGS = {
    "FLEET_SCHEDULE": "0 0 0 1 1 *",  # the timer comes when a test calls it
    "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
}


def until(true: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> None:
    """Wait for something to become true; fails when it does not."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        time.sleep(POLL_SECONDS)


class Deployment:
    """A stack with the product in it. As a context manager it is up inside."""

    def __init__(
        self,
        folder: Path,
        *,
        policy_file: Path = POLICY,
        host_flags: Sequence[str] = (),
        emulator_flags: Sequence[str] = (),
        hosts: int = 1,
        event_delivery: event_subscription.Delivery = "function",
    ) -> None:
        self.stack = Stack(
            folder,
            policy_file=policy_file,
            emulator_flags=[*_EMULATOR_FLAGS, *emulator_flags],
            host_flags=host_flags,
            settings=_SETTINGS,
            hosts=hosts,
            event_delivery=event_delivery,
        )

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self.stack)
            environment = self.stack.environment
            self._host_url = environment["HOST_URL"]
            self._storage = environment["WORK_STORAGE"]
            self.azure = opened.enter_context(closing(Azure(environment)))
            self.azure.make_surroundings()
            work = WorkStorage(connection_string=self._storage)
            self._store = opened.enter_context(closing(store.connect(work, None)))
            self._store.ensure()
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    # --- the front -------------------------------------------------------------------------------

    def request(self, name: str, /, **changes: Any) -> dict[str, Any]:
        """The body of a request for a cluster on the subnet."""
        return {
            "apiVersion": "grantkeeper/v1",
            "requestId": f"request-{name}",
            "profile": "default",
            "resourceGroup": GROUP,
            "name": name,
            "location": "westus2",
            "parameters": {"subnetId": self.azure.subnet},
            **changes,
        }

    def ask(self, name: str, /, **changes: Any) -> None:
        """Send a request."""
        self.send(REQUESTS, json.dumps(self.request(name, **changes)))

    def send(self, queue: str, text: str) -> None:
        """Put a message on a queue, in base64 as the host expects it."""
        self.send_raw(queue, base64.b64encode(text.encode()).decode())

    def send_raw(self, queue: str, content: str) -> None:
        """Put a message on a queue as it is."""
        with QueueClient.from_connection_string(self._storage, queue) as client:
            client.send_message(content)

    def wake(self, name: str, times: int = 1) -> None:
        """Put wake-ups of a cluster on the queue."""
        content = base64.b64encode(self.azure.id_of(name).encode()).decode()
        with QueueClient.from_connection_string(self._storage, RECONCILE) as client:
            for _ in range(times):
                client.send_message(content)

    def wake_all(self, names: Sequence[str]) -> None:
        """Put a wake-up of each of these clusters on the queue."""
        for name in names:
            self.wake(name)

    def notify(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Deliver events, as Event Grid would; returns when all of them have been worked off."""
        url = f"{self._host_url}/runtime/webhooks/eventgrid?functionName=cluster_changed"
        loopback.call("POST", url, list(events), {"aeg-event-type": "Notification"})

    def tick(self) -> None:
        """Let the timer fire."""
        url = f"{self._host_url}/admin/functions/reconcile_fleet"
        loopback.call("POST", url, {"input": None})

    # --- what became of it -----------------------------------------------------------------------

    def id_of(self, name: str) -> ClusterId:
        return cluster_id(self.azure.subscription, GROUP, name)

    def record(self, name: str) -> Record | None:
        loaded = self._store.load(self.id_of(name))
        return loaded[0] if loaded else None

    def records(self) -> list[Record]:
        return list(self._store.all())

    def ready(self, name: str) -> bool:
        """Whether the cluster that is there now, and no earlier one of its name, is Ready."""
        record = self.record(name)
        ready = record.condition("Ready") if record else None
        if record is None or ready is None or ready.status != "True":
            return False
        return record.resource_uid == self.azure.uid(name)

    def lose_record(self, name: str) -> None:
        """Delete the cluster's record, as nobody should."""
        with self.table("clusters") as table:
            table.delete_entity(self.azure.subscription, f"{GROUP}|{name}")

    def rejections(self, text: str = "") -> list[Rejection]:
        """Rejections whose kept text contains this text."""
        return [each for each in self._store.rejections() if text.encode() in each.text]

    def waiting(self, queue: str = RECONCILE) -> int:
        """How many messages the queue holds, hidden ones included."""
        with QueueClient.from_connection_string(self._storage, queue) as client:
            return int(client.get_queue_properties().approximate_message_count or 0)

    def calm(self) -> bool:
        """Nothing is on its way: no message waits, and every cluster is settled."""
        counts = [self.waiting(queue) for queue in (REQUESTS, RECONCILE, EVENTS)]
        return not any(counts) and all(record.settled for record in self.records())

    def dead_letters(self) -> ContainerClient:
        """The container of the events that were given up; to be closed."""
        return ContainerClient.from_connection_string(self._storage, dead_letters.CONTAINER)

    def table(self, name: str) -> TableClient:
        """A table of the product, for a test that damages it; to be closed."""
        return TableClient.from_connection_string(self._storage, name)
