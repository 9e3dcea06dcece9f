"""What the body of a cluster's PUT may say, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from .town import LONG_ENOUGH, POOL, Town, cluster_body, error_code, put_cluster


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"agentPoolProfiles": []}, "InvalidParameter"),
        ({"agentPoolProfiles": [{**POOL, "name": "Pool"}]}, "InvalidParameter"),
        ({"agentPoolProfiles": [{**POOL, "name": "a" * 13}]}, "InvalidParameter"),
        ({"agentPoolProfiles": [{**POOL, "mode": "User"}]}, "InvalidParameter"),
        ({"agentPoolProfiles": [{**POOL, "count": 0}]}, "InvalidParameter"),
        ({"agentPoolProfiles": [POOL, POOL]}, "InvalidParameter"),
        ({"agentPoolProfiles": [{**POOL, "colour": "red"}]}, "UnmarshalError"),
        ({"dnsPrefix": ""}, "InvalidParameter"),
        ({"dnsPrefix": "-x"}, "InvalidParameter"),
        ({"colour": "red"}, "UnmarshalError"),
        ({"networkProfile": "red"}, "InvalidParameter"),
        ({"servicePrincipalProfile": {"clientId": "abc", "secret": "x"}}, "InvalidParameter"),
    ],
)
def test_a_body_aks_would_refuse_makes_no_cluster(
    town: Town, change: dict[str, Any], code: str
) -> None:
    answer = put_cluster(town, "c1", cluster_body(**change))
    assert (answer.status, error_code(answer)) == (400, code)
    assert town.emulator.clusters.all() == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"addonProfiles": {"omsagent": True}}, "addonProfiles"),
        ({"addonProfiles": [1]}, "addonProfiles"),
        ({"ingressProfile": {"webAppRouting": True}}, "webAppRouting"),
        ({"networkProfile": {"loadBalancerProfile": "x"}}, "loadBalancerProfile"),
        (
            {"networkProfile": {"loadBalancerProfile": {"outboundIPs": {"publicIPs": [{}]}}}},
            "publicIPs",
        ),
        (
            {"networkProfile": {"loadBalancerProfile": {"managedOutboundIPs": {"count": "2"}}}},
            "managedOutboundIPs",
        ),
        ({"agentPoolProfiles": [{**POOL, "vnetSubnetID": 5}]}, "vnetSubnetID"),
        ({"agentPoolProfiles": [{**POOL, "upgradeSettings": [1]}]}, "upgradeSettings"),
        ({"agentPoolProfiles": [5]}, "agentPoolProfiles"),
        ({"dnsPrefix": 5}, "dnsPrefix"),
        ({"kubernetesVersion": 1.32}, "kubernetesVersion"),
        ({"nodeResourceGroup": 5}, "nodeResourceGroup"),
        ({"apiServerAccessProfile": {"privateDNSZone": 5}}, "privateDNSZone"),
        ({"identityProfile": {"kubeletidentity": "x"}}, "identityProfile"),
        ({"servicePrincipalProfile": {"clientId": 5}}, "clientId"),
    ],
)
def test_a_value_of_the_wrong_json_type_is_refused_by_name(
    town: Town, change: dict[str, Any], named: str
) -> None:
    answer = put_cluster(town, "c1", cluster_body(**change))
    assert (answer.status, error_code(answer)) == (400, "InvalidParameter")
    assert named in answer.body["message"]
    assert town.emulator.clusters.all() == []


def test_null_means_absent(town: Town) -> None:
    body = cluster_body(addonProfiles={"omsagent": None}, networkProfile=None, dnsPrefix="demo")
    body["properties"]["agentPoolProfiles"] = [{**POOL, "vmSize": None, "upgradeSettings": None}]
    assert put_cluster(town, "c1", {**body, "tags": None}).status == 201
    town.emulator.advance(LONG_ENOUGH)
    (cluster,) = town.emulator.clusters.all()
    assert cluster.provisioning_state == "Succeeded"


@pytest.mark.parametrize("name", ["-c", "c-", "a" * 64, "c.d"])
def test_a_name_aks_would_refuse_makes_no_cluster(town: Town, name: str) -> None:
    assert error_code(put_cluster(town, name, cluster_body())) == "InvalidParameter"


def test_unknown_top_level_fields_are_refused(town: Town) -> None:
    assert error_code(put_cluster(town, "c1", {**cluster_body(), "zones": []})) == "UnmarshalError"


def test_a_subnet_that_does_not_exist_is_refused(town: Town) -> None:
    pool = {**POOL, "vnetSubnetID": town.subnet() + "x"}
    assert (
        error_code(put_cluster(town, "c1", cluster_body(agentPoolProfiles=[pool])))
        == "InvalidParameter"
    )


def test_a_requester_who_may_not_join_the_subnet_is_refused(town: Town) -> None:
    pool = {**POOL, "vnetSubnetID": town.subnet()}
    somebody = town.emulator.world.directory.create("somebody")
    role = "Azure Kubernetes Service Contributor Role"
    town.emulator.role_assignments.seed(town.group, somebody.object_id, role)
    path = town.id("Microsoft.ContainerService/managedClusters", "c1")
    body = cluster_body(agentPoolProfiles=[pool])
    answer = town.ask("PUT", path, body, caller=somebody)
    assert (answer.status, error_code(answer)) == (403, "LinkedAuthorizationFailed")


def test_a_user_assigned_identity_must_exist_and_then_is_the_control_plane(town: Town) -> None:
    missing = town.id("Microsoft.ManagedIdentity/userAssignedIdentities", "id1")
    body = cluster_body()
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {missing: {}}}
    assert error_code(put_cluster(town, "c1", body)) == "FailedIdentityOperation"
    identity = town.identity("id1")
    answer = put_cluster(town, "c1", body)
    about = answer.body["identity"]["userAssignedIdentities"][missing]
    assert about["principalId"] == identity.principal_id


def test_an_own_kubelet_identity_needs_a_grant_in_effect_beforehand(town: Town) -> None:
    control, kubelet = town.identity("control"), town.identity("kubelet")
    body = cluster_body(identityProfile={"kubeletidentity": {"resourceId": kubelet.id}})
    code = "CustomKubeletIdentityMissingPermissionError"
    assert error_code(put_cluster(town, "c1", body)) == code
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {control.id: {}}}
    assert error_code(put_cluster(town, "c1", body)) == code
    assert control.principal_id
    assignments = town.emulator.role_assignments
    assignments.seed(kubelet.id, control.principal_id, "Managed Identity Operator")
    assert put_cluster(town, "c1", body).status == 201
    town.emulator.advance(LONG_ENOUGH)
    (cluster,) = town.emulator.clusters.all()
    assert cluster.kubelet_object_id == kubelet.principal_id


def test_a_system_assigned_identity_cannot_have_a_custom_private_dns_zone(town: Town) -> None:
    zone = town.put("Microsoft.Network/privateDnsZones", "privatelink.westus2.azmk8s.io")
    profile = {"enablePrivateCluster": True, "privateDNSZone": zone.id}
    answer = put_cluster(town, "c1", cluster_body(apiServerAccessProfile=profile))
    assert error_code(answer) == "CustomPrivateDNSZoneMissingPermissionError"
