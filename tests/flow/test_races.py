"""Two turns of one cluster at the same moment, as when their messages are picked up together."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.town import Town


@pytest.fixture
def meanwhile(town: Town, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Lets something happen in the middle of the next turn, after it has read its record."""

    def happen(action: Callable[[], Any]) -> None:
        look = town.app.arm.get_cluster

        def interrupted(cluster: Any) -> Any:
            monkeypatch.setattr(town.app.arm, "get_cluster", look)
            action()
            return look(cluster)

        monkeypatch.setattr(town.app.arm, "get_cluster", interrupted)

    return happen


def test_two_turns_at_once_leave_one_turn_pending(
    town: Town, meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    for _ in range(5):
        (letter,) = (each for each in town.post.letters if each.text == str(town.id_of()))
        town.post.letters.remove(letter)
        town.azure.advance((letter.at - town.clock.now()).total_seconds())
        meanwhile(lambda: town.deliver(letter))  # noqa: B023 - it happens within this round
        town.deliver(letter)
        assert town.turns_waiting() == 1
    town.run_until(town.ready)
    assert town.grants_made() == town.expected_grants("c1")


def test_a_turn_that_lost_to_one_that_saw_nothing_to_do_comes_again(
    town: Town, meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    """The winner may have looked before the loser did: what the loser saw must not be forgotten."""
    town.make_cluster()
    town.run_until(town.ready)
    town.run(120)
    assert town.record().settled
    key = town.id_of()
    pods = town.subnet.replace("nodes", "pods")
    town.arm("PUT", pods, {"properties": {"addressPrefix": "10.2.0.0/16"}}, "2024-05-01")

    def win() -> None:
        loaded = town.app.store.load(key)
        assert loaded
        town.app.store.save(*loaded)
        pool = {"mode": "User", "count": 1, "vnetSubnetID": pods}
        town.arm("PUT", f"{key}/agentPools/np2", {"properties": pool})

    meanwhile(win)
    town.app.reconciler.turn(key)
    assert town.turns_waiting() == 1
