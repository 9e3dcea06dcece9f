"""`explain` of a cluster's JSON: every grant with its property, verdict and remedy; no Azure."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.azure import policy
from tests.cli.clusters import (
    ADDON,
    ALL_ROLES,
    ELSEWHERE,
    GROUPS,
    KUBELET,
    NODES,
    PRINCIPAL,
    REGISTRY,
    TOPOLOGIES,
    explained,
    in_arm,
    written,
)
from tests.typed import Type


@pytest.fixture(autouse=True)
def _policy(place: Path) -> None:
    (place / "policy.yaml").write_text(policy(ALL_ROLES))


def test_a_grant_has_its_identity_role_scope_reason_and_property(typed: Type, place: Path) -> None:
    explanation = explained(typed, written(place, in_arm(**TOPOLOGIES["subnets"])))
    assert explanation["apiVersion"] == "grantkeeper/v1"
    assert explanation["identities"] == [
        {"identity": "controlPlane", "principalId": PRINCIPAL},
        {"identity": "kubelet", "principalId": KUBELET},
    ]
    assert explanation["grants"][0] == {
        "identity": "controlPlane",
        "principalId": PRINCIPAL,
        "role": "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "roleName": "Network Contributor",
        "scope": NODES,
        "because": "node subnet",
        "source": "properties.agentPoolProfiles[0].vnetSubnetID",
        "allowed": True,
        "reason": None,
        "message": None,
        "remedy": None,
        "exists": "unknown",
        "assignmentId": None,
        "heldAs": None,
    }


def test_a_refused_grant_has_the_line_for_an_administrator(typed: Type, place: Path) -> None:
    answer = typed("explain", "--cluster", written(place, in_arm(**TOPOLOGIES["subnets"])))
    assert answer.code == 1
    assert "controlPlane: Network Contributor  refused: ScopeNotAllowed" in answer.out
    assert (
        f"  az role assignment create --assignee-object-id {PRINCIPAL} --assignee-principal-type "
        f"ServicePrincipal --role 4d97b98b-1d4f-4787-a291-c67834d212e7 --scope {ELSEWHERE}\n"
    ) in answer.out


@pytest.mark.parametrize(
    ("roles", "properties", "reason"),
    [
        ("[AcrPull]", {"agentPoolProfiles": [{"vnetSubnetID": NODES}]}, "RoleNotAllowed"),
        ("[Reader]", {"agentPoolProfiles": [{"vnetSubnetID": "nodes"}]}, "InvalidScope"),
        (
            "[Reader]",
            {
                "agentPoolProfiles": [
                    {"hostGroupID": f"{GROUPS}/net-a/providers/Microsoft.Compute/hostGroups/h"}
                ]
            },
            "RoleNeverAllowed",
        ),
    ],
)
def test_each_refusal_is_explained(
    typed: Type, place: Path, roles: str, properties: Any, reason: str
) -> None:
    (place / "policy.yaml").write_text(policy(roles))
    explanation = explained(typed, written(place, in_arm(**properties)))
    (grant,) = explanation["grants"]
    assert (grant["allowed"], grant["reason"], explanation["code"]) == (False, reason, 1)
    assert grant["message"]
    assert grant["remedy"]


def test_a_cluster_whose_grants_are_all_allowed_is_clear(typed: Type, place: Path) -> None:
    explanation = explained(typed, written(place, in_arm(**TOPOLOGIES["outbound"])))
    assert (len(explanation["grants"]), explanation["clear"], explanation["code"]) == (3, True, 0)


def test_what_would_have_to_be_read_is_listed(typed: Type, place: Path) -> None:
    body = in_arm(**(TOPOLOGIES["subnets"] | TOPOLOGIES["app routing"]))
    explanation = explained(typed, written(place, body))
    assert {each["id"]: each["facts"] for each in explanation["unread"]} == {
        NODES: ["networkSecurityGroup", "routeTable"],
        ELSEWHERE: ["networkSecurityGroup", "routeTable"],
        REGISTRY: ["loginServer", "roleAssignmentMode"],
    }
    text = typed("explain", "--cluster", written(place, body)).out
    assert "Not read offline" in text
    assert f"{NODES} (networkSecurityGroup, routeTable)" in text


def test_an_identity_that_is_not_there_yet_is_said(typed: Type, place: Path) -> None:
    body = in_arm(**TOPOLOGIES["app routing"], identityProfile=None)
    answer = typed("explain", "--cluster", written(place, body))
    assert re.search(r"kubelet +not there yet", answer.out)
    assert "kubelet: AcrPull  allowed  waits for the identity" in answer.out
    assert answer.code == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"servicePrincipalProfile": {"clientId": ADDON}}, "it uses a service principal"),
        ({"identity": {"type": "None"}}, "it has no managed identity"),
    ],
)
def test_a_cluster_without_managed_identity_gets_nothing_and_is_told_why(
    typed: Type, place: Path, change: Any, why: str
) -> None:
    body = in_arm(**TOPOLOGIES["subnets"])
    body["properties"] |= change
    body["identity"] = change.get("identity", {"type": "None"})
    answer = typed("explain", "--cluster", written(place, body))
    assert answer.code == 1
    assert f"It gets no grants: {why}" in answer.out
    assert "Network Contributor" not in answer.out


@pytest.mark.parametrize(
    ("more", "arguments", "why"),
    [
        ("clusters: [prod-*]\n", (), "the policy's `clusters` do not match its name"),
        ("", ("--subscription", ADDON), "its subscription is not among the managed ones"),
    ],
)
def test_a_cluster_that_is_not_looked_after_gets_nothing(
    typed: Type, place: Path, more: str, arguments: tuple[str, ...], why: str
) -> None:
    (place / "policy.yaml").write_text(policy(ALL_ROLES, more=more))
    explanation = explained(typed, written(place, in_arm(**TOPOLOGIES["subnets"])), *arguments)
    assert (explanation["grants"], explanation["nothingBecause"]) == ([], why)
    assert explanation["code"] == 1


def test_a_property_that_makes_no_sense_is_passed_over_and_named(typed: Type, place: Path) -> None:
    body = in_arm(agentPoolProfiles=[{"vnetSubnetID": 7}, {"vnetSubnetID": NODES}])
    explanation = explained(typed, written(place, body))
    assert explanation["faults"] == [
        {"property": "properties.agentPoolProfiles[0].vnetSubnetID", "message": "is not a text"}
    ]
    assert [each["scope"] for each in explanation["grants"]] == [NODES]
    assert explanation["code"] == 1


def test_a_profile_brings_its_declared_grants(typed: Type, place: Path) -> None:
    profile = f"""  web:
    cluster:
      identity: {{ type: SystemAssigned }}
      properties: {{ agentPoolProfiles: [{{ name: a, mode: System, count: 1 }}] }}
    grants:
      - {{ identity: kubelet, role: AcrPull, scope: {REGISTRY}, because: images }}
"""
    text = policy(ALL_ROLES).replace("profiles: {}\n", f"profiles:\n{profile}")
    (place / "policy.yaml").write_text(text)
    assert explained(typed, written(place, in_arm()))["grants"] == []
    (grant,) = explained(typed, written(place, in_arm()), "--profile", "web")["grants"]
    assert (grant["scope"], grant["source"]) == (REGISTRY, "policy profiles.web.grants[0]")
    unknown = typed("explain", "--cluster", "cluster.json", "--profile", "batch")
    assert (unknown.code, unknown.err) == (
        2,
        "grantkeeper: batch: no such profile; there are: web\n",
    )


def test_a_wrong_policy_is_refused_with_its_field(typed: Type, place: Path) -> None:
    (place / "policy.yaml").write_text(policy("[Owner]"))
    answer = typed("explain", "--cluster", written(place, in_arm()))
    assert answer.code == 2
    assert "policy.yaml:4: grantable[0].roles" in answer.err


def test_what_a_terminal_might_obey_is_shown_not_sent(typed: Type, place: Path) -> None:
    body = in_arm(agentPoolProfiles=[{"vnetSubnetID": "\x1b[2J\x07"}])
    body["location"] = body["identity"]["type"] = "\x1b[2J"
    answer = typed("explain", "--cluster", written(place, body))
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", answer.out)


def test_the_help_says_that_it_is_a_dry_run_and_what_a_file_is(typed: Type) -> None:
    text = " ".join(typed("explain", "--help").out.split())
    assert "a dry run" in text
    assert "Nothing is ever written" in text
    assert "az aks show -g myGroup -n MyCluster | grantkeeper explain --cluster - --json" in text
