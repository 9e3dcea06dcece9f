"""Delivering events as Event Grid does: at least once, unordered, retried, in the end given up.

Schedule and codes: learn.microsoft.com, event-grid/delivery-and-retry. Attempts run in threads of
their own, since a webhook may take 30 seconds and may itself call the emulator meanwhile.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .event_destinations import DeliveryError, deliver, keep
from .event_subscriptions import EventSubscription
from .resource_events import Event, to_cloud_event
from .timestamps import arm_time
from .world import World

_WORKERS = 8
_KEPT = 10_000
_NEVER_RETRIED = frozenset({400, 401, 403, 413})
_LEAST_WAIT_SECONDS = {404: 300.0, 408: 120.0, 503: 30.0}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event bound for one subscription, with the attempts made so far."""

    subscription_name: str
    event: Event
    published_at: datetime
    attempts: int = 0
    last_outcome: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event given up, with what Event Grid writes next to it."""

    parcel: Parcel
    reason: str
    at: datetime

    def to_json(self) -> dict[str, Any]:
        """The dead-letter document of Event Grid."""
        return {
            **self.parcel.event,
            **self._why,
            "eventSubscriptionName": self.parcel.subscription_name,
        }

    def to_blob(self, schema: str) -> dict[str, Any]:
        """The same as it lies in a container; a CloudEvent's attributes are in small letters."""
        if schema != "CloudEventSchemaV1_0":
            return {**self.parcel.event, **self._why}
        why = {name.lower(): value for name, value in self._why.items()}
        return {**to_cloud_event(self.parcel.event), **why}

    @property
    def blob_name(self) -> str:
        """SUBSCRIPTION/YYYY/M/D/H/GUID.json, numbers without a leading zero."""
        at = self.at
        hour = f"{at.year}/{at.month}/{at.day}/{at.hour}"
        return f"{self.parcel.subscription_name.upper()}/{hour}/{self.parcel.event['id']}.json"

    @property
    def _why(self) -> dict[str, Any]:
        return {
            "deadLetterReason": self.reason,
            "deliveryAttempts": self.parcel.attempts,
            "lastDeliveryOutcome": self.parcel.last_outcome,
            "publishTime": arm_time(self.parcel.published_at),
            "lastDeliveryAttemptTime": arm_time(self.at),
        }


class Delivery:
    """The threads that deliver, and the retries that wait on the world's clock.

    `find` tells a subscription as it is now, so that a retry goes where new events go; what is
    bound for one that is gone is dropped.
    """

    def __init__(self, world: World, find: Callable[[str], EventSubscription | None]) -> None:
        self._world = world
        self._find = find
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="event-delivery")
        self._closed = False
        self.delivered: deque[Parcel] = deque(maxlen=_KEPT)
        self.dead_letters: deque[DeadLetter] = deque(maxlen=_KEPT)

    def send(self, subscription_name: str, parcels: list[Parcel]) -> None:
        """Deliver to one subscription, one after the other and apart from other calls."""
        subscription = self._find(subscription_name)
        if subscription is not None:
            timeout = self._world.knobs.webhook_timeout_seconds
            self.run(lambda: self._attempt_all(subscription, parcels, timeout))

    def run(self, work: Callable[[], object]) -> None:
        """Do blocking work in a delivery thread; nothing more is done once closed."""
        if not self._closed:
            self._pool.submit(work).add_done_callback(_report)

    def close(self) -> None:
        """Drop what waits and let what runs end (a webhook may hold it for its time limit)."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _attempt_all(
        self, subscription: EventSubscription, parcels: list[Parcel], timeout: float
    ) -> None:
        for parcel in parcels:
            self._attempt(subscription, parcel, timeout)

    def _attempt(self, subscription: EventSubscription, parcel: Parcel, timeout: float) -> None:
        name, count = parcel.subscription_name, parcel.attempts
        made = replace(parcel, attempts=count + 1, last_outcome="Delivered")
        try:
            deliver(name, subscription, parcel.event, count, timeout)
        except DeliveryError as error:
            with self._world.lock:
                self._failed(replace(made, last_outcome=error.reason), error.status, subscription)
        else:
            with self._world.lock:
                self.delivered.append(made)

    def _failed(self, parcel: Parcel, status: int, subscription: EventSubscription) -> None:
        policy = subscription.retry_policy
        now = self._world.clock.now()
        wait = self._wait(parcel, status)
        expiry = parcel.published_at + timedelta(minutes=policy.event_time_to_live_in_minutes)
        if status in _NEVER_RETRIED:
            reason = "UndeliverableDueToClientError"
        elif parcel.attempts >= policy.max_delivery_attempts:
            reason = "MaxDeliveryAttemptsExceeded"
        elif now + timedelta(seconds=wait) > expiry:
            reason = "TimeToLiveExceeded"
        else:
            self._world.after(wait, lambda: self.send(parcel.subscription_name, [parcel]))
            return
        self._give_up(DeadLetter(parcel, reason, now), subscription)

    def _give_up(self, letter: DeadLetter, subscription: EventSubscription) -> None:
        """Note the letter and write its blob, where Azure waits five minutes with it."""
        self.dead_letters.append(letter)
        if destination := subscription.dead_letter_destination:
            document = letter.to_blob(subscription.event_delivery_schema)
            self.run(lambda: keep(destination, letter.blob_name, [document]))

    def _wait(self, parcel: Parcel, status: int) -> float:
        schedule = self._world.knobs.event_retry_seconds
        step = schedule[min(parcel.attempts, len(schedule)) - 1]
        # The documented least waits scale with a shortened schedule, whose first step is 10 s.
        least = _LEAST_WAIT_SECONDS.get(status, 10.0) * schedule[0] / 10.0
        return max(step, least)


def _report(done: Future[object]) -> None:
    """A delivery that ends in anything but its outcome is a fault of the emulator: say so."""
    if not done.cancelled() and (error := done.exception()):
        logging.getLogger(__name__).error("a delivery broke off", exc_info=error)
