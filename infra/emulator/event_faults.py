"""What may happen to an event on its way: lost, doubled, late, out of order.

By chance (knobs), or on demand for the next few events that match.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec

from .resource_events import Event
from .world import World

Send = Callable[[list[Event]], None]
"""Passes events on, to be delivered one after the other."""


class FaultRule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A fault for the next `count` events that match; `reorder` turns their order round.

    Texts are compared ignoring case; an empty one matches everything. Held events are let go after
    `hold_seconds` (emulated) when the rest does not come.
    """

    kind: Literal["drop", "duplicate", "delay", "reorder"]
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    operation_name: str = ""
    subject_contains: str = ""
    delay_seconds: Annotated[float, msgspec.Meta(ge=0)] = 30.0
    hold_seconds: Annotated[float, msgspec.Meta(ge=0)] = 60.0

    def matches(self, event: Event) -> bool:
        """Whether the rule is about such an event."""
        operation = event["data"].get("operationName", "").lower()
        return (
            self.operation_name.lower() in ("", operation)
            and self.subject_contains.lower() in event["subject"].lower()
        )


@dataclass(slots=True)
class WaitingRule:
    """A rule with the number of events it still takes, and those it holds back."""

    rule: FaultRule
    left: int
    held: list[Event] = field(default_factory=list)


class EventFaults:
    """Stands between the publisher and the deliveries. Rules come before chance."""

    def __init__(self, world: World, send: Send) -> None:
        self._world = world
        self._send = send
        self._chance = world.seeded("event faults")
        self._rules: list[WaitingRule] = []

    def add(self, rule: FaultRule) -> None:
        """Let a rule wait for its events."""
        self._rules.append(WaitingRule(rule, rule.count))

    def clear(self) -> None:
        """Forget every rule; what one holds back is let go."""
        for each in self._rules:
            self._let_go(each)
        self._rules = []

    def waiting(self) -> list[WaitingRule]:
        """The rules that have not had all their events."""
        return [each for each in self._rules if each.left > 0]

    def pass_on(self, event: Event) -> None:
        """Send an event, or do to it what a rule or chance says."""
        self._rules = self.waiting()
        for each in self._rules:
            if each.rule.matches(event):
                self._apply(each, event)
                return
        self._by_chance(event)

    def _by_chance(self, event: Event) -> None:
        knobs = self._world.knobs
        # Every event draws the same number of times, so that one knob does not shift the others.
        drop, duplicate, delay, reorder = (self._chance.random() for _ in range(4))
        late = self._chance.uniform(*knobs.event_delay_seconds)
        if drop < knobs.event_drop_probability:
            return
        if duplicate < knobs.event_duplicate_probability:
            self._send([event, event])
        elif delay < knobs.event_delay_probability:
            self._world.after(late, lambda: self._send([event]))
        elif reorder < knobs.event_reorder_probability:
            # Held back until the next event overtakes it.
            swap = WaitingRule(FaultRule("reorder"), left=2)
            self._rules.append(swap)
            self._apply(swap, event)
        else:
            self._send([event])

    def _apply(self, waiting: WaitingRule, event: Event) -> None:
        waiting.left -= 1
        match waiting.rule.kind:
            case "drop":
                return
            case "duplicate":
                self._send([event, event])
            case "delay":
                self._world.after(waiting.rule.delay_seconds, lambda: self._send([event]))
            case "reorder":
                self._hold(waiting, event)

    def _hold(self, waiting: WaitingRule, event: Event) -> None:
        waiting.held.append(event)
        if waiting.left == 0:
            self._let_go(waiting)
        elif len(waiting.held) == 1:
            self._world.after(waiting.rule.hold_seconds, lambda: self._let_go(waiting))

    def _let_go(self, waiting: WaitingRule) -> None:
        held, waiting.held, waiting.left = waiting.held[::-1], [], 0
        if held:
            self._send(held)
