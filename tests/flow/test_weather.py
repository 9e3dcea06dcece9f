"""Whatever happens to messages, events, processes and records on the way, the end is the same.

Hypothesis makes up the weather; what must never be is checked after every step, and at the end,
with fair weather and the timer, the cluster is Ready.
"""

import heapq
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared import queues, wiring
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.post import Letter
from tests.flow.town import Town

MOST_MESSAGES = 12
WEATHER = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a failure is printed as it is: shrinking takes minutes
    suppress_health_check=list(HealthCheck),
)


class Weather(RuleBasedStateMachine):
    """One requested cluster, and everything that can go wrong around it."""

    storage: str
    town: Town

    @initialize()
    def found(self) -> None:
        self.town = Town(self.storage)
        self.town.forget("clusters", "requests", "rejections")
        self.town.make_network()
        self.town.make_registry()
        wiring.application = lambda: self.town.app  # put back by the test
        self.principals: set[str] = set()
        self.history: list[dict[str, Any]] = []
        self.made_by_others = 0
        self.town.request(parameters={"subnet": self.town.subnet})

    def waiting(self) -> list[Letter]:
        """Live messages of the reconcile queue; requests are never lost, only doubled."""
        return [x for x in self.town.post.letters if x.queue == queues.RECONCILE]

    def exists(self) -> bool:
        return self.town.azure.clusters.find(str(self.town.id_of())) is not None

    @rule(minutes=st.sampled_from([0.25, 1, 3, 10]))
    def time_passes(self, minutes: float) -> None:
        self.town.run(minutes, timer=False, events=False)

    @rule(order=st.randoms(use_true_random=False), twice=st.booleans())
    def events_come_in_any_order(self, order: Any, twice: bool) -> None:
        events = self.town.azure.event_grid.take()
        self.history += events
        order.shuffle(events)
        for event in events * (2 if twice else 1):
            self.town.deliver_event(event)

    @rule()
    def events_are_lost(self) -> None:
        self.history += self.town.azure.event_grid.take()

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def an_old_event_comes_again(self, data: st.DataObject) -> None:
        self.town.deliver_event(data.draw(st.sampled_from(self.history)))

    @precondition(lambda self: 0 < len(self.waiting()) < MOST_MESSAGES / 2)
    @rule(data=st.data())
    def a_message_is_doubled(self, data: st.DataObject) -> None:
        letter = data.draw(st.sampled_from(self.waiting()))
        self.town.post.put(letter.queue, letter.text, letter.at - self.town.clock.now())

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def a_message_is_lost(self, data: st.DataObject) -> None:
        self.take(data.draw(st.sampled_from(self.waiting())))

    @precondition(lambda self: self.town.post.letters)
    @rule(data=st.data())
    def the_process_dies_between_send_and_save(self, data: st.DataObject) -> None:
        letter = data.draw(st.sampled_from(self.town.post.letters))
        self.take(letter)
        self.town.deliver_and_crash(letter)

    @precondition(lambda self: self.exists())
    @rule()
    def the_records_are_lost(self) -> None:
        self.town.forget()

    @rule(
        kind=st.sampled_from(["status", "html", "reset", "reset_after_commit", "truncate"]),
        count=st.integers(1, 4),
    )
    def azure_is_unwell(self, kind: str, count: int) -> None:
        self.town.fault(kind, count=count)

    @precondition(lambda self: self.town.grants_made())
    @rule(data=st.data())
    def a_human_removes_an_assignment(self, data: st.DataObject) -> None:
        made = [a for a in self.town.azure.role_assignments.all() if a.description]
        victim = data.draw(st.sampled_from(sorted(made, key=lambda a: a.name)))
        self.town.arm("DELETE", victim.id, version="2022-04-01")

    @precondition(lambda self: self.town.provisioned())
    @rule(noticed=st.booleans())
    def others_make_the_cluster_again(self, noticed: bool) -> None:
        self.town.delete_cluster()
        if noticed:
            self.town.run(5)
        else:
            self.town.azure.advance(300)
        self.town.make_cluster()
        self.made_by_others += 1

    @rule()
    def the_timer_fires(self) -> None:
        self.town.tick()

    def take(self, letter: Letter) -> None:
        self.town.post.letters.remove(letter)
        heapq.heapify(self.town.post.letters)

    @invariant()
    def one_create_at_most(self) -> None:
        assert self.town.calls("PUT", "managedClusters/c1", 201) <= 1
        assert self.town.calls("PUT", "managedClusters/c1", 200) == 0

    @invariant()
    def no_grant_outside_of_what_is_wanted(self) -> None:
        cluster = self.town.azure.clusters.find(str(self.town.id_of()))
        if cluster:
            self.principals |= {cluster.control_plane_principal_id, cluster.kubelet_object_id}
        wanted = {
            (NETWORK_CONTRIBUTOR, self.town.subnet.lower()),
            (ACR_PULL, self.town.registry.lower()),
        }
        for principal, role, scope in self.town.grants_made():
            assert principal in self.principals
            assert (role, scope) in wanted

    @invariant()
    def few_messages_live(self) -> None:
        assert len(self.waiting()) <= MOST_MESSAGES

    def whole(self) -> bool:
        if not (self.town.provisioned() and self.town.ready()):
            return False
        return set(self.town.expected_grants("c1")) <= set(self.town.grants_made())

    def teardown(self) -> None:
        try:
            self.town.azure.faults.clear()
            self.town.app.queues.wake(self.town.id_of())  # or the daily look, but sooner
            self.town.run_until(self.whole, minutes=120)
            self.town.run_until(lambda: not self.town.post.letters, minutes=150)
            assert self.whole()
        finally:
            self.town.close()


def test_in_any_weather_the_cluster_becomes_ready(
    storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "application", wiring.application)
    machine = type("WeatherHere", (Weather,), {"storage": storage})
    run_state_machine_as_test(machine, settings=WEATHER)
