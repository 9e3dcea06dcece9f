"""Clusters that come together and point at one resource share one read of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.errors import Transient
from shared.resource_facts import ResourceFacts
from shared.resource_id import ResourceId, parse_scope
from tests.unit.nouns import NOW, REGISTRY, SUBNET

TABLE = {"routeTable": ("/the/table",)}


@dataclass
class Azure:
    """An ARM that says what it is told to, and a clock moved by hand."""

    now: datetime = NOW
    facts_now: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: bool = False

    def facts(self, resource: ResourceId) -> dict[str, tuple[str, ...]]:
        self.asked.append(str(resource))
        if self.broken:
            raise Transient("NoAnswer")
        return self.facts_now


def resource(text: str) -> ResourceId:
    found = parse_scope(text)
    assert isinstance(found, ResourceId)
    return found


@pytest.fixture
def azure() -> Azure:
    return Azure(facts_now=dict(TABLE))


@pytest.fixture
def facts(azure: Azure) -> ResourceFacts:
    arm: Any = azure
    return ResourceFacts(arm, lambda: azure.now)


def test_one_read_serves_for_a_minute_however_the_id_is_spelled(
    azure: Azure, facts: ResourceFacts
) -> None:
    azure_said = facts.of(resource(SUBNET))
    azure.now += timedelta(seconds=59)
    assert facts.of(resource(SUBNET.upper())) == azure_said == TABLE
    assert len(azure.asked) == 1
    azure.now += timedelta(seconds=1)
    facts.of(resource(SUBNET))
    assert len(azure.asked) == 2


def test_each_resource_is_read_for_itself(azure: Azure, facts: ResourceFacts) -> None:
    facts.of(resource(SUBNET))
    facts.of(resource(REGISTRY))
    assert azure.asked == [SUBNET, REGISTRY]


def test_what_is_not_there_is_looked_for_again(azure: Azure, facts: ResourceFacts) -> None:
    azure.facts_now = {}
    assert facts.of(resource(SUBNET)) == {}
    azure.facts_now = dict(TABLE)
    assert facts.of(resource(SUBNET)) == TABLE


def test_a_read_that_failed_is_not_remembered(azure: Azure, facts: ResourceFacts) -> None:
    azure.broken = True
    with pytest.raises(Transient):
        facts.of(resource(SUBNET))
    azure.broken = False
    assert facts.of(resource(SUBNET)) == TABLE
