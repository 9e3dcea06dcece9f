"""The product in an emulated Azure, on a clock moved by hand, with a post that misbehaves on order.

Real: the doors of function_app, every SDK client (over the in-process transport), Azurite's tables.
Emulated: Azure, and the queues, whose delays follow the same clock (Azurite's follow the wall).
"""

import base64
import heapq
import itertools
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import azure.functions as func
import msgspec
from azure.data.tables import TableServiceClient
from azure.functions import meta

import function_app
from infra.emulator import Emulator, EmulatorTransport, Knobs, ManualClock
from infra.emulator.app_rights import AppRight
from infra.emulator.cluster_state import Cluster
from infra.emulator.faults import Fault
from infra.emulator.identity import PrincipalCredential
from infra.emulator.wire import Request
from infra.stack import rights
from shared import policy_file, queues, settings, wiring
from shared.delegation import condition
from shared.model import Record
from shared.rejections import Rejection
from shared.resource_id import ClusterId, cluster_id
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR

POLICY = Path(__file__).with_name("policy.yaml")
SUBNET = (
    "/subscriptions/{0}/resourceGroups/net-main/providers/Microsoft.Network"
    "/virtualNetworks/v/subnets/nodes"
)
REGISTRY = (
    "/subscriptions/{0}/resourceGroups/shared-registry/providers/Microsoft.ContainerRegistry"
    "/registries/shared"
)


@dataclass(order=True)
class Letter:
    at: datetime
    number: int
    queue: str = field(compare=False)
    text: str = field(compare=False)


class Post:
    """Queues on the emulated clock; stands where `shared.queues.Queues` does."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self.letters: list[Letter] = []
        self.sent = 0

    def put(self, queue: str, text: str, delay: timedelta = timedelta(0)) -> Letter:
        letter = Letter(self._clock.now() + delay, next(self._numbers), queue, text)
        heapq.heappush(self.letters, letter)
        self.sent += 1
        return letter

    def wake(self, cluster: ClusterId, delay: timedelta = timedelta(0)) -> Callable[[], None]:
        return partial(self._take_back, self.put(queues.RECONCILE, str(cluster), delay))

    def _take_back(self, letter: Letter) -> None:
        if letter in self.letters:
            self.letters.remove(letter)
            heapq.heapify(self.letters)

    def lengths(self) -> dict[str, int]:
        return dict(Counter(letter.queue for letter in self.letters))

    def close(self) -> None:
        """Nothing is held."""


class Town:
    """One emulated Azure with the product in it. `arm_share` is the setting; with `events_by_queue`
    the event subscription leads to the queue.

    The product has the template's own roles, as its policy needs them, at the subscription (which
    is where the template gives them with `grantAnywhereManaged` and `createResourceGroups`), but
    for a town founded with `app_roles`.
    """

    arm_share = 0.8

    def __init__(self, storage: str, policy_text: bytes | None = None, **knobs: Any) -> None:
        defaults = {"provisioning_seconds": (240, 240), "effective_seconds": (300, 300)}
        self.clock = ManualClock()
        self.azure = Emulator(Knobs(**{**defaults, **knobs}), self.clock)
        self.subscription = self.azure.subscription_id
        self.post = Post(self.clock)
        self._storage = storage
        self._has_template = "app_roles" not in knobs
        self._read_policy(policy_text or POLICY.read_bytes())
        self._topic = ("", "")
        self._discovers = False
        self.events_by_queue = False
        self.app = self._build()

    def _build(self, skew: timedelta = timedelta(0)) -> wiring.Application:
        read = settings.Settings(
            managed_subscriptions=(self.subscription,),
            policy_file=POLICY,
            work=settings.WorkStorage(connection_string=self._storage),
            arm_endpoint="https://management.azure.com",
            audience="https://management.azure.com",
            topic_endpoint=self._topic[0],
            topic_key=self._topic[1],
            arm_share=self.arm_share,
            discover_subscriptions=self._discovers,
        )
        return wiring.build(
            read,
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
        self.app.close()
        self._read_policy(text)
        self.app = self._build()

    def another_instance(self, skew: timedelta) -> wiring.Application:
        """One more instance of the product, whose machine's clock is wrong by so much."""
        return self._build(skew)

    def publish_to(self, endpoint: str, key: str) -> None:
        """The operator deploys the product again, with a custom topic."""
        self.app.close()
        self._topic = (endpoint, key)
        self.app = self._build()

    def discover(self) -> None:
        """The operator deploys the product again, to look after every subscription it sees."""
        self.app.close()
        self._discovers = True
        self.app = self._build()

    # --- what people do -------------------------------------------------------------------------

    def arm(self, method: str, path: str, body: Any = None, version: str = "2026-08-01") -> Any:
        """A request of the operator, straight to ARM."""
        credential = PrincipalCredential(self.azure.identities, self.azure.operator)
        token = credential.get_token("https://management.azure.com/.default").token
        url = f"https://management.azure.com{path}?api-version={version}"
        text = b"" if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        response = self.azure.handle(Request.build(method, url, headers, text))
        assert response.status < 300, response.body
        return response.body

    def make_network(self) -> str:
        """A group for clusters, and a VNet with a subnet in another; the subnet's id."""
        for group in ("clusters", "net-main", "shared-registry"):
            path = f"/subscriptions/{self.subscription}/resourceGroups/{group}"
            self.arm("PUT", path, {"location": "westus2"}, "2021-04-01")
        subnet = SUBNET.format(self.subscription)
        self.arm(
            "PUT",
            subnet.partition("/subnets/")[0],
            {
                "location": "westus2",
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]},
                    "subnets": [{"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/16"}}],
                },
            },
            "2024-05-01",
        )
        return subnet

    def make_registry(self) -> str:
        """The registry that every cluster of the policy pulls from; its id."""
        registry = REGISTRY.format(self.subscription)
        self.arm("PUT", registry, {"location": "westus2", "sku": {"name": "Basic"}}, "2023-07-01")
        return registry

    @property
    def subnet(self) -> str:
        return SUBNET.format(self.subscription)

    @property
    def registry(self) -> str:
        return REGISTRY.format(self.subscription)

    def make_cluster(self, name: str = "c1", **properties: Any) -> None:
        """Someone else makes a cluster, straight in ARM; `identity` stands beside properties."""
        identity = properties.pop("identity", {"type": "SystemAssigned"})
        pool = {"name": "np", "mode": "System", "count": 1, "vnetSubnetID": self.subnet}
        body = {
            "location": "westus2",
            "identity": identity,
            "properties": {"dnsPrefix": name, "agentPoolProfiles": [pool], **properties},
        }
        self.arm("PUT", str(self.id_of(name)), body)

    def delete_cluster(self, name: str = "c1") -> None:
        self.arm("DELETE", str(self.id_of(name)))

    def fault(self, kind: Any, **how: Any) -> None:
        """Bad weather between the product and ARM (infra/emulator/faults.py)."""
        self.azure.faults.add(Fault(kind, caller=self.azure.app_identity.display_name, **how))

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
        """The process dies after it has sent its messages and before it saves; the message comes
        again when its lease ends."""
        with patch.object(self.app.store, "save", side_effect=OSError("the process died")):
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

    # --- the state of the world ------------------------------------------------------------------

    def id_of(self, name: str = "c1") -> ClusterId:
        return cluster_id(self.subscription, "clusters", name)

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

    def cluster(self, name: str = "c1") -> Cluster:
        """The cluster as Azure has it."""
        found = self.azure.clusters.find(str(self.id_of(name)))
        assert found, f"no cluster {name}"
        return found

    def provisioned(self, name: str = "c1") -> bool:
        """Whether Azure has the cluster, with its creation successfully ended."""
        found = self.azure.clusters.find(str(self.id_of(name)))
        return found is not None and found.provisioning_state == "Succeeded"

    def expected_grants(self, *names: str) -> list[tuple[str, str, str]]:
        """What `grants_made` is when each of these clusters, on the subnet, has its grants."""
        found = []
        for name in names:
            cluster = self.cluster(name)
            node = (cluster.control_plane_principal_id, NETWORK_CONTRIBUTOR, self.subnet.lower())
            pull = (cluster.kubelet_object_id, ACR_PULL, self.registry.lower())
            found += [node, pull]
        return sorted(found)

    def rejections(self) -> list[Rejection]:
        return list(self.app.store.rejections())

    def calls(self, method: str = "", path: str = "", status: int = 0) -> int:
        """How many requests of the product ARM has answered (with this status)."""
        caller = self.azure.app_identity.display_name
        return sum(
            entry.caller_name == caller
            and method in ("", entry.method)
            and path.lower() in entry.path.lower()
            and status in (0, entry.status)
            for entry in self.azure.world.ledger.entries
        )

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

    def grants_made(self) -> list[tuple[str, str, str]]:
        """(principal, role GUID, scope in lower case) of every assignment the product wrote."""
        return sorted(
            (a.principal_id, a.role_guid, a.scope.lower())
            for a in self.azure.role_assignments.all()
            if (a.description or "").startswith("grantkeeper")
        )
