"""ARM's JSON of a managed cluster becomes our noun, whatever else is in it."""

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from shared.document import Node
from shared.model import Cluster
from shared.wire import Page, cluster
from tests.unit.nouns import CLUSTER, KUBELET_PRINCIPAL, NET, PRINCIPAL, SUBNET

OMS, WEB, OTHER = (f"bbbbbbbb-0000-4000-8000-00000000000{n}" for n in range(3))

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
            "OmsAgent": {"enabled": True, "config": None, "identity": {"objectId": OMS.upper()}},
            "azurepolicy": {"enabled": True, "config": {}},
            "httpApplicationRouting": {"enabled": False, "identity": {"objectId": OTHER}},
        },
        "ingressProfile": {
            "webAppRouting": {"enabled": True, "identity": {"objectId": WEB, "clientId": "x"}}
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
    seen = read()
    assert seen.body.value == BODY
    assert seen.body.faults == {}
    assert replace(seen, body=Node({})) == Cluster(
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
            "addon:omsagent": OMS,
            "addon:webapprouting": WEB,
        },
        tags={"team": "payments"},
        etag="e",
    )


@pytest.mark.parametrize("etag", ["e\r\nX-Other: y", "ü", "a b", "e" * 201, "", None])
def test_an_etag_that_cannot_be_one_is_none_and_harms_nothing(etag: str | None) -> None:
    seen = cluster(json.dumps({**BODY, "eTag": etag}).encode())
    assert (seen.etag, seen.body.faults) == ("", {})


def test_a_cluster_being_created_has_one_identity() -> None:
    creating = read(
        provisioningState="Creating", identityProfile=None, addonProfiles=None, ingressProfile=None
    )
    assert creating.principals == {"controlPlane": PRINCIPAL}
    assert not creating.terminal


def test_a_user_assigned_identity_is_the_control_planes() -> None:
    users = {"/subscriptions/x/…/mine": {"principalId": OTHER.upper(), "clientId": "c"}}
    seen = identified({"type": "userassigned", "userAssignedIdentities": users})
    assert (seen.identity_type, seen.principals["controlPlane"]) == ("UserAssigned", OTHER)
    assert seen.has_managed_identity
    both = {"type": "UserAssigned", "userAssignedIdentities": users, "principalId": PRINCIPAL}
    assert identified(both).principals["controlPlane"] == OTHER


@pytest.mark.parametrize(
    "identity",
    [
        None,
        {"type": "None"},
        {"type": "SystemAssigned"},
        {"type": "SystemAssigned", "principalId": None},
        {"type": "SystemAssigned", "principalId": 3},
        {"type": "None", "principalId": PRINCIPAL},
        {"principalId": PRINCIPAL},
        "SystemAssigned",
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
    assert replace(read(**{name: None}), body=left_out.body) == left_out


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


def test_a_long_failure_is_cut_short() -> None:
    long = read(status={"provisioningError": {"code": "A", "message": "b" * 5000}})
    assert long.failure == "A: " + "b" * 1997


def test_a_bare_cluster_is_enough() -> None:
    bare = cluster(b'{"id": "x"}')
    assert replace(bare, body=Node({})) == Cluster("x", "", "", "", "None", "", "", {})


def test_a_cluster_is_known_by_the_id_it_was_asked_for_by() -> None:
    assert cluster(b'{"id": "y"}', "x").id == cluster(b"{}", "x").id == "x"


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("SYSTEMASSIGNED", "SystemAssigned"),
        ("none", "None"),
        ("", "None"),
        ("SystemAssigned, UserAssigned", "Unknown"),
        ("odd", "Unknown"),
    ],
)
def test_types_of_identity(kind: str, known: str) -> None:
    assert identified({"type": kind, "principalId": PRINCIPAL}).identity_type == known


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"identityProfile": {"kubeletidentity": {"objectId": "root"}}},
         "identityProfile.kubeletidentity.objectId"),
        ({"identityProfile": {"KubeletIdentity": {"objectId": PRINCIPAL + "\n"}}},
         "identityProfile.KubeletIdentity.objectId"),
        ({"addonProfiles": {"omsagent": {"enabled": True, "identity": {"objectId": "' or '"}}}},
         "addonProfiles.omsagent.identity.objectId"),
        ({"ingressProfile": {"webAppRouting": {"enabled": True, "identity": {"objectId": "x"}}}},
         "ingressProfile.webAppRouting.identity.objectId"),
    ],
)  # fmt: skip
def test_a_principal_that_is_no_guid_is_not_believed(properties: Any, path: str) -> None:
    seen = cluster(json.dumps({"id": "x", "properties": properties}).encode())
    assert seen.principals == {}
    assert seen.body.faults == {f"properties.{path}": "is not a GUID"}


def test_principals_that_contradict_each_other_are_not_believed() -> None:
    kubelets = {
        "kubeletidentity": {"objectId": KUBELET_PRINCIPAL},
        "KubeletIdentity": {"objectId": OTHER},
        "other": {"objectId": PRINCIPAL},
    }
    on = {"enabled": "True", "identity": {"objectId": OMS}}
    addons = {"omsagent": on, "OMSAgent": {**on, "identity": {"objectId": OTHER}}}
    seen = read(identityProfile=kubelets, addonProfiles=addons, ingressProfile=None)
    assert seen.principals == {"controlPlane": PRINCIPAL}
    why = "contradicts another principal of the same identity"
    assert seen.body.faults == {
        "properties.identityProfile.kubeletidentity.objectId": why,
        "properties.identityProfile.KubeletIdentity.objectId": why,
        "properties.addonProfiles.omsagent.identity.objectId": why,
        "properties.addonProfiles.OMSAgent.identity.objectId": why,
    }
    agreeing = {"omsagent": on, "OMSAgent": on, "omsAgent": {"enabled": False, "identity": OTHER}}
    assert read(addonProfiles=agreeing).principals["addon:omsagent"] == OMS


def test_two_user_assigned_identities_are_one_too_many() -> None:
    users = {"/a": {"principalId": OTHER}, "/b": {"principalId": OMS}, "/c": {}}
    seen = identified({"type": "UserAssigned", "userAssignedIdentities": users})
    assert "controlPlane" not in seen.principals
    assert len(seen.body.faults) == 2


@pytest.mark.parametrize("word", ["a b", "a\n", "<x>", "é", "a" * 101])
def test_a_word_that_is_none_is_left_out_and_noted(word: str) -> None:
    seen = read(provisioningState=word, resourceUID=word)
    assert (seen.provisioning_state, seen.resource_uid) == ("", "")
    assert seen.body.faults == {
        "properties.provisioningState": "has unexpected characters",
        "properties.resourceUID": "has unexpected characters",
    }
    assert read(provisioningState="Suc-ceeded_1").provisioning_state == "Suc-ceeded_1"


def test_tags_that_are_no_texts_are_left_out() -> None:
    tagged = cluster(json.dumps({"id": "x", "tags": {"a": "b", "c": 3, "d": None}}).encode())
    assert tagged.tags == {"a": "b"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"id": 3}',
        b'{"id": "x", "pro',
        b'{"id": "x", "a": "\xff"}',
        b'{"id": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_cluster_is_an_error(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        cluster(text)


def test_a_page_leaves_its_items_undecoded() -> None:
    text = b'{"value": [{"id": "a"}, {"odd": 1}], "nextLink": "https://x/y"}'
    page = msgspec.json.decode(text, type=Page)
    assert [bytes(item) for item in page.value] == [b'{"id": "a"}', b'{"odd": 1}']
    assert page.next_link == "https://x/y"
    assert msgspec.json.decode(b'{"value": []}', type=Page).next_link is None
