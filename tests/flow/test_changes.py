"""A cluster that changes: its grants follow at the next write event; no timer is needed for it.

What is not needed any more is remembered, and stays in Azure as it is.
"""

from typing import Any

import pytest

from shared import roles
from shared.model import CONTROL_PLANE, KUBELET
from tests.flow.conftest import Found
from tests.flow.ground import (
    Made,
    Need,
    assign,
    made,
    made_for,
    principal_of,
    put,
    put_cluster,
    put_identity,
    put_registry,
    put_subnet,
    user_assigned,
    writes,
)
from tests.flow.resource_topologies import CSI, ROUTING, SECRETS_USER
from tests.flow.topologies import POLICY, body, net, pool
from tests.flow.town import Town


@pytest.fixture
def town(found_town: Found) -> Town:
    return found_town(POLICY + b"propagation: { window: PT10M }\n")


def settle(town: Town) -> None:
    """Until a change is made and nothing is pending: only an event, or the timer, can wake the
    cluster then."""
    town.run(5, timer=False)
    town.run_until(lambda: town.ready() and town.record().settled, timer=False)
    assert town.turns_waiting() == 0


def wanted(town: Town) -> set[Need]:
    return {(p.grant.identity, p.grant.role, p.grant.scope) for p in town.record().grants}


def former(town: Town) -> set[Made]:
    return {p.grant.key for p in town.record().former}


def zone(town: Town) -> str:
    return put(town, "Microsoft.Network/dnsZones", "example.com", "net-zones")


def routing(*zones: str) -> dict[str, Any]:
    return {"webAppRouting": {"enabled": bool(zones), "dnsZoneResourceIds": list(zones)}}


def test_a_pool_and_an_add_on_come_and_go_with_the_clusters_body(town: Town) -> None:
    more, example = put_subnet(town, "more"), zone(town)
    first = net(town.subnet)
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)]))
    settle(town)
    assert wanted(town) == first

    pools = [pool(town.subnet), pool(more, "more")]
    put_cluster(town, body(agentPoolProfiles=pools, ingressProfile=routing(example)))
    later = net(more) | {(ROUTING, roles.DNS_ZONE_CONTRIBUTOR, example)}
    settle(town)
    assert wanted(town) == first | later
    assert made(town) == made_for(town, first | later)
    gone = made_for(town, later)

    written = writes(town)
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)], ingressProfile=routing()))
    settle(town)
    assert wanted(town) == first
    assert former(town) == gone
    assert writes(town) == written
    assert made(town) == made_for(town, first) | gone


def test_a_pool_comes_and_goes_by_itself(town: Town) -> None:
    """Only the pool's own events tell of it."""
    more = put_subnet(town, "more")
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)]))
    settle(town)

    nodes = {"mode": "User", "count": 1, "vnetSubnetID": more}
    town.arm("PUT", f"{town.id_of()}/agentPools/more", {"properties": nodes})
    settle(town)
    assert made(town) == made_for(town, net(town.subnet, more))

    town.arm("DELETE", f"{town.id_of()}/agentPools/more")
    settle(town)
    assert wanted(town) == net(town.subnet)
    assert former(town) == made_for(town, net(more))


def test_what_is_needed_again_is_former_no_more(town: Town) -> None:
    more = put_subnet(town, "more")
    pools = [pool(town.subnet), pool(more, "more")]
    put_cluster(town, body(agentPoolProfiles=pools))
    settle(town)
    for now in (pools[:1], pools):
        put_cluster(town, body(agentPoolProfiles=now))
        settle(town)
    assert wanted(town) == net(town.subnet, more)
    assert former(town) == set()
    assert len(writes(town)) == 2


def test_an_add_on_that_is_switched_on_again_has_an_identity_and_a_grant_of_its_own(
    town: Town,
) -> None:
    vault = put(town, "Microsoft.KeyVault/vaults", "team", "shared-keys")
    addon = "azureKeyvaultSecretsProvider"
    need = {(CSI, SECRETS_USER, vault)}
    on, off = ({addon: {"enabled": enabled}} for enabled in (True, False))
    put_cluster(town, body(addonProfiles=on))
    settle(town)
    first = made_for(town, need)
    assert made(town) == first

    put_cluster(town, body(addonProfiles=off))
    settle(town)
    assert (wanted(town), former(town)) == (set(), first)

    put_cluster(town, body(addonProfiles=on))
    settle(town)
    assert made_for(town, need) != first
    assert made(town) == first | made_for(town, need)


def test_another_identity_is_granted_what_the_old_one_had(town: Town) -> None:
    identity, principal = put_identity(town)
    pools = [pool(town.subnet)]
    put_cluster(town, body(agentPoolProfiles=pools))
    settle(town)
    old = made_for(town, net(town.subnet))

    put_cluster(town, body(user_assigned(identity), agentPoolProfiles=pools))
    settle(town)
    assert principal_of(town, CONTROL_PLANE) == principal
    assert made(town) == old | made_for(town, net(town.subnet))
    assert former(town) == old

    other, another = put_identity(town, "other")
    put_cluster(town, body(user_assigned(other), agentPoolProfiles=pools))
    settle(town)
    assert {holder for holder, _, _ in made(town)} >= {principal, another}
    assert {p.grant.principal_id for p in town.record().grants} == {another}


def test_the_operators_own_assignment_is_no_concern_of_ours_once_it_is_not_needed(
    town: Town,
) -> None:
    """It is remembered as one that we did not make."""
    more = put_subnet(town, "more")
    identity, principal = put_identity(town)
    assign(town, principal, roles.NETWORK_CONTRIBUTOR, more)
    pools = [pool(town.subnet), pool(more, "more")]
    put_cluster(town, body(user_assigned(identity), agentPoolProfiles=pools))
    settle(town)
    put_cluster(town, body(user_assigned(identity), agentPoolProfiles=pools[:1]))
    settle(town)
    (left,) = town.record().former
    assert (left.grant.scope, left.made_by_us) == (more, False)
    assert made(town) == made_for(town, net(town.subnet))


def test_a_registry_that_changes_its_mode_is_granted_anew_at_the_resync(town: Town) -> None:
    """It raises no event of a cluster's."""
    put_cluster(town, {**body(), "tags": {"images": "shared"}})
    settle(town)
    pull = made_for(town, {(KUBELET, roles.ACR_PULL, town.registry)})
    put_registry(town, "shared", "AbacRepositoryPermissions")
    town.azure.advance(25 * 3600)
    town.tick()
    settle(town)
    read = {(KUBELET, roles.REPOSITORY_READER, town.registry)}
    assert wanted(town) == read
    assert made(town) == pull | made_for(town, read)
    assert former(town) == pull
