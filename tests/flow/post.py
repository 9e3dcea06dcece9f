"""Queues on a clock moved by hand, in the place of the product's own."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from infra.emulator import ManualClock
from shared import queues
from shared.resource_id import ClusterId


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
