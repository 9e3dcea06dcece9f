"""Clusters that are due at once share a list of their subscription."""

import pytest

from tests.flow.town import Town

LISTS = "/providers/Microsoft.Authorization/roleAssignments"
MANY = 30


@pytest.fixture
def crowd(town: Town) -> list[str]:
    """Clusters made by others within seconds, so that their looks are due together."""
    names = [f"c{number}" for number in range(MANY)]
    for name in names:
        town.make_cluster(name)
    return names


def test_many_clusters_at_once_share_lists_and_get_exactly_their_grants(
    town: Town, crowd: list[str]
) -> None:
    town.run_until(lambda: all(town.ready(name) for name in crowd), timer=False)
    assert town.grants_made() == town.expected_grants(*crowd)
    alone = 2 * 4  # a cluster's lists for two principals: one before the write, three to believe
    assert town.calls("GET", LISTS) < MANY * alone / 2


def test_an_assignment_removed_in_the_crowd_is_made_again(town: Town, crowd: list[str]) -> None:
    town.run_until(lambda: all(town.ready(name) for name in crowd), timer=False)
    victim = next(
        a
        for a in town.azure.role_assignments.all()
        if a.scope.lower() == town.subnet.lower() and (a.description or "").startswith("grant")
    )
    town.arm("DELETE", victim.id, version="2022-04-01")
    town.azure.advance(25 * 3600)
    town.run_until(lambda: town.grants_made() == town.expected_grants(*crowd), minutes=30)
