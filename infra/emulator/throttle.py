"""ARM's own limits: a bucket of requests per subscription, principal and kind, and 429 without.

Figures: learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling.
Off unless the knob `throttled` is on. The operator, who stands for everybody else here, each with
buckets of their own, is never throttled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from .arm_ids import subscription_of
from .wire import ArmError, Request, Response
from .world import Principal, World

_KINDS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
_LIMITS = {"reads": (250.0, 25.0), "writes": (200.0, 10.0), "deletes": (200.0, 10.0)}


@dataclass(slots=True)
class _Bucket:
    left: float
    seen_at: datetime
    closed_until: datetime


class Throttle:
    """The buckets. `early` counts the requests that came although Retry-After had not passed."""

    def __init__(self, world: World, unlimited: str) -> None:
        self.early = 0
        self._world = world
        self._unlimited = unlimited
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def refusal(self, request: Request, caller: Principal | None) -> Response | None:
        """429 when the caller's bucket is empty; otherwise one request is taken out of it."""
        subscription = subscription_of(request.path)
        if not self._world.knobs.throttled or caller is None or not subscription:
            return None
        if caller.display_name == self._unlimited:
            return None
        kind = _KINDS.get(request.method, "writes")
        size, refill = _LIMITS[kind]
        now = self._world.clock.now()
        key = (subscription.lower(), caller.object_id, kind)
        bucket = self._buckets.setdefault(key, _Bucket(size, now, now))
        passed = (now - bucket.seen_at).total_seconds()
        bucket.left, bucket.seen_at = min(size, bucket.left + passed * refill), now
        self.early += now < bucket.closed_until
        if bucket.left >= 1:
            bucket.left -= 1
            return None
        wait = math.ceil((1 - bucket.left) / refill)
        bucket.closed_until = now + timedelta(seconds=wait)
        return ArmError(
            429,
            "SubscriptionRequestsThrottled",
            f"Number of requests for subscription '{subscription}' and operation "
            f"'{request.method}' exceeded the backend storage limit. Please try again after "
            f"'{wait}' seconds.",
            headers={"Retry-After": str(wait)},
        ).response()
