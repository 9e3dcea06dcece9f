"""What policy does not allow is not granted; people get the line that an administrator can run."""

import shlex
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from shared import roles
from shared.model import CONTROL_PLANE
from tests.flow import network_topologies, resource_topologies
from tests.flow.conftest import Found
from tests.flow.ground import (
    Made,
    assign,
    grant_of,
    group_of,
    made,
    made_for,
    message,
    network_of,
    put,
    put_cluster,
    put_identity,
    put_role,
    put_subnet,
    run_line,
    user_assigned,
    writes,
)
from tests.flow.topologies import POLICY, Topology, body, covered, net, pool
from tests.flow.town import Town

NOTHING = b"apiVersion: grantkeeper/v1\nprofiles: {}\ngrantable: []\n"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ = "Microsoft.Network/virtualNetworks/subnets/read"
CUSTOM = "0c0ffee0-1111-4222-8333-444455556666"


def policy(**changes: Any) -> bytes:
    """The policy of the topologies with some of it replaced."""
    return yaml.safe_dump({**yaml.safe_load(POLICY), **changes}).encode()


def with_custom_role() -> bytes:
    """Subnets are granted with a role of the operator's own."""
    grantable = yaml.safe_load(POLICY)["grantable"]
    own = {"roles": [CUSTOM], "scopes": ["/subscriptions/*/resourceGroups/net-*"]}
    return policy(grantable=[*grantable, own], roles={"nodeSubnets": CUSTOM})


def lines(town: Town) -> list[str]:
    """What the condition says an administrator can run."""
    return message(town, "RolesAssigned").partition("an administrator can run: ")[2].split("; ")


def meant(line: str) -> Made:
    """The principal, role and scope of a line."""
    words = shlex.split(line)
    return (
        words[words.index("--assignee-object-id") + 1],
        words[words.index("--role") + 1],
        words[words.index("--scope") + 1].lower(),
    )


def refused(town: Town, reason: str, name: str = "c1") -> bool:
    return town.status("RolesAssigned", name) == ("False", reason)


@pytest.mark.parametrize(
    "build",
    [
        network_topologies.custom_subnets,
        network_topologies.user_defined_routing,
        network_topologies.private_zone,
        resource_topologies.key_management,
        resource_topologies.bootstrap_registry_in_abac_mode,
        resource_topologies.existing_gateway,
        resource_topologies.app_routing,
    ],
    ids=lambda build: build.__name__,
)
def test_an_administrator_can_make_exactly_what_policy_refuses(
    found_town: Found, build: Callable[[Town], Topology]
) -> None:
    """The condition goes away by itself, and the product has written nothing."""
    town = found_town(NOTHING)
    topology = build(town)
    town.azure.advance(400)
    put_cluster(town, topology.body)
    town.run(15)
    assert refused(town, "RoleNotAllowed")
    assert not town.ready()
    here = {need for need, held_as in topology.found.items() if not held_as}
    needed = topology.granted | topology.found.keys() - here
    assert {meant(line) for line in lines(town)} == made_for(town, needed)

    for line in lines(town):
        run_line(town, line)
    town.run_until(town.ready)
    assert town.status("RolesAssigned") == ("True", "Written")
    assert writes(town) == []
    assert not any(p.made_by_us for p in town.record().grants)


def test_one_line_for_the_network_serves_its_subnets(found_town: Found) -> None:
    town = found_town(NOTHING)
    topology = network_topologies.node_auto_provisioning(town)
    put_cluster(town, topology.body)
    town.run(10)
    network = network_of(town.subnet).lower()
    (line,) = (line for line in lines(town) if meant(line)[2] == network)
    run_line(town, line)
    town.run_until(town.ready)
    assert {p.held_as for p in town.record().grants} == {
        "",
        *covered(network_of(town.subnet), town.subnet).values(),
    }
    assert writes(town) == []


def test_what_is_allowed_is_granted_beside_what_is_refused(found_town: Found) -> None:
    elsewhere = {"roles": ["Network Contributor"], "scopes": ["/subscriptions/*/resourceGroups/x"]}
    keys = {"roles": ["Reader"], "scopes": ["/subscriptions/*/resourceGroups/shared-keys"]}
    town = found_town(policy(grantable=[elsewhere, keys], grants=[]))
    disks = resource_topologies.disk_encryption_set(town)
    disks.body["properties"]["agentPoolProfiles"] = [pool(town.subnet)]
    put_cluster(town, disks.body)
    town.run(90)
    assert refused(town, "ScopeNotAllowed")
    assert made(town) == made_for(town, disks.granted)
    assert {meant(line) for line in lines(town)} == made_for(town, net(town.subnet))
    assert not town.ready()


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("capacityReservationGroupID", "Microsoft.Compute/capacityReservationGroups"),
        ("hostGroupID", "Microsoft.Compute/hostGroups"),
    ],
)
def test_contributor_is_never_granted_and_the_line_names_the_group(
    found_town: Found, field: str, kind: str
) -> None:
    """AKS asks for it before the cluster is made; here it is content with reading."""
    town = found_town(POLICY)
    machines = put(town, kind, "reserved", "net-machines")
    identity, principal = put_identity(town)
    group = group_of(town, "net-machines")
    assign(town, principal, roles.READER, group)
    town.azure.advance(400)
    nodes = {"name": "np", "mode": "System", "count": 1, field: machines}
    put_cluster(town, body(user_assigned(identity), agentPoolProfiles=[nodes]))
    town.run(10)
    assert refused(town, "RoleNeverAllowed")
    (line,) = lines(town)
    assert meant(line) == (principal, roles.CONTRIBUTOR, group.lower())
    run_line(town, line)
    town.run_until(town.ready)
    assert writes(town) == []


def test_a_vault_known_by_its_keys_address_only_is_for_the_operator_to_declare(
    found_town: Found,
) -> None:
    town = found_town(POLICY)
    kms = {"enabled": True, "keyId": "https://etcd.vault.azure.net/keys/etcd/1"}
    put_cluster(town, body(securityProfile={"azureKeyVaultKms": kms}))
    town.run(90)
    assert refused(town, "InvalidScope")
    assert "properties.securityProfile.azureKeyVaultKms.keyId" in message(town, "RolesAssigned")
    assert not town.ready()

    vault = put(town, "Microsoft.KeyVault/vaults", "etcd", "shared-keys")
    grant = {"identity": CONTROL_PLANE, "role": "Key Vault Crypto User", "because": "etcd"}
    town.change_policy(policy(grants=[{**grant, "scope": vault}]))
    town.run_until(town.ready)
    assert made(town) == made_for(town, {(CONTROL_PLANE, roles.KEY_VAULT_CRYPTO_USER, vault)})


def test_a_rule_may_grant_a_role_of_the_operators_own(found_town: Found) -> None:
    town = found_town(with_custom_role())
    put_role(town, CUSTOM, READ, JOIN)
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)]))
    town.run_until(town.ready)
    assert made(town) == made_for(town, {(CONTROL_PLANE, CUSTOM, town.subnet)})


@pytest.mark.parametrize(
    "actions",
    [("*",), ("Microsoft.Authorization/roleAssignments/write",), (JOIN, "Microsoft.Network/*/write",
     "Microsoft.Authorization/*")],
)  # fmt: skip
def test_a_custom_role_that_can_do_harm_is_not_granted(
    found_town: Found, actions: tuple[str, ...]
) -> None:
    """Others are; and it is once it is harmless."""
    town = found_town(with_custom_role())
    put_role(town, CUSTOM, *actions)
    pods = put_subnet(town, "pods")
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet, podSubnetID=pods)]))
    town.run(90)
    assert refused(town, "RoleNotSafe")
    assert made(town) == made_for(town, net(pods))
    assert not town.ready()

    put_role(town, CUSTOM, READ, JOIN)
    town.run_until(town.ready, minutes=180)
    assert made(town) == made_for(town, net(pods) | {(CONTROL_PLANE, CUSTOM, town.subnet)})


def test_what_was_not_granted_is_not_reported_as_left(found_town: Found) -> None:
    town = found_town(with_custom_role())
    put_role(town, CUSTOM, "*")
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)]))
    town.run(30)
    assert refused(town, "RoleNotSafe")
    town.delete_cluster()
    town.run(60)
    assert message(town, "ClusterProvisioned") == "the cluster is gone"


def test_a_custom_role_that_has_changed_waits_until_it_is_accepted(found_town: Found) -> None:
    town = found_town(with_custom_role())
    put_role(town, CUSTOM, READ, JOIN)
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)]), "c1")
    town.run_until(lambda: town.ready("c1"))
    before = made(town)

    put_role(town, CUSTOM, READ, JOIN, "Microsoft.Network/virtualNetworks/read")
    town.azure.advance(3600)
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)]), "c2")
    town.run(90)
    assert refused(town, "RoleDefinitionChanged", "c2")
    assert f"roles accept {CUSTOM}" in message(town, "RolesAssigned", "c2")
    assert made(town) == before
    assert town.ready("c1")

    accepted = town.app.arm.role_definition(town.subscription, CUSTOM)
    assert accepted
    town.app.store.repin(CUSTOM, accepted.digest)
    town.run_until(lambda: town.ready("c2"), minutes=180)
    of_second = made_for(town, {(CONTROL_PLANE, CUSTOM, town.subnet)}, "c2")
    assert made(town) == before | of_second


def test_a_role_that_the_subscription_does_not_know_is_waited_for(found_town: Found) -> None:
    town = found_town(with_custom_role())
    put_cluster(town, body(agentPoolProfiles=[pool(town.subnet)]))
    town.run(30)
    assert refused(town, "RoleDefinitionDoesNotExist")
    assert writes(town) == []
    put_role(town, CUSTOM, READ, JOIN)
    town.run_until(town.ready, minutes=180)
    assert grant_of(town, CUSTOM, town.subnet).made_by_us
