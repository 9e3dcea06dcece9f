"""How long a queue listener sleeps between polls (pure).

`RandomizedExponentialBackoffStrategy` of the storage extension: 0.1 s after a message, then
doubling with 20 % of jitter up to `maxPollingInterval`.
"""

from __future__ import annotations

import random

_SHORTEST = 0.1
_JITTER = (0.8, 1.2)


class PollingBackoff:
    """The delays of one listener, in seconds."""

    def __init__(self, longest: float, jitter: random.Random) -> None:
        self._longest = longest
        self._jitter = jitter
        self._current: float | None = None
        self._exponent = 0

    def delay(self, found: bool) -> float:
        """The next delay, given whether the last poll found messages."""
        if found:
            self._current, self._exponent = _SHORTEST, 1
        elif self._current != self._longest:
            self._current = self._grown()
        return self._current or _SHORTEST

    def _grown(self) -> float:
        delay = _SHORTEST
        if self._exponent > 0:
            delay += self._jitter.uniform(*_JITTER) * 2 ** (self._exponent - 1) * _SHORTEST
        if delay >= self._longest:
            return self._longest
        self._exponent += 1
        return delay
