"""`doctor` says what the app's identity lacks, and what it has too much."""

import json

import pytest

from grantkeeper import identity_checks
from shared import policy_file
from shared.delegation import DELETE, WRITE, condition
from tests.cli import records
from tests.cli.azure import Azure
from tests.cli.deployment import GRANTOR, Deployment, Diagnosed, found
from tests.test_architecture import ROOT


def test_a_right_to_grant_without_a_condition_is_told(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    whole.granting("")
    assert "it may grant any role, Owner too" in found(diagnosed(), "fail")["identity: condition"]


@pytest.mark.parametrize(
    ("role", "with_it", "message"),
    [
        ("f1a07417-d97a-45cb-824c-7a7467783830", True, "which policy does not list"),
        ("7f951dda-4ed3-4680-a7ca-43fe172d538d", False, "does not let through AcrPull"),
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", True, "lets through Owner"),
    ],
)
def test_a_condition_for_other_roles_is_told(
    diagnosed: Diagnosed, whole: Deployment, role: str, with_it: bool, message: str
) -> None:
    usual = set(policy_file.load(whole.policy).grantable_roles)
    whole.granting(condition(usual | {role} if with_it else usual - {role}))
    assert message in found(diagnosed(), "fail")["identity: condition"]


def test_another_text_of_the_same_effect_will_do(diagnosed: Diagnosed, whole: Deployment) -> None:
    whole.granting(whole.condition().replace(" AND ((", " && (("))
    assert "identity: condition" in found(diagnosed(), "ok")


def test_a_missing_right_to_grant_is_told_with_the_scope(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    whole.not_granting()
    scope = "/subscriptions/*/resourceGroups/net-*"
    told = found(diagnosed(), "fail")["identity: granting"]
    assert told == f"nothing lets it grant at {scope}"


def test_a_missing_right_to_look_is_told_by_its_actions(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    """Of another principal, that has no role at all."""
    answer = diagnosed("--principal", "00000000-0000-4000-8000-0000000000ff")
    told = found(answer, "fail")["identity: looking"]
    assert "it lacks Microsoft.ContainerService/managedClusters/read" in told


def test_a_wide_role_is_told(diagnosed: Diagnosed, whole: Deployment, azure: Azure) -> None:
    azure.assign(azure.group, azure.caller, "Contributor")
    assert found(diagnosed(), "warn")["identity: no more"] == f"Contributor at {azure.group}"


def test_an_identity_that_is_not_known_is_asked_for(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    whole.set(AZURE_CLIENT_ID="")
    answer = diagnosed()
    assert found(answer, "warn") == {"identity": "not looked at: it is not known which"}
    assert answer["code"] == 1


@pytest.mark.parametrize(
    ("rights", "cleanup", "told"),
    [
        ([WRITE], "report", ""),
        ([WRITE, DELETE], "delete", ""),
        ([WRITE], "delete", "policy says cleanup: delete, and it may not delete at"),
        ([WRITE, DELETE], "report", "may delete role assignments at"),
    ],
)
def test_the_right_to_delete_assignments_goes_with_policy(
    diagnosed: Diagnosed, whole: Deployment, rights: list[str], cleanup: str, told: str
) -> None:
    whole.azure.define(GRANTOR, "grantor", *rights)
    with whole.policy.open("a") as policy:
        policy.write(f"\ncleanup: {cleanup}\n")
    message = found(diagnosed(), "warn").get("identity: revoking", "")
    assert told in message if told else not message


def test_the_reads_are_those_of_the_template() -> None:
    role = json.loads((ROOT / "infra/roles/cluster-reader.json").read_text())
    assert set(identity_checks.READS) == set(role["actions"])


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        ("/", True),
        ("/providers/Microsoft.Management/managementGroups/g", True),
        (f"/subscriptions/{records.SUBSCRIPTION}", True),
        (f"/subscriptions/{records.SUBSCRIPTION}/resourceGroups/net-a", True),
        (f"/subscriptions/{records.SUBSCRIPTION}/resourcegroups/NET-A", True),
        (records.SUBNET, True),
        (f"/subscriptions/{records.SUBSCRIPTION}/resourceGroups/other", False),
        ("/subscriptions/99999999-9999-9999-9999-999999999999", False),
    ],
)
def test_a_right_reaches_what_lies_above_or_below(scope: str, reached: bool) -> None:
    pattern = "/subscriptions/*/resourceGroups/net-*"
    assert identity_checks.reaches(scope, pattern, (records.SUBSCRIPTION,)) == reached
