"""A declared grant is for the clusters it matches, at the scope that their names make of it."""

import pytest

from shared.declared import DeclaredGrant, Match
from shared.resource_id import ClusterId
from tests.unit.nouns import CLUSTER, OTHER_SUB, SUB


def fits(match: Match, cluster: ClusterId = CLUSTER) -> bool:
    return match.fits(cluster, "westus2", {"Team": "Payments", "env": "prod"})


@pytest.mark.parametrize(
    "match",
    [
        Match(),
        Match(subscriptions=(SUB,)),
        Match(subscriptions=(OTHER_SUB, SUB.upper())),
        Match(resource_groups=("clus*",)),
        Match(resource_groups=("CLUSTER?",)),
        Match(names=("other", "c?")),
        Match(locations=("WestUS2",)),
        Match(locations=("West US 2",)),
        Match(locations=("west*",)),
        Match(tags={"team": "Pay*"}),
        Match(tags={"TEAM": "*", "ENV": "pro?"}),
        Match((SUB,), ("clusters",), ("c1",), ("westus2",), {"env": "prod"}),
    ],
)
def test_what_is_left_out_fits_any_cluster(match: Match) -> None:
    assert fits(match)


@pytest.mark.parametrize(
    "match",
    [
        Match(subscriptions=(OTHER_SUB,)),
        Match(resource_groups=("clus",)),
        Match(resource_groups=("my-clus*",)),
        Match(names=("c",)),
        Match(names=("[c]1",)),
        Match(names=("",)),
        Match(locations=("eastus",)),
        Match(tags={"team": "pay*"}),  # the values of tags have case
        Match(tags={"team": "[P]ayments"}),
        Match(tags={"team": "Pay*", "env": "test"}),
        Match(tags={"absent": "*"}),
        Match(names=("c1",), resource_groups=("other",)),
    ],
)
def test_each_part_of_a_match_must_fit(match: Match) -> None:
    assert not fits(match)


def test_brackets_in_a_pattern_are_no_wildcards() -> None:
    assert Match(tags={"team": "[a]*"}).fits(CLUSTER, "", {"team": "[a]b"})


def test_a_scope_names_the_cluster_by_placeholders() -> None:
    scope = "/subscriptions/{subscriptionId}/resourceGroups/net-{resourceGroup}-{name}-{location}"
    declared = DeclaredGrant("kubelet", "AcrPull", scope, "x")
    expected = f"/subscriptions/{SUB}/resourceGroups/net-clusters-c1-westus2"
    assert declared.scope_for(CLUSTER, "West US 2") == expected
    assert declared.scope_for(CLUSTER, "westus2") == expected


@pytest.mark.parametrize("location", ["", "a/b", "../x", "{name}", "x\n", "ü"])
def test_a_region_that_is_none_leaves_no_scope(location: str) -> None:
    declared = DeclaredGrant("kubelet", "AcrPull", "/subscriptions/{location}", "x")
    assert declared.scope_for(CLUSTER, location) == "/subscriptions/{location}"
