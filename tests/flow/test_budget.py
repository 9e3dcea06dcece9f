"""Clusters that wait for our share of ARM's limits get there, and nothing looks wrong meanwhile."""

from collections.abc import Iterator

import pytest

from shared import wiring
from tests.flow.town import Town


class Narrow(Town):
    """Ten reads and eight writes at once; after that, one a second and two in five."""

    arm_share = 0.04


@pytest.fixture
def town(storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    town = Narrow(storage, throttled=True)
    town.make_network()
    town.make_registry()
    monkeypatch.setattr(wiring, "application", lambda: town.app)
    yield town
    town.close()


def test_who_waits_gets_there_and_is_not_shown_as_failing(town: Town) -> None:
    names = [f"c{number}" for number in range(12)]
    for name in names:
        town.make_cluster(name)
    seen = set()
    for _ in range(60):
        town.run(0.25, timer=False)
        records = [each for each in town.app.store.all() if each.conditions]
        seen |= {
            town.status("RolesAssigned", each.cluster_id.rpartition("/")[2]) for each in records
        }
        assert not any(grant.failing_since for each in records for grant in each.grants)
    assert town.grants_made() == town.expected_grants(*names)
    assert town.app.fleet.budget.figures["deferred"] > 0
    assert {status for status, _ in seen} <= {"Unknown", "True"}
    assert town.calls(status=429) == 0
    outcomes = [
        e.outcome for n in names for e in town.app.store.audited(town.id_of(n)) if e.outcome
    ]
    assert set(outcomes) == {"succeeded"}
