"""The demo says what went wrong, and passes only when nothing did."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.demo.rest import Json
from infra.demo.result import arm_calls, kind
from infra.demo.scene import (
    ACR_PULL,
    DNS_ZONE_CONTRIBUTOR,
    NETWORK_CONTRIBUTOR,
    READER,
    Scene,
)
from infra.demo.verdict import Evidence, faults

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
SCENE = Scene(SUBSCRIPTION)
WORKS_AT = datetime(2026, 1, 1, tzinfo=UTC)


# What each cluster of the demo needs: identity, role, scope.
NEEDS = {
    "payments": [
        ("control-plane", NETWORK_CONTRIBUTOR, SCENE.subnet().upper()),
        ("kubelet", ACR_PULL, SCENE.registry),
    ],
    "research": [
        ("control-plane", NETWORK_CONTRIBUTOR, SCENE.subnet()),
        ("control-plane", NETWORK_CONTRIBUTOR, SCENE.subnet("more")),
        ("control-plane", NETWORK_CONTRIBUTOR, SCENE.subnet("pods")),
        ("control-plane", NETWORK_CONTRIBUTOR, SCENE.security_group),
        ("control-plane", NETWORK_CONTRIBUTOR, SCENE.address),
        ("control-plane", READER, SCENE.disk_encryption),
        ("kubelet", ACR_PULL, SCENE.registry),
        ("routing", DNS_ZONE_CONTRIBUTOR, SCENE.zone),
    ],
}


def assignment(principal: str, role: str, scope: str, description: str = "") -> Json:
    definitions = "/providers/Microsoft.Authorization/roleDefinitions"
    return {
        "properties": {
            "principalId": principal,
            "roleDefinitionId": f"/subscriptions/{SUBSCRIPTION}{definitions}/{role}",
            "scope": scope,
            "description": description,
        },
        "emulator": {"effectiveAt": WORKS_AT.isoformat()},
    }


def arm_cluster(cluster_id: str, name: str) -> Json:
    kubelet = {"kubeletidentity": {"objectId": f"{name}-kubelet"}}
    return {
        "id": cluster_id,
        "identity": {"principalId": f"{name}-control-plane"},
        "properties": {
            "identityProfile": kubelet,
            "nodeResourceGroup": f"MC_{name}",
            "ingressProfile": {"webAppRouting": {"identity": {"objectId": f"{name}-routing"}}},
        },
    }


def known_cluster(cluster_id: str, name: str, ready_at: datetime) -> Json:
    grant = {
        "principalId": f"{name}-kubelet",
        "role": ACR_PULL,
        "roleName": "AcrPull",
        "scope": SCENE.registry,
        "effectiveAt": ready_at.isoformat(),
    }
    ready = {"type": "Ready", "status": "True", "since": ready_at.isoformat()}
    return {
        "id": cluster_id,
        "name": name,
        "ready": "True",
        "reason": "Probe",
        "conditions": [ready],
        "grants": [grant],
    }


def evidence(ready_at: datetime = WORKS_AT + timedelta(seconds=1)) -> Evidence:
    """Of a demo in which all went well, if permissions worked before `ready_at`."""
    names = {"payments": SCENE.requested, "research": SCENE.foreign}
    made = [
        assignment(f"{name}-{identity}", role, scope)
        for name in names
        for identity, role, scope in (
            *NEEDS[name],
            ("control-plane", "contributor", _node_group(name)),
        )
    ]
    return Evidence(
        scene=SCENE,
        clusters=[arm_cluster(cluster_id, name) for name, cluster_id in names.items()],
        made=made,
        known_to_emulator=made,
        report={"clusters": [known_cluster(each, n, ready_at) for n, each in names.items()]},
        faults_waiting=[],
        ledger=[],
    )


def _node_group(name: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourcegroups/mc_{name}"


def test_it_passes_when_all_is_well() -> None:
    assert faults(evidence()) == []


def test_a_missing_assignment_is_a_fault() -> None:
    well = evidence()
    (fault,) = faults(replace(well, made=well.made[1:]))
    assert fault.startswith("missing role assignment: ('payments-control-plane'")


@pytest.mark.parametrize(
    "scope", [SCENE.registry, f"/subscriptions/{SUBSCRIPTION}", _node_group("payments-2")]
)
def test_an_assignment_nobody_needs_is_a_fault(scope: str) -> None:
    well = evidence()
    more = [*well.made, assignment("payments-control-plane", "reader", scope)]
    (fault,) = faults(replace(well, made=more))
    assert fault.startswith("unexpected role assignment: ('payments-control-plane', 'reader'")


def test_a_role_that_policy_refuses_must_not_be_given_by_us() -> None:
    well = evidence()
    ours = assignment("research-control-plane", READER, SCENE.disk_encryption, "grantkeeper: x")
    (fault,) = faults(replace(well, made=[*well.made, ours]))
    assert fault.startswith("a role assignment that policy does not allow")


def test_ready_before_the_permissions_worked_is_a_fault() -> None:
    found = faults(evidence(ready_at=WORKS_AT - timedelta(seconds=1)))
    assert len(found) == 4
    assert "payments was called Ready at" in found[0]
    assert "payments was called AcrPull effective at" in found[1]


@pytest.mark.parametrize(
    ("clusters", "fault"),
    [
        ([], f"{SCENE.requested} is not known"),
        (
            [known_cluster(SCENE.requested, "payments", WORKS_AT) | {"ready": "False"}],
            "payments is not Ready: Probe",
        ),
    ],
)
def test_a_cluster_that_is_not_ready_is_a_fault(clusters: Sequence[Json], fault: str) -> None:
    assert fault in faults(replace(evidence(), report={"clusters": clusters}))


def test_a_cluster_still_in_the_making_is_no_surprise() -> None:
    well = evidence()
    for cluster in well.clusters:
        del cluster["properties"]["identityProfile"]
    assert any("no kubelet identity yet" in fault for fault in faults(well))


def test_weather_that_did_not_happen_is_a_fault() -> None:
    (fault,) = faults(replace(evidence(), faults_waiting=[{"kind": "drop"}]))
    assert fault == "the event fault drop hit no event"


def test_what_the_templates_roles_do_not_allow_the_app_is_a_fault() -> None:
    asked = {"caller_name": "grantkeeper", "method": "GET", "path": "/x", "status": 403}
    by_another = asked | {"caller_name": "operator"}
    (fault,) = faults(replace(evidence(), ledger=[asked, by_another, asked | {"status": 404}]))
    assert fault == "the app may not GET /x"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (SCENE.registry, "microsoft.containerregistry/registries"),
        (SCENE.subnet(), "microsoft.network/virtualnetworks/subnets"),
        (f"{SCENE.requested}/runCommand",
         "microsoft.containerservice/managedclusters/runcommand"),
        (f"{SCENE.subnet()}/providers/Microsoft.Authorization/roleAssignments/1",
         "microsoft.authorization/roleassignments"),
        (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/a", "subscriptions/resourcegroups"),
    ],
)  # fmt: skip
def test_a_call_is_counted_by_the_type_of_its_resource(path: str, expected: str) -> None:
    assert kind(path) == expected


def test_calls_are_counted_by_caller_and_method_and_only_those_to_azure() -> None:
    entry = {"caller_name": "operator", "method": "PUT", "path": SCENE.registry}
    other = {"caller_name": "", "method": "GET", "path": "/msi/token"}
    assert arm_calls([entry, entry, other]) == [
        {
            "caller": "operator",
            "method": "PUT",
            "kind": "microsoft.containerregistry/registries",
            "count": 2,
        }
    ]
