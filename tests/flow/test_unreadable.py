"""What cannot be read or understood holds up what depends on it, by name, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from shared import roles
from shared.model import KUBELET
from tests.flow import network_topologies, resource_topologies
from tests.flow.conftest import Found
from tests.flow.ground import disguise, made, made_for, message, put_cluster, put_subnet
from tests.flow.topologies import POLICY, body, net, pool
from tests.flow.town import Town

Json = dict[str, Any]


@pytest.fixture
def town(found_town: Found) -> Town:
    return found_town(POLICY)


@pytest.mark.parametrize("status", [403, 429, 503])
def test_of_an_unreadable_subnet_only_what_hangs_on_it_waits(town: Town, status: int) -> None:
    topology = network_topologies.user_defined_routing(town)
    town.fault("status", method="GET", path="/subnets/nodes$", status=status, code="Unreadable")
    put_cluster(town, topology.body)
    town.run(30)
    assert made(town) == made_for(town, net(town.subnet))
    assert town.status("RolesAssigned")[0] == "Unknown"
    assert town.subnet in message(town, "RolesAssigned")
    assert not town.ready()
    town.azure.faults.clear()
    town.run_until(town.ready)
    assert made(town) == made_for(town, topology.granted)


def test_of_an_unreadable_registry_no_mode_is_guessed(town: Town) -> None:
    topology = resource_topologies.bootstrap_registry_in_abac_mode(town)
    (registry,) = (scope for _, _, scope in topology.granted)
    disks = resource_topologies.disk_encryption_set(town)
    topology.body["properties"].update(
        diskEncryptionSetID=disks.body["properties"]["diskEncryptionSetID"]
    )
    town.fault("status", method="GET", path="/registries/system$", status=403, code="Forbidden")
    put_cluster(town, topology.body)
    town.run(30)
    assert made(town) == made_for(town, disks.granted)
    assert registry in message(town, "RolesAssigned")
    assert not town.ready()
    town.azure.faults.clear()
    town.run_until(town.ready)
    assert made(town) == made_for(town, disks.granted | topology.granted)


def test_a_registry_that_became_unreadable_changes_nothing(town: Town) -> None:
    """What was read of it is believed until it can be read again."""
    put_cluster(town, resource_topologies.declared_registry_in_abac_mode(town).body)
    town.run_until(town.ready)
    before = made(town)
    town.fault("status", method="GET", path="/registries/", status=403, code="Forbidden")
    town.azure.advance(25 * 3600)
    town.run(30)
    assert town.ready()
    assert made(town) == before
    assert before == made_for(town, {(KUBELET, roles.REPOSITORY_READER, town.registry)})


def second_pool(value: object) -> Callable[[Json], object]:
    return lambda c: c["properties"]["agentPoolProfiles"].__setitem__(1, value)


def of_second_pool(**values: object) -> Callable[[Json], object]:
    return lambda c: c["properties"]["agentPoolProfiles"][1].update(values)


def of_properties(**values: object) -> Callable[[Json], object]:
    return lambda c: c["properties"].update(values)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (second_pool(7), "properties.agentPoolProfiles[1] is not an object"),
        (of_second_pool(vnetSubnetID=["x"]), "properties.agentPoolProfiles[1].vnetSubnetID"),
        (of_properties(networkProfile="x"), "properties.networkProfile"),
        (of_properties(addonProfiles=[1]), "properties.addonProfiles"),
        (of_properties(addonProfiles={"omsagent": 7}), "properties.addonProfiles.omsagent"),
        (
            of_properties(ingressProfile={"webAppRouting": {"enabled": 1}}),
            "properties.ingressProfile.webAppRouting.enabled",
        ),
        (
            of_properties(identityProfile={"kubeletidentity": {"objectId": "../x"}}),
            "properties.identityProfile.kubeletidentity.objectId is not a GUID",
        ),
        (of_properties(provisioningState="Suc\nceeded"), "properties.provisioningState"),
        (lambda c: c.update(tags={"team": 7}), "tags.team"),
    ],
)
def test_an_odd_property_is_named_and_harms_no_other(
    town: Town, change: Callable[[Json], object], path: str
) -> None:
    more = put_subnet(town, "more")
    cluster = body(agentPoolProfiles=[pool(town.subnet), pool(more, "more")])
    put_cluster(town, cluster)
    town.azure.advance(300)
    town.azure.event_grid.take()
    disguise(town, change)
    town.run(20)
    assert town.status("RolesAssigned") == ("False", "InvalidProperty")
    assert path in message(town, "RolesAssigned")
    assert made_for(town, net(town.subnet)) <= made(town) <= made_for(town, net(town.subnet, more))
    assert not town.ready()

    put_cluster(town, cluster)
    town.run_until(town.ready)
    assert made(town) == made_for(town, net(town.subnet, more))


@pytest.mark.parametrize(
    "subnet",
    [
        "here",
        "/subscriptions/../resourceGroups/net-main",
        "/providers/Microsoft.Management/managementGroups/root",
        "{0}/../../../..",
        "{0}?x",
        "{0}#",
        "{0}%2f..",
        "{0}\n",
        "{0}/'; az group delete -n net-main; '",
        "\u202e{0}",
    ],
)
def test_an_id_that_is_none_is_refused_and_harms_no_other(town: Town, subnet: str) -> None:
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet), pool(town.subnet, "more")]))
    town.azure.advance(300)
    town.azure.event_grid.take()
    disguise(town, of_second_pool(vnetSubnetID=subnet.format(town.subnet)))
    town.run(10)
    assert town.status("RolesAssigned") == ("False", "InvalidScope")
    told = message(town, "RolesAssigned")
    assert "properties.agentPoolProfiles[1].vnetSubnetID names no scope" in told
    assert told.isprintable()
    assert "an administrator can run" not in told
    assert made(town) == made_for(town, net(town.subnet))
