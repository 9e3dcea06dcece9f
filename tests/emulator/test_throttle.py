"""The app is held to ARM's limits, when asked for; nobody else is."""

from __future__ import annotations

from infra.emulator import Emulator, Knobs, ManualClock
from infra.emulator.wire import Response

from .town import Town, error_code


def town(*, throttled: bool = True) -> Town:
    return Town(Emulator(Knobs(throttled=throttled), ManualClock()))


def read(town: Town, times: int) -> list[Response]:
    app = town.emulator.app_identity
    return [town.ask("GET", town.group, caller=app) for _ in range(times)]


def test_an_empty_bucket_is_429_until_it_has_filled_again() -> None:
    town_ = town()
    answers = read(town_, 252)
    assert [a.status for a in answers] == [200] * 250 + [429] * 2
    assert error_code(answers[-1]) == "SubscriptionRequestsThrottled"
    assert answers[-1].headers["Retry-After"] == "1"
    town_.emulator.advance(1)
    assert [a.status for a in read(town_, 26)] == [200] * 25 + [429]


def test_who_asks_before_retry_after_has_passed_is_counted() -> None:
    town_ = town()
    read(town_, 251)
    assert town_.emulator.throttle.early == 0
    read(town_, 3)
    assert town_.emulator.throttle.early == 3


def test_the_operator_and_an_emulator_without_the_knob_have_no_limits() -> None:
    assert {town().ask("GET", "/subscriptions").status for _ in range(300)} == {200}
    assert {answer.status for answer in read(town(throttled=False), 300)} == {200}
