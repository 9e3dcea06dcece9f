"""Every topology end to end: exactly the assignments that it needs, and nothing else written."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from shared import roles
from shared.model import KUBELET
from tests.flow import network_topologies, resource_topologies
from tests.flow.conftest import Found
from tests.flow.ground import disguise, made, made_for, put_cluster, put_registry, writes
from tests.flow.topologies import POLICY, Topology, body, net, pool
from tests.flow.town import Town

PROBING = POLICY + b"propagation: { window: PT60M, verify: probe }\n"


def with_profile(body: dict[str, Any], **more: Any) -> bytes:
    """The policy, with this cluster as its profile."""
    policy = yaml.safe_load(POLICY)
    policy["profiles"]["default"] = {"cluster": body, **more}
    return yaml.safe_dump(policy).encode()


def by_someone_else(town: Town, body: dict[str, Any]) -> list[str]:
    put_cluster(town, body)
    return []


def by_request(town: Town, body: dict[str, Any]) -> list[str]:
    """The product writes the cluster, too."""
    town.change_policy(with_profile(body))
    town.request()
    return [str(town.id_of())]


@pytest.mark.parametrize("make", [by_someone_else, by_request])
@pytest.mark.parametrize(
    "build", [*network_topologies.ALL, *resource_topologies.ALL], ids=lambda build: build.__name__
)
def test_a_cluster_is_granted_exactly_what_its_topology_needs(
    found_town: Found,
    build: Callable[[Town], Topology],
    make: Callable[[Town, dict[str, Any]], list[str]],
) -> None:
    town = found_town(POLICY)
    topology = build(town)
    town.azure.advance(400)  # what the operator has granted beforehand is in effect
    written = make(town, topology.body)
    town.run_until(town.ready, minutes=15)

    assert made(town) == made_for(town, topology.granted)
    expected = dict.fromkeys(topology.granted, "") | topology.found
    assert {
        (p.grant.identity, p.grant.role, p.grant.scope): p.held_as for p in town.record().grants
    } == expected
    assert {
        (p.grant.identity, p.grant.role, p.grant.scope)
        for p in town.record().grants
        if p.made_by_us
    } == topology.granted
    assert len(writes(town)) == len(topology.granted) + len(written)
    assert [path for path in writes(town) if "/roleAssignments/" not in path] == written


@pytest.mark.parametrize(
    ("mode", "role"),
    [
        ("LegacyRegistryPermissions", roles.ACR_PULL),
        ("AbacRepositoryPermissions", roles.REPOSITORY_READER),
    ],
)
def test_the_role_that_the_registry_honours_lets_the_cluster_pull(
    found_town: Found, mode: str, role: str
) -> None:
    """The emulated nodes pull by the registry's mode, and by no other role."""
    town = found_town(PROBING)
    put_registry(town, "shared", mode)
    put_cluster(town, {**body(), "tags": {"images": "shared"}})
    town.run_until(town.ready)
    assert town.status("Ready") == ("True", "Probe")
    assert made(town) == made_for(town, {(KUBELET, role, town.registry)})


def test_a_cluster_with_a_service_principal_is_reported_and_granted_nothing(
    found_town: Found,
) -> None:
    town = found_town(POLICY)
    ground = network_topologies.custom_subnets(town)
    principal = {"clientId": "11111111-2222-3333-4444-555555555555", "secret": "x"}
    ground.body["properties"]["servicePrincipalProfile"] = principal
    put_cluster(town, {**ground.body, "identity": {"type": "None"}})
    town.run(90)
    assert town.status("ManagedIdentity") == ("False", "ServicePrincipal")
    assert town.status("Ready") == ("False", "ServicePrincipal")
    assert town.record().grants == ()
    assert made(town) == set()
    assert writes(town) == []


@pytest.mark.parametrize("word", ["msi", "MSI", "Msi"])
def test_the_word_for_managed_identity_comes_in_any_case(found_town: Found, word: str) -> None:
    town = found_town(POLICY)
    ground = network_topologies.custom_subnets(town)
    put_cluster(town, ground.body)
    town.azure.advance(300)
    disguise(town, lambda c: c["properties"]["servicePrincipalProfile"].update(clientId=word))
    town.run_until(town.ready, minutes=15)
    assert made(town) == made_for(town, ground.granted)


def test_ids_in_any_case_are_one_scope(found_town: Found) -> None:
    """Two pools in one subnet, which one of them shouts."""
    town = found_town(POLICY)
    pools = [pool(town.subnet), pool(town.subnet.upper(), "more")]
    put_cluster(town, body(agentPoolProfiles=pools))
    town.run_until(town.ready, minutes=15)
    assert made(town) == made_for(town, net(town.subnet))
    assert len(writes(town)) == 1


def test_a_networks_grant_that_reads_do_not_show_yet_serves_its_subnets(found_town: Found) -> None:
    """Meanwhile nothing else is written, and ARM is not asked in every second."""
    town = found_town(POLICY, readable_seconds=(240, 240))
    topology = network_topologies.node_auto_provisioning(town)
    put_cluster(town, topology.body)
    town.run_until(town.ready, minutes=30)
    assert made(town) == made_for(town, topology.granted)
    assert len(set(writes(town))) == 1  # sent again when three looks did not show it
    assert town.calls("GET", "roleAssignments") <= 12
