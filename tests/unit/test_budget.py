"""Our share of ARM's limits: who waits, until when, and what a 429 does."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.pipeline import Pipeline, PipelineResponse
from azure.core.pipeline.transport import HttpRequest

from shared.budget import Budget
from shared.errors import Deferred
from tests.unit.nouns import OTHER_SUB, SUB

ARM = "https://management.azure.com"
GROUP = f"/subscriptions/{SUB}/resourceGroups/g"
CLUSTERS = "providers/Microsoft.ContainerService/managedClusters"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"


@dataclass
class Answer:
    """All that the policy reads of an answer."""

    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Wire:
    """Where requests end that the budget let through, and a clock moved by hand."""

    share: float = 1.0
    instances: int = 1
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    answer: Answer = field(default_factory=Answer)
    sent: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.budget = Budget(lambda: self.now, self.share, self.instances)
        transport: Any = self
        self._pipeline: Any = Pipeline(transport, [self.budget])

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def send(self, request: HttpRequest, **_: Any) -> Answer:
        self.sent.append((self.now, request.url))
        return self.answer

    def ask(self, method: str, path: str) -> float:
        """Send it; how long it has to wait, 0 when it was sent."""
        try:
            answer: PipelineResponse[Any, Any] = self._pipeline.run(HttpRequest(method, ARM + path))
        except Deferred as wait:
            return wait.retry_after
        assert answer.http_response is self.answer
        return 0.0

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def write(self, number: int) -> float:
        return self.ask("PUT", f"{GROUP}/{ASSIGNMENTS}/{number}")

    def read(self, number: int) -> float:
        return self.ask("GET", f"{GROUP}/{CLUSTERS}/c{number}?api-version=1")


@pytest.mark.parametrize(
    ("share", "instances", "writes", "reads"),
    [(1, 1, 200, 250), (0.8, 1, 160, 200), (0.8, 4, 40, 50)],
)
def test_the_share_of_a_full_bucket_may_be_used_at_once(
    share: float, instances: int, writes: int, reads: int
) -> None:
    wire = Wire(share, instances)
    assert [wire.write(n) > 0 for n in range(writes + 1)] == [False] * writes + [True]
    assert [wire.read(n) > 0 for n in range(reads + 1)] == [False] * reads + [True]


def test_who_waits_comes_one_after_the_other_at_the_rate_of_the_refill() -> None:
    wire = Wire()
    waits = [wire.write(n) for n in range(250)]
    assert waits[200:] == pytest.approx([(n + 1) / 10 for n in range(50)], abs=1e-5)


def test_a_moment_is_kept_for_whom_it_was_promised() -> None:
    wire = Wire()
    waits = [wire.write(n) for n in range(220)]
    wire.wait(0.55)
    assert wire.write(500) > waits[-1] - 0.55  # a new one stands behind all who wait
    assert [wire.write(n) > 0 for n in range(200, 207)] == [False] * 5 + [True] * 2


def test_asking_again_too_early_moves_nobody_back() -> None:
    wire = Wire()
    waits = [wire.write(n) for n in range(210)]
    assert [wire.write(n) for n in range(200, 210)] == pytest.approx(waits[200:])
    assert wire.write(210) == pytest.approx(1.1, abs=1e-5)


def test_in_an_hour_of_need_no_more_is_sent_than_the_refill_and_one_bucket() -> None:
    wire = Wire(0.8)
    waiting = list(range(1000))
    while waiting:
        waiting = [n for n in waiting if wire.write(n) > 0]
        wire.wait(1)
    spent = (wire.sent[-1][0] - wire.sent[0][0]).total_seconds()
    assert len(wire.sent) == 1000
    assert (1000 - 160) / 8 - 1 <= spent <= (1000 - 160) / 8 + 1


def test_who_never_comes_back_costs_its_own_request_only() -> None:
    wire = Wire()
    for n in range(300):
        wire.write(n)
    wire.wait(3600)
    assert [wire.write(n) for n in range(1000, 1200)] == [0.0] * 200


def test_what_a_turn_reads_besides_its_cluster_waits_for_nothing_and_is_paid_for() -> None:
    wire = Wire()
    lists = f"/subscriptions/{SUB}/{ASSIGNMENTS}?$filter=x"
    assert [wire.ask("GET", lists) for _ in range(300)] == [0.0] * 300
    assert wire.read(0) == pytest.approx((300 - 250 + 1) / 25, abs=1e-4)


def test_subscriptions_and_kinds_have_buckets_of_their_own() -> None:
    wire = Wire()
    for n in range(200):
        wire.write(n)
    assert wire.write(200) > 0
    assert wire.read(0) == 0
    assert wire.ask("DELETE", f"{GROUP}/{ASSIGNMENTS}/1") == 0
    assert wire.ask("PUT", f"/subscriptions/{OTHER_SUB}/resourceGroups/g") == 0


def test_after_a_429_nothing_of_that_kind_is_sent_before_its_retry_after() -> None:
    wire = Wire(answer=Answer(429, {"Retry-After": "30"}))
    assert wire.write(0) == 0
    wire.answer = Answer()
    waits = [wire.write(n) for n in range(5)]
    assert waits == pytest.approx([30, 30.1, 30.2, 30.3, 30.4], abs=1e-4)
    assert wire.read(0) == 0
    wire.wait(29)
    assert all(wire.write(n) > 0 for n in range(5))
    wire.wait(1.41)
    assert [wire.write(n) for n in range(5)] == [0.0] * 5


def test_a_429_of_reads_holds_back_lists_too() -> None:
    wire = Wire(answer=Answer(429, {"Retry-After": "17"}))
    lists = f"/subscriptions/{SUB}/{ASSIGNMENTS}"
    wire.ask("GET", lists)
    assert wire.ask("GET", lists) == pytest.approx(17, abs=1e-4)


def test_a_429_puts_off_whoever_had_a_moment_before() -> None:
    wire = Wire()
    for n in range(205):
        wire.write(n)
    wire.answer = Answer(429, {"Retry-After": "60"})
    wire.wait(0.2)
    assert wire.write(200) == 0
    wire.wait(5)
    assert wire.write(204) == pytest.approx(55, abs=1e-4)


def test_a_429_that_does_not_say_how_long_holds_nobody_back() -> None:
    wire = Wire(answer=Answer(429))
    assert [wire.write(0), wire.write(1)] == [0, 0]


def test_a_reserved_moment_is_used_once() -> None:
    wire = Wire()
    wire.budget.reserve("PUT", f"{GROUP}/{ASSIGNMENTS}/A".replace("g/", "(g)/"))
    assert wire.ask("PUT", f"{GROUP}/{ASSIGNMENTS}/a?x".replace("g/", "%28g%29/")) == 0
    assert [wire.write(n) > 0 for n in range(200)] == [False] * 199 + [True]


def test_what_was_sent_is_counted() -> None:
    wire = Wire(answer=Answer(429))
    wire.read(1)
    wire.write(1)
    wire.ask("DELETE", f"{GROUP}/{ASSIGNMENTS}/1")
    expected = {"reads": 1, "writes": 1, "deletes": 1, "throttled": 3}
    assert wire.budget.figures == expected
    assert wire.budget.calls_here == 3


def test_a_place_in_line_costs_what_turns_have_sent_lately() -> None:
    """Each turn here reads its cluster and four more things: no more is sent than the refill, with
    one bucket at the start."""
    wire = Wire()
    waiting = list(range(500))
    lists = f"/subscriptions/{SUB}/{ASSIGNMENTS}"
    while waiting:
        for n in tuple(waiting):
            if wire.read(n) == 0:
                waiting.remove(n)
                for _ in range(4):
                    assert wire.ask("GET", lists) == 0
        wire.wait(1)
    times = [(at - wire.sent[0][0]).total_seconds() for at, _ in wire.sent]
    assert len(times) == 2500
    assert all(number <= 250 + 25 * at + 8 for number, at in enumerate(times))
    assert times[-1] <= (2500 - 250) / 25 * 1.1
