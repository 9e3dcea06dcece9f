"""Event Grid: a system topic for every ARM write, delete and action of all subscriptions."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

from .delivery import Delivery, Parcel
from .event_destinations import DeliveryError, shake_hands
from .event_faults import EventFaults
from .event_subscriptions import EventSubscription, StorageQueue, describe
from .resource_events import Event, resource_event
from .timestamps import arm_time
from .world import ArmChange, World

_KEPT = 10_000


@dataclass(slots=True)
class Subscribed:
    """A subscription and whether its destination has proved itself."""

    subscription: EventSubscription
    state: str = "Creating"  # then 'Succeeded' or 'Failed'
    detail: str = ""

    def to_json(self, name: str) -> dict[str, Any]:
        """The document shown to whoever set it up, without keys."""
        return {
            "name": name,
            "provisioningState": self.state,
            "detail": self.detail,
            **describe(self.subscription),
        }


class EventGrid:
    """Turns ARM changes into events and sends them to the subscriptions.

    Without subscriptions nothing leaves the process and no thread runs: a test takes the events
    with `take` and delivers, drops or doubles them itself.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = world.seeded("event ids")
        self._subscriptions: dict[str, Subscribed] = {}
        self.delivery = Delivery(world, self._find)
        self.faults = EventFaults(world, self._send)
        self.published: deque[Event] = deque(maxlen=_KEPT)
        self.pending: deque[Event] = deque(maxlen=_KEPT)
        world.on_change.append(self._on_change)

    def take(self) -> list[Event]:
        """The events published since the last take, in order, whatever faults did to them."""
        with self._world.lock:
            taken = list(self.pending)
            self.pending.clear()
        return taken

    def subscribe(self, name: str, subscription: EventSubscription) -> Subscribed:
        """Create or replace a subscription.

        A queue receives events at once; a webhook once it has answered the validation handshake,
        which runs in a thread of its own: watch `state`.
        """
        subscribed = Subscribed(subscription)
        with self._world.lock:
            self._subscriptions[name] = subscribed
        if isinstance(subscription.destination, StorageQueue):
            subscribed.state = "Succeeded"
        else:
            self.delivery.run(lambda: self._validate(name, subscribed))
        return subscribed

    def unsubscribe(self, name: str) -> bool:
        """End a subscription; False when there was none."""
        with self._world.lock:
            return self._subscriptions.pop(name, None) is not None

    def subscriptions(self) -> dict[str, Subscribed]:
        """All subscriptions by name."""
        with self._world.lock:
            return dict(self._subscriptions)

    def close(self) -> None:
        """Stop delivering."""
        self.delivery.close()

    def _find(self, name: str) -> EventSubscription | None:
        found = self._subscriptions.get(name)
        return found.subscription if found else None

    def _on_change(self, change: ArmChange) -> None:
        event = resource_event(
            change, self._new_id(), self._world.tenant_id, self._world.clock.now()
        )
        self.published.append(event)
        self.pending.append(event)
        self.faults.pass_on(event)

    def _send(self, events: list[Event]) -> None:
        now = self._world.clock.now()
        for name, each in self._subscriptions.items():
            parcels = [
                Parcel(name, event, now)
                for event in events
                if each.state == "Succeeded" and each.subscription.filter.passes(event)
            ]
            if parcels:
                self.delivery.send(name, parcels)

    def _validate(self, name: str, subscribed: Subscribed) -> None:
        validation = self._validation_event()
        timeout = self._world.knobs.webhook_timeout_seconds
        try:
            shake_hands(name, subscribed.subscription, validation, timeout)
        except DeliveryError as error:
            subscribed.detail = error.reason
            subscribed.state = "Failed"
        else:
            subscribed.state = "Succeeded"

    def _validation_event(self) -> Event:
        with self._world.lock:
            event_id, code = self._new_id(), self._new_id()
            now = self._world.clock.now()
        return {
            "id": event_id,
            "topic": f"/subscriptions/{self._world.subscription_ids[0]}",
            "subject": "",
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": arm_time(now),
            "metadataVersion": "1",
            "dataVersion": "2",
            "data": {"validationCode": code},
        }

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))
