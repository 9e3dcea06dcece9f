"""Grants that a profile declares are for the clusters made from it, and for no others."""

from typing import Any

import pytest
import yaml

from shared import roles
from shared.model import KUBELET
from shared.profiles import REQUEST_TAG
from tests.flow.conftest import Found
from tests.flow.ground import made, made_for, put_cluster, writes
from tests.flow.topologies import POLICY, body
from tests.flow.town import Town

_IMAGES = {
    "identity": "kubelet",
    "role": "AcrPull",
    "scope": (
        "/subscriptions/{subscriptionId}/resourceGroups/shared-registry"
        "/providers/Microsoft.ContainerRegistry/registries/shared"
    ),
    "because": "images of the profile",
}


def policy(*grants: dict[str, str]) -> bytes:
    """Whose only profile declares these grants."""
    known = yaml.safe_load(POLICY)
    known["profiles"]["default"]["grants"] = list(grants)
    return yaml.safe_dump(known).encode()


@pytest.fixture
def town(found_town: Found) -> Town:
    return found_town(policy(_IMAGES))


def tagged(request_id: str) -> dict[str, Any]:
    """A cluster of somebody who claims that it was made for this request."""
    return {**body(), "tags": {REQUEST_TAG: request_id}}


def test_a_cluster_made_from_a_profile_has_the_profiles_grants(town: Town) -> None:
    town.request()
    town.run_until(town.ready)
    assert made(town) == made_for(town, {(KUBELET, roles.ACR_PULL, town.registry)})
    (grant,) = (p.grant for p in town.record().grants)
    assert grant.source == "policy profiles.default.grants[0]"


@pytest.mark.parametrize(
    "request_id", ["r-c1", "r-of-nobody", "../r-c1", "x' or PartitionKey ne '"]
)
def test_a_forged_tag_makes_no_cluster_one_of_a_profile(town: Town, request_id: str) -> None:
    """`r-c1` is a real request, for another cluster."""
    town.request("c1")
    put_cluster(town, tagged(request_id), "forged")
    town.run_until(lambda: town.ready("c1") and town.ready("forged"))
    assert made(town) == made_for(town, {(KUBELET, roles.ACR_PULL, town.registry)})
    assert town.record("forged").grants == ()


def test_a_request_that_came_too_late_makes_nobodys_cluster_one_of_its_profile(town: Town) -> None:
    """The cluster was there already; its owner puts the request's tag on it afterwards."""
    put_cluster(town, body())
    town.azure.event_grid.take()
    town.request()
    town.run_until(town.ready, events=False)
    assert [rejection.reason for rejection in town.rejections()] == ["ClusterExists"]
    put_cluster(town, tagged("r-c1"))
    town.run(90)
    assert town.record().profile == ""
    assert made(town) == set()


def test_what_a_profile_grants_is_wanted_still_when_the_record_is_lost(town: Town) -> None:
    town.request()
    town.run_until(town.ready)
    town.forget()
    written = writes(town)
    town.run_until(lambda: town.app.store.load(town.id_of()) is not None and town.ready())
    assert [p.grant.scope for p in town.record().grants] == [town.registry]
    assert writes(town) == written


def test_a_grant_that_the_profile_gets_later_is_made_for_its_clusters(found_town: Found) -> None:
    town = found_town(policy())
    town.request("c1")
    put_cluster(town, body(), "c2")
    town.run_until(lambda: town.ready("c1") and town.ready("c2"))
    assert made(town) == set()
    town.change_policy(policy(_IMAGES))
    town.run(30)
    assert made(town) == made_for(town, {(KUBELET, roles.ACR_PULL, town.registry)})
