"""Subscriptions that nobody named are looked after, where the app is to look after all it sees."""

import pytest

from infra.emulator.world import World
from shared.resource_id import ClusterId, cluster_id
from tests.flow.conftest import Found
from tests.flow.town import Town


@pytest.fixture
def town(found_town: Found) -> Town:
    """A town with two subscriptions, of which the app is told one."""
    return found_town(subscriptions=2)


def make_cluster_elsewhere(town: Town) -> ClusterId:
    """A cluster in the other subscription."""
    _, other = world(town).subscription_ids
    town.arm("PUT", f"/subscriptions/{other}/resourceGroups/clusters", {"location": "westus2"})
    made = cluster_id(other, "clusters", "elsewhere")
    pools = [{"name": "np", "mode": "System", "count": 1}]
    properties = {"dnsPrefix": "elsewhere", "agentPoolProfiles": pools}
    identity = {"type": "SystemAssigned"}
    town.arm(
        "PUT", str(made), {"location": "westus2", "identity": identity, "properties": properties}
    )
    return made


def world(town: Town) -> World:
    return town.azure.world


def known(town: Town, cluster: ClusterId) -> bool:
    return town.app.store.load(cluster) is not None


def test_a_cluster_in_a_subscription_that_is_seen_is_looked_after(town: Town) -> None:
    elsewhere = make_cluster_elsewhere(town)
    town.run(31)
    assert not known(town, elsewhere)
    town.discover()
    assert town.app.reconciler.managed == tuple(world(town).subscription_ids)
    town.run_until(lambda: known(town, elsewhere), minutes=20)


def test_a_request_that_names_no_subscription_goes_to_the_first_that_was_named(town: Town) -> None:
    town.discover()
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)


def test_while_the_list_cannot_be_read_what_was_looked_at_lately_is_looked_after(
    town: Town,
) -> None:
    town.discover()
    town.run(20)
    town.fault("status", status=503, path="^/subscriptions$")
    town.discover()
    assert sorted(town.app.reconciler.managed) == sorted(world(town).subscription_ids)
