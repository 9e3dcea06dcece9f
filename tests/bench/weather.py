"""A town in bad weather: messages delivered twice, events lost, the app crashing between writes.

The three kinds and their figures are those of the simulation that chose the design (docs/decisions,
0002-send-then-save.md). Chance is seeded; time is emulated.
"""

import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from heapq import heappush
from typing import Any
from unittest.mock import patch

import azure.functions as func
import msgspec

import function_app
from infra.emulator.event_subscriptions import Filter
from infra.stack import event_subscription
from shared import queues
from tests.bench import towns
from tests.flow.post import Letter
from tests.flow.town import Town

_POISON = "-poison"  # as the queue trigger names them
_EVENTS = "events"  # delivered like letters, so that they too come twice and come again
_DOORS: dict[str, Callable[[func.QueueMessage], None]] = {
    queues.REQUESTS: function_app.request_cluster,
    queues.RECONCILE: function_app.reconcile_cluster,
    queues.REQUESTS + _POISON: function_app.request_poisoned,
    queues.RECONCILE + _POISON: function_app.reconcile_poisoned,
}
_MAX_DEQUEUE_COUNT = 5  # host.json
_VISIBILITY_TIMEOUT = timedelta(seconds=30)  # host.json; Event Grid's second retry waits as long
_LATEST_COPY = 60.0  # seconds until the second delivery of a message


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely each mishap is: a delivery comes twice, an event is lost, a write of the app (a
    send, a save) is the last thing it does, or the first thing it does not."""

    name: str
    duplicates: float
    lost_events: float
    crashes: float


CALM = Weather("calm", 0, 0, 0)
MILD = Weather("mild", 0.02, 0.02, 0.005)
ROUGH = Weather("rough", 0.25, 0.40, 0.03)


class Crash(Exception):
    """The process is gone; whoever called it will call again."""


class WeatherTown(Town):
    """Counts `invocations` of the doors, without the timer's, and the most letters that ever
    waited for a turn of `c1` at once: `peak`."""

    def __init__(
        self, weather: Weather, seed: int, storage: str, policy: bytes, **knobs: Any
    ) -> None:
        super().__init__(storage, policy, seed=seed, **knobs)
        self.invocations = 0
        self.peak = 0
        self._weather = weather
        self._chance = random.Random(f"{weather.name} {seed}")  # noqa: S311 - reproducible
        self._attempts: Counter[int] = Counter()
        self._filter = msgspec.convert(event_subscription.FILTER, Filter)

    def deliver(self, letter: Letter) -> None:
        """Deliver it, perhaps twice; after a crash it comes again, and the fifth is the last."""
        if self._chance.random() < self._weather.duplicates:
            later = timedelta(seconds=self._chance.uniform(0, _LATEST_COPY))
            self.post.put(letter.queue, letter.text, later)
        self.invocations += 1
        try:
            self._open(letter)
        except Crash:
            self._again(letter)
        self._count_waiting()

    def deliver_event(self, event: dict[str, Any]) -> None:
        """Post it if the event subscription lets it pass, unless it gets lost."""
        if self._filter.passes(event) and self._chance.random() >= self._weather.lost_events:
            self.post.put(_EVENTS, json.dumps(event))

    def tick(self) -> None:
        """The timer; nobody repeats a tick that crashed."""
        with contextlib.suppress(Crash):
            super().tick()
        self._count_waiting()

    def clear_up(self) -> None:
        """From now on the weather is calm."""
        self._weather = CALM

    def _open(self, letter: Letter) -> None:
        if letter.queue == _EVENTS:
            super().deliver_event(json.loads(letter.text))
        else:
            _DOORS[letter.queue](func.QueueMessage(body=letter.text.encode()))

    def _again(self, letter: Letter) -> None:
        self._attempts[letter.number] += 1
        if self._attempts[letter.number] < _MAX_DEQUEUE_COUNT or letter.queue == _EVENTS:
            heappush(self.post.letters, replace(letter, at=self.clock.now() + _VISIBILITY_TIMEOUT))
        else:
            self.post.put(letter.queue + _POISON, letter.text)

    def _count_waiting(self) -> None:
        self.peak = max(self.peak, self.turns_waiting())

    def crashing(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """The write, but sometimes the process dies just before or just after it."""

        def risky(*args: Any, **how: Any) -> Any:
            crash = self._chance.random() < self._weather.crashes
            before = self._chance.random() < 0.5
            if crash and before:
                raise Crash
            result = write(*args, **how)
            if crash:
                raise Crash
            return result

        return risky


@contextmanager
def installed(town: WeatherTown) -> Iterator[None]:
    """As `towns.installed`; moreover the app's sends and saves are risky."""
    with ExitStack() as stack:
        stack.enter_context(towns.installed(town))
        for edge, name in ((town.post, "wake"), (town.app.store, "save")):
            risky = town.crashing(getattr(edge, name))
            stack.enter_context(patch.object(edge, name, risky))
        yield
