"""A world with Event Grid and nothing else of Azure, for events on their way to real listeners."""

from __future__ import annotations

import msgspec

from infra.emulator.clock import ManualClock
from infra.emulator.event_grid import EventGrid
from infra.emulator.event_subscriptions import EventSubscription
from infra.emulator.knobs import Knobs
from infra.emulator.world import ArmChange, World
from tests.emulator_access.webhook import Webhook, eventually

CLUSTER_WRITE = "Microsoft.ContainerService/managedClusters/write"


class Stage:
    """A world with Event Grid, and ARM operations that end when told."""

    def __init__(self) -> None:
        self.world = World(Knobs(webhook_timeout_seconds=10.0), ManualClock())
        self.event_grid = EventGrid(self.world)
        self.person = self.world.directory.create("somebody")

    def finish(
        self,
        name: str = "c1",
        operation: str = CLUSTER_WRITE,
        status: str = "Succeeded",
        existed: bool = False,
    ) -> str:
        """An ARM operation ends; the id of its resource."""
        subject = (
            f"/subscriptions/{self.world.subscription_ids[0]}/resourceGroups/rg/providers/"
            f"{operation.rpartition('/')[0]}/{name}"
        )
        with self.world.lock:
            self.world.changed(
                ArmChange(subject, operation, status, self.person, "correlation", existed)
            )
        return subject

    def subscribe(self, **settings: object) -> None:
        """Subscribe and wait for the handshake's end."""
        document = {"filter": {}, **settings}
        made = self.event_grid.subscribe("clusters", msgspec.convert(document, EventSubscription))
        eventually(lambda: made.state != "Creating", "the handshake ends")

    def subscribe_webhook(self, webhook: Webhook, **settings: object) -> None:
        """Subscribe a webhook."""
        destination = {"endpointType": "WebHook", "endpointUrl": webhook.url}
        self.subscribe(destination=destination, **settings)

    @property
    def state(self) -> str:
        """The subscription's provisioning state."""
        return self.event_grid.subscriptions()["clusters"].state

    def advance(self, seconds: float) -> None:
        """Let emulated time pass."""
        self.world.advance(seconds)
