"""Each identity gets its roles as soon as it exists, once, and nothing policy does not allow."""

import uuid

import pytest

from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import assign, put, put_identity
from tests.flow.town import POLICY, Town


def scopes_of(town: Town, principal: str) -> set[str]:
    return {scope for holder, _, scope in town.grants_made() if holder == principal}


def test_the_control_plane_is_granted_while_the_cluster_is_being_created(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    cluster = town.cluster()
    assert cluster.provisioning_state == "Creating"
    assert town.grants_made() == [
        (cluster.control_plane_principal_id, NETWORK_CONTRIBUTOR, town.subnet.lower())
    ]
    assert town.status("RolesAssigned") == ("Unknown", "AwaitingIdentity")


def test_the_kubelet_is_granted_within_a_minute_of_its_appearance(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.provisioned, events=False)
    town.run(1.5, events=False, timer=False)
    assert town.grants_made() == town.expected_grants("c1")


def test_assignments_say_who_made_them_and_for_what(town: Town) -> None:
    town.request(parameters={"subnet": town.subnet})
    town.run(1)
    (made,) = (a for a in town.azure.role_assignments.all() if a.scope == town.subnet)
    assert made.principal_type == "ServicePrincipal"
    assert made.description == f"grantkeeper: node subnet of {town.id_of().key}"


def test_pod_subnets_and_outbound_ips_are_granted_too(town: Town) -> None:
    subnets = [
        {"name": "nodes", "properties": {"addressPrefix": "10.1.0.0/16"}},
        {"name": "pods", "properties": {"addressPrefix": "10.2.0.0/16"}},
    ]
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}, "subnets": subnets}
    vnet = put(town, "Microsoft.Network/virtualNetworks", "v", properties=space)
    address = put(town, "Microsoft.Network/publicIPAddresses", "out", sku={"name": "Standard"})
    pool = {"name": "np", "mode": "System", "count": 1, "vnetSubnetID": town.subnet}
    town.make_cluster(
        agentPoolProfiles=[{**pool, "podSubnetID": f"{vnet}/subnets/pods"}],
        networkProfile={"loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": address}]}}},
    )
    town.run_until(town.ready)
    assert scopes_of(town, town.cluster().control_plane_principal_id) == {
        town.subnet.lower(),
        f"{vnet}/subnets/pods".lower(),
        address.lower(),
    }


def test_a_pool_added_later_gets_its_subnet_granted(town: Town) -> None:
    town.request()
    town.run_until(town.ready)
    assert scopes_of(town, town.cluster().control_plane_principal_id) == set()
    pool = {"properties": {"mode": "User", "count": 1, "vnetSubnetID": town.subnet}}
    town.arm("PUT", f"{town.id_of()}/agentPools/more", pool)
    town.run_until(lambda: bool(scopes_of(town, town.cluster().control_plane_principal_id)))
    town.run_until(town.ready)


def test_an_inherited_assignment_is_accepted_and_not_duplicated(town: Town) -> None:
    group = town.subnet.partition("/providers/")[0]
    town.make_cluster()
    principal = town.cluster().control_plane_principal_id
    assign(town, principal, NETWORK_CONTRIBUTOR, group)
    town.run_until(town.ready)
    assert scopes_of(town, principal) == set()
    grant = next(p for p in town.record().grants if p.grant.principal_id == principal)
    assert not grant.made_by_us
    assert grant.assignment_id.startswith(f"{group}/providers/Microsoft.Authorization/")


def test_an_equal_assignment_under_another_name_is_accepted(town: Town) -> None:
    town.make_cluster()
    assign(town, town.cluster().control_plane_principal_id, NETWORK_CONTRIBUTOR, town.subnet)
    town.run_until(town.ready)
    assert scopes_of(town, town.cluster().control_plane_principal_id) == set()
    assert town.calls("PUT", "roleAssignments") == 1  # the kubelet's


def test_an_equal_assignment_that_reads_do_not_show_yet_is_accepted(town: Town) -> None:
    """Our PUT is answered with RoleAssignmentExists, which is success."""
    town.azure.world.knobs = town.azure.world.knobs.changed({"readable_seconds": (300, 300)})
    town.make_cluster()
    assign(town, town.cluster().control_plane_principal_id, NETWORK_CONTRIBUTOR, town.subnet)
    town.run_until(town.ready)
    assert town.calls("PUT", "roleAssignments", 409) >= 1
    assert scopes_of(town, town.cluster().control_plane_principal_id) == set()


def test_a_role_at_a_sibling_scope_counts_for_nothing(town: Town) -> None:
    """`…/registries/shared2` begins like `…/registries/shared`, and is another one."""
    other = f"{town.registry}2"
    town.arm("PUT", other, {"location": "westus2", "sku": {"name": "Basic"}}, "2023-07-01")
    town.request()
    town.run_until(town.provisioned, events=False)
    assign(town, town.cluster().kubelet_object_id, ACR_PULL, other)
    town.run_until(town.ready)
    assert scopes_of(town, town.cluster().kubelet_object_id) == {town.registry.lower()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("roles: [Network Contributor, AcrPull,", "roles: [AcrPull,"), "RoleNotAllowed"),
        (("resourceGroups/net-*", "resourceGroups/nets-*"), "ScopeNotAllowed"),
        (
            (
                "/subscriptions/*/resourceGroups/net-*",
                "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/net-*",
            ),
            "ScopeNotAllowed",
        ),
    ],
)
def test_a_grant_policy_does_not_allow_is_visible_and_not_written(
    found_town: Found, change: tuple[str, str], reason: str
) -> None:
    town = found_town(POLICY.read_text().replace(*change).encode())
    town.request(parameters={"subnet": town.subnet})
    town.run(30)
    assert scopes_of(town, town.cluster().control_plane_principal_id) == set()
    assert town.status("RolesAssigned") == ("False", reason)
    assigned = town.record().condition("RolesAssigned")
    assert assigned and town.subnet in assigned.message
    assert not town.ready()


def test_nothing_is_granted_in_the_node_resource_group(town: Town) -> None:
    """AKS makes the VNet of a cluster without one, and looks after it."""
    town.request()
    town.run_until(town.ready)
    group = town.cluster().node_group.lower()
    assert not any(f"/{group}/" in scope for _, _, scope in town.grants_made())


def test_a_cluster_with_a_service_principal_gets_no_grants(town: Town) -> None:
    town.make_cluster(
        identity={"type": "None"},
        servicePrincipalProfile={"clientId": str(uuid.UUID(int=7)), "secret": "x"},
    )
    town.run(30)
    assert town.status("ManagedIdentity") == ("False", "ServicePrincipal")
    assert not town.ready()
    assert town.grants_made() == []
    assert town.calls("PUT") == 0


def test_a_user_assigned_identity_is_the_one_that_is_granted(town: Town) -> None:
    identity, principal = put_identity(town)
    town.make_cluster(identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {}}})
    town.run_until(town.ready)
    assert scopes_of(town, principal) == {town.subnet.lower()}


def test_an_add_on_is_granted_when_its_identity_appears(found_town: Found) -> None:
    declared = (
        "\n  - identity: addon:azureKeyvaultSecretsProvider\n    role: Reader\n"
        "    scope: /subscriptions/{subscriptionId}/resourceGroups/shared-registry\n"
        "    because: secrets\n"
    )
    text = POLICY.read_text().rstrip().replace("AcrPull,", "AcrPull, Reader,") + declared
    town = found_town(text.encode())
    town.make_cluster(
        "with-addon", addonProfiles={"azureKeyvaultSecretsProvider": {"enabled": True}}
    )
    town.make_cluster("without")
    town.run_until(lambda: town.ready("with-addon") and town.ready("without"))
    addon = town.cluster("with-addon").properties["addonProfiles"]["azureKeyvaultSecretsProvider"]
    assert len(scopes_of(town, addon["identity"]["objectId"])) == 1
    assert len(town.grants_made()) == 5


def test_two_clusters_sharing_an_identity_share_its_assignment(town: Town) -> None:
    identity, principal = put_identity(town)
    shared = {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    town.make_cluster("c1", identity=shared)
    town.make_cluster("c2", identity=shared)
    town.run_until(lambda: town.ready("c1") and town.ready("c2"))
    assert scopes_of(town, principal) == {town.subnet.lower()}
    assert sum(holder == principal for holder, _, _ in town.grants_made()) == 1


def test_a_scope_in_a_subscription_we_cannot_read_holds_up_no_other_grant(town: Town) -> None:
    """What hangs on a hub that somebody else runs: policy refuses it, and its assignments are not
    ours to list."""
    elsewhere = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/net-hub"
    encryption = f"{elsewhere}/providers/Microsoft.Compute/diskEncryptionSets/d"
    town.make_network()
    town.make_registry()
    town.make_cluster()
    town.run_until(town.provisioned)
    document = town.cluster().document()
    document["properties"]["diskEncryptionSetID"] = encryption
    town.azure.plant(str(town.id_of()), document)
    town.run(10)
    assert town.grants_made() == town.expected_grants("c1")
    assert town.status("RolesAssigned") == ("False", "RoleNotAllowed")
