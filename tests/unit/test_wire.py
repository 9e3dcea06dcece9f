"""ARM's JSON of a managed cluster becomes our noun, whatever else is in it."""

import json
from typing import Any

import msgspec
import pytest

from shared.model import Cluster, Pool
from shared.wire import Page, cluster
from tests.unit.nouns import CLUSTER, KUBELET_PRINCIPAL, NET, PRINCIPAL, SUBNET

# As in a recording of `az aks create` (azure-cli, test_aks_create_no_ssh_key), shortened.
BODY: dict[str, Any] = {
    "id": str(CLUSTER),
    "location": "westus2",
    "name": "c1",
    "type": "Microsoft.ContainerService/ManagedClusters",
    "kind": "Base",
    "eTag": "e",
    "tags": {"team": "payments"},
    "identity": {"type": "SystemAssigned", "principalId": PRINCIPAL.upper(), "tenantId": "t"},
    "sku": {"name": "Base", "tier": "Free"},
    "properties": {
        "provisioningState": "Succeeded",
        "resourceUID": "68b5",
        "powerState": {"code": "Running"},
        "kubernetesVersion": "1.32",
        "nodeResourceGroup": "MC_clusters_c1_westus2",
        "agentPoolProfiles": [
            {"name": "nodepool1", "count": 3, "mode": "System", "vnetSubnetID": SUBNET},
            {"name": "pods", "podSubnetID": f"{SUBNET}-pods", "vnetSubnetID": None},
            {"name": "plain", "someNewField": {"a": [1]}},
        ],
        "servicePrincipalProfile": {"clientId": "msi"},
        "identityProfile": {
            "kubeletidentity": {"resourceId": "r", "clientId": "c", "objectId": KUBELET_PRINCIPAL}
        },
        "addonProfiles": {
            "OmsAgent": {"enabled": True, "config": None, "identity": {"objectId": "OMS"}},
            "azurepolicy": {"enabled": True, "config": {}},
            "httpApplicationRouting": {"enabled": False, "identity": {"objectId": "old"}},
        },
        "ingressProfile": {
            "webAppRouting": {"enabled": True, "identity": {"objectId": "web", "clientId": "x"}}
        },
        "networkProfile": {
            "networkPlugin": "azure",
            "loadBalancerProfile": {
                "outboundIPs": {"publicIPs": [{"id": f"{NET}/publicIPAddresses/out"}]},
                "effectiveOutboundIPs": [{"id": "x"}],
            },
        },
    },
}


def read(**properties: Any) -> Cluster:
    body = {**BODY, "properties": {**BODY["properties"], **properties}}
    return cluster(json.dumps(body).encode())


def identified(identity: Any) -> Cluster:
    return cluster(json.dumps({**BODY, "identity": identity}).encode())


def test_a_whole_cluster() -> None:
    assert read() == Cluster(
        id=str(CLUSTER),
        location="westus2",
        provisioning_state="Succeeded",
        resource_uid="68b5",
        identity_type="SystemAssigned",
        service_principal="msi",
        node_resource_group="MC_clusters_c1_westus2",
        principals={
            "controlPlane": PRINCIPAL,
            "kubelet": KUBELET_PRINCIPAL,
            "addon:omsagent": "oms",
            "addon:webapprouting": "web",
        },
        pools=(
            Pool("nodepool1", SUBNET),
            Pool("pods", "", f"{SUBNET}-pods"),
            Pool("plain"),
        ),
        outbound_ip_ids=(f"{NET}/publicIPAddresses/out",),
        tags={"team": "payments"},
    )


def test_a_cluster_being_created_has_one_identity() -> None:
    creating = read(
        provisioningState="Creating", identityProfile=None, addonProfiles=None, ingressProfile=None
    )
    assert creating.principals == {"controlPlane": PRINCIPAL}
    assert not creating.terminal


def test_a_user_assigned_identity_is_the_control_planes() -> None:
    users = {"/subscriptions/x/…/mine": {"principalId": "MINE", "clientId": "c"}}
    seen = identified({"type": "UserAssigned", "userAssignedIdentities": users})
    assert seen.principals["controlPlane"] == "mine"
    assert seen.has_managed_identity


@pytest.mark.parametrize(
    "identity",
    [
        None,
        {"type": "None"},
        {"type": "SystemAssigned"},
        {"type": "SystemAssigned", "principalId": None},
        {"type": "UserAssigned", "userAssignedIdentities": None},
        {"type": "UserAssigned", "userAssignedIdentities": {"/x": {}}},
    ],
)
def test_an_identity_that_is_not_there_is_left_out(identity: Any) -> None:
    assert "controlPlane" not in identified(identity).principals


@pytest.mark.parametrize(
    ("client_id", "managed"),
    [("msi", True), ("MSI", True), ("", True), ("2b7c0b7e-0000-0000-0000-000000000000", False)],
)
def test_the_service_principal_tells_whether_identity_is_managed(
    client_id: str, managed: bool
) -> None:
    assert read(servicePrincipalProfile={"clientId": client_id}).has_managed_identity is managed


@pytest.mark.parametrize(
    "name",
    [
        "agentPoolProfiles",
        "servicePrincipalProfile",
        "identityProfile",
        "addonProfiles",
        "ingressProfile",
        "networkProfile",
        "status",
        "resourceUID",
    ],
)
def test_nulls_are_as_good_as_nothing(name: str) -> None:
    without = {k: v for k, v in BODY["properties"].items() if k != name}
    left_out = cluster(json.dumps({**BODY, "properties": without}).encode())
    assert read(**{name: None}) == left_out


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"loadBalancerProfile": None},
        {"loadBalancerProfile": {"outboundIPs": None}},
        {"loadBalancerProfile": {"outboundIPs": {"publicIPs": None}}},
        {"loadBalancerProfile": {"managedOutboundIPs": {"count": 1}}},
    ],
)
def test_a_cluster_without_outbound_ips_of_its_own(network: Any) -> None:
    assert read(networkProfile=network).outbound_ip_ids == ()


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ({"provisioningError": {"code": "A", "message": "b"}}, "A: b"),
        ({"provisioningError": {"error": {"code": "A", "message": "b"}}}, "A: b"),
        ({"provisioningError": None}, ""),
        ({}, ""),
    ],
)
def test_why_a_cluster_failed(status: Any, failure: str) -> None:
    assert read(status=status).failure == failure


def test_a_bare_cluster_is_enough() -> None:
    assert cluster(b'{"id": "x"}').provisioning_state == ""


@pytest.mark.parametrize("text", [b"", b"<html>", b"[]", b"{}", b'{"id": 3}', b'{"id": "x", "pro'])
def test_what_is_no_cluster_is_an_error(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        cluster(text)


def test_a_page_leaves_its_items_undecoded() -> None:
    text = b'{"value": [{"id": "a"}, {"odd": 1}], "nextLink": "https://x/y"}'
    page = msgspec.json.decode(text, type=Page)
    assert [bytes(item) for item in page.value] == [b'{"id": "a"}', b'{"odd": 1}']
    assert page.next_link == "https://x/y"
    assert msgspec.json.decode(b'{"value": []}', type=Page).next_link is None
