"""Our share of what ARM lets one principal ask for, kept in this process.

ARM fills a bucket of requests for each subscription, principal and kind of request, and answers 429
when it is empty (learn.microsoft.com/azure/azure-resource-manager/management/
request-limits-and-throttling). Others use the same subscription, and there may be other instances
of this app: of each bucket, only a share is used here.

What finds the bucket empty is told when its turn is, and that moment is kept for it, so that those
who wait come one after the other and not all at once. Only the beginning of a turn (the read of its
cluster) and writes wait; what else a turn has to read, and lists of a whole subscription, which
spare many reads, are sent at once, and whoever comes next waits for longer. After a 429 nothing is
sent before its Retry-After is over.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from shared.answers import retry_after
from shared.errors import Deferred

READS, WRITES, DELETES = "reads", "writes", "deletes"
_KINDS = {"GET": READS, "HEAD": READS, "DELETE": DELETES}
_LIMITS = {READS: (250, 25), WRITES: (200, 10), DELETES: (200, 10)}  # bucket, refill per second
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/?]+)", re.IGNORECASE)
_CLUSTER = re.compile(r"/managedclusters/[^/?]+$", re.IGNORECASE)
_EXACT = 1e-6  # seconds
_NEARLY = 1e-3  # of a request: what was paid for in parts may not add up to the last digit
_REMEMBERED = 100  # who entered lately
_FORGOTTEN = 300.0  # seconds after its moment for which a request that does not come is waited for


@dataclass(slots=True)
class _Bucket:
    """Times are seconds since this process began. `level` is what is left at `seen_at`, below 0
    when more was sent than there was. `full_at` is when all who are in line will be paid for;
    `booked` are the moments kept for them, in order.

    Who is let in may send more than one request (a turn): a place in line costs as much as those
    before have sent on average, `sent` by so many `entered`.
    """

    size: float
    refill: float
    level: float
    seen_at: float = 0.0
    full_at: float = 0.0
    closed_until: float = 0.0
    sent: float = 0.0
    entered: float = 0.0
    booked: dict[str, float] = field(default_factory=dict)

    def moment_of(self, key: str, now: float) -> float:
        """From when on this request may be sent; the same whenever it is asked for, unless more was
        sent meanwhile than there was."""
        while self.booked and (first := next(iter(self.booked))) != key:
            if self.booked[first] >= now - _FORGOTTEN:
                break
            del self.booked[first]
        self._fill(now)
        if self.booked.get(key, 0.0) <= now + _EXACT and self.level < 1 - _NEARLY:
            self.full_at = max(self.full_at, now + (1 - self.level) / self.refill + self._spare)
            self.booked.pop(key, None)
        if key not in self.booked:
            self.booked[key] = self._book(now)
        return self.booked[key]

    def pay(self, now: float, *, entered: bool) -> None:
        """A request is sent."""
        self._fill(now)
        self.level -= 1
        if self.entered > _REMEMBERED:
            self.sent, self.entered = self.sent / 2, self.entered / 2
        self.sent, self.entered = self.sent + 1, self.entered + entered

    def close(self, until: float) -> None:
        """Nothing is sent before; who waits gets a new moment after that."""
        self.closed_until = max(self.closed_until, until)
        self.full_at = max(self.full_at, until + self._spare)
        self.booked.clear()

    @property
    def _spare(self) -> float:
        """How long those in line are ahead of their money when the bucket is full."""
        return (self.size - 1) / self.refill

    def _book(self, now: float) -> float:
        start = max(self.full_at, now)
        cost = max(self.sent / self.entered, 1.0) if self.entered else 1.0
        self.full_at = start + cost / self.refill
        return max(now, start - self._spare)

    def _fill(self, now: float) -> None:
        passed = max(now - self.seen_at, 0.0)
        self.level, self.seen_at = min(self.size, self.level + passed * self.refill), now


class Budget(SansIOHTTPPolicy):  # type: ignore[type-arg]
    """The policy of the ARM clients that keeps it, and counts what was sent: `figures` has `reads`,
    `writes`, `deletes`, `throttled` (429s) and `deferred` (told to wait).

    `clock` gives aware times of this machine; `share` is the part of ARM's limits to be used by
    all `instances` of this app together. A request that has to wait raises `Deferred`.
    """

    def __init__(
        self, clock: Callable[[], datetime], share: float = 1.0, instances: int = 1
    ) -> None:
        super().__init__()
        self.figures: Counter[str] = Counter()
        self._clock = clock
        self._began = clock()
        self._share = share / instances
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = threading.Lock()
        self._here = threading.local()

    def reserve(self, method: str, path: str) -> None:
        """Keep a moment for a request that will be sent now, or raise `Deferred`."""
        self._admit(method, path, sent=False)

    def on_request(self, request: PipelineRequest) -> None:  # type: ignore[type-arg]
        method, url = request.http_request.method, request.http_request.url
        kind = self._admit(method, url, sent=True)
        self.figures[kind] += 1
        self._here.calls = self.calls_here + 1

    def on_response(
        self,
        request: PipelineRequest,  # type: ignore[type-arg]
        response: PipelineResponse,  # type: ignore[type-arg]
    ) -> None:
        if response.http_response.status_code != 429:
            return
        wait = retry_after(response.http_response.headers)
        with self._lock:
            self.figures["throttled"] += 1
            if wait is not None:
                _, bucket = self._bucket(request.http_request.method, request.http_request.url)
                bucket.close(self._now() + wait)

    def take_figures(self) -> Counter[str]:
        """What was counted since the last time."""
        with self._lock:
            taken, self.figures = self.figures, Counter()
        return taken

    def begin(self) -> None:
        """From now on `calls_here` counts what this thread sends."""
        self._here.calls = 0

    @property
    def calls_here(self) -> int:
        """How many requests this thread has sent since `begin`."""
        return getattr(self._here, "calls", 0)

    def _admit(self, method: str, url: str, *, sent: bool) -> str:
        """The kind of the request, which may be sent now."""
        path = _path(url)
        with self._lock:
            now = self._now()
            kind, bucket = self._bucket(method, url)
            waits = kind != READS or _CLUSTER.search(path) or now < bucket.closed_until
            key = f"{method} {path}"
            if waits and (moment := bucket.moment_of(key, now)) > now + _EXACT:
                self.figures["deferred"] += 1
                raise Deferred(moment - now)
            if sent:
                bucket.booked.pop(key, None)
                bucket.pay(now, entered=bool(waits))
            return kind

    def _now(self) -> float:
        return (self._clock() - self._began).total_seconds()

    def _bucket(self, method: str, url: str) -> tuple[str, _Bucket]:
        kind = _KINDS.get(method, WRITES)
        found = _SUBSCRIPTION.search(url)
        key = (found[1].lower() if found else "", kind)
        if key not in self._buckets:
            size, refill = _LIMITS[kind]
            held = max(size * self._share, 1.0)
            self._buckets[key] = _Bucket(held, refill * self._share, held)
        return kind, self._buckets[key]


def _path(url: str) -> str:
    """What two requests for the same thing have in common, whoever escaped or spelled it."""
    path = url.partition("?")[0].lower().replace("%28", "(").replace("%29", ")")
    start = path.find("/subscriptions/")
    return path[max(start, 0) :]
