"""`explain` of a live cluster: read with the caller's identity, and nothing written."""

from pathlib import Path
from typing import Any

import pytest

from grantkeeper.arm_reader import open_arm
from grantkeeper.connection import Place
from grantkeeper.failure import CommandFailed
from shared.resource_id import ResourceGroupId
from shared.settings import Cloud
from tests.cli.azure import Azure, policy
from tests.cli.clusters import explained
from tests.typed import Type

ROUTED = {"networkPlugin": "azure", "outboundType": "userDefinedRouting"}
CUSTOM = "cccccccc-0000-4000-8000-000000000001"


def only(explanation: Any) -> Any:
    """The only grant of the explanation."""
    (grant,) = explanation["grants"]
    return grant


def test_what_would_be_made_is_told_and_not_made(typed: Type, azure: Azure) -> None:
    path = azure.cluster()
    answer = typed("explain", "--cluster", path)
    assert (answer.code, answer.err) == (0, "")
    assert "controlPlane: Network Contributor  allowed  would be made" in answer.out
    assert f"on {azure.subnet}\n" in answer.out
    assert "from properties.agentPoolProfiles[0].vnetSubnetID" in answer.out
    assert azure.principal(path) in answer.out
    assert azure.emulator.role_assignments.at(azure.subnet) == []
    assert azure.writes() == []


@pytest.mark.parametrize(
    ("role", "at", "held_as"),
    [
        ("Network Contributor", "subnet", None),
        ("Network Contributor", "network", "Network Contributor at {}"),
        ("Network Contributor", "group", "Network Contributor at {}"),
        ("Contributor", "subnet", "Contributor at {}"),
        ("Owner", "group", "Owner at {}"),
    ],
)
def test_what_gives_as_much_is_named(
    typed: Type, azure: Azure, role: str, at: str, held_as: str | None
) -> None:
    path, scope = azure.cluster(), getattr(azure, at)
    azure.assign(scope, azure.principal(path), role)
    grant = only(explained(typed, path))
    assert grant["exists"] == "yes"
    assert grant["heldAs"] == (held_as and held_as.format(scope))
    assert grant["assignmentId"].startswith(scope)


@pytest.mark.parametrize(("role", "at"), [("Reader", "subnet"), ("Network Contributor", "table")])
def test_what_gives_less_or_elsewhere_does_not_count(
    typed: Type, azure: Azure, role: str, at: str
) -> None:
    path = azure.cluster()
    azure.assign(getattr(azure, at), azure.principal(path), role)
    assert only(explained(typed, path))["exists"] == "no"


def test_what_lies_behind_the_cluster_is_read(typed: Type, azure: Azure) -> None:
    path = azure.cluster(networkProfile=ROUTED)
    explanation = explained(typed, path)
    table = next(each for each in explanation["grants"] if each["because"] == "route table")
    assert (table["scope"], table["source"]) == (
        azure.table,
        "properties.agentPoolProfiles[0].vnetSubnetID → routeTable",
    )
    assert (explanation["unread"], explanation["code"]) == ([], 0)


@pytest.mark.parametrize(
    ("mode", "role"),
    [
        ("LegacyRegistryPermissions", "AcrPull"),
        ("AbacRepositoryPermissions", "Container Registry Repository Reader"),
    ],
)
def test_the_registrys_mode_decides_the_role(
    typed: Type, azure: Azure, place: Path, mode: str, role: str
) -> None:
    declared = f"""grants:
  - identity: kubelet
    role: AcrPull
    scope: {azure.registry(mode)}
    because: images
"""
    (place / "policy.yaml").write_text(policy(more=declared))
    explanation = explained(typed, azure.cluster())
    assert [each["roleName"] for each in explanation["grants"]] == ["Network Contributor", role]
    assert explanation["grants"][1]["source"] == "policy grants[0]"


def test_a_refused_grant_that_somebody_else_made_is_no_fault(
    typed: Type, azure: Azure, place: Path
) -> None:
    (place / "policy.yaml").write_text(policy(group="another"))
    path = azure.cluster()
    before = explained(typed, path)
    assert (only(before)["reason"], before["code"]) == ("ScopeNotAllowed", 1)
    assert only(before)["remedy"].startswith("az role assignment create ")
    azure.assign(azure.subnet, azure.principal(path), "Network Contributor")
    after = explained(typed, path)
    assert (only(after)["reason"], only(after)["exists"]) == ("ScopeNotAllowed", "yes")
    assert (after["clear"], after["code"]) == (True, 0)


def test_a_role_that_is_not_safe_is_refused_with_its_action(
    typed: Type, azure: Azure, place: Path
) -> None:
    azure.define(CUSTOM, "Joiner", "Microsoft.Network/*", "Microsoft.Authorization/*/write")
    (place / "policy.yaml").write_text(
        policy(f"['{CUSTOM}']", more=f"roles:\n  nodeSubnets: {CUSTOM}\n")
    )
    explanation = explained(typed, azure.cluster())
    grant = only(explanation)
    assert (grant["roleName"], grant["reason"]) == ("Joiner", "RoleNotSafe")
    assert "'Microsoft.Authorization/*/write'" in grant["message"]
    assert explanation["code"] == 1


def test_a_role_that_there_is_not_is_refused(typed: Type, azure: Azure, place: Path) -> None:
    (place / "policy.yaml").write_text(
        policy(f"['{CUSTOM}']", more=f"roles:\n  nodeSubnets: {CUSTOM}\n")
    )
    grant = only(explained(typed, azure.cluster()))
    assert (grant["roleName"], grant["reason"]) == (CUSTOM, "RoleDefinitionDoesNotExist")


@pytest.mark.parametrize(
    ("unreadable", "told"),
    [
        ("/subnets/nodes$", "/subnets/nodes"),
        ("/roleAssignments", "role assignments of "),
        ("/roleDefinitions/", "role definition "),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_concluded(
    typed: Type, azure: Azure, unreadable: str, told: str
) -> None:
    path = azure.cluster()
    azure.refuse(unreadable)
    explanation = explained(typed, path)
    (unread,) = explanation["unread"]
    assert told in unread["id"]
    assert (unread["reason"], explanation["code"]) == ("AuthorizationFailed", 1)
    assert (only(explanation)["exists"] == "unknown") == (unreadable == "/roleAssignments")
    assert "Could not be read" in typed("explain", "--cluster", path).out


@pytest.mark.parametrize("name", ["c1", "C1", "rg/c1", "RG/C1"])
def test_a_cluster_is_found_by_name(typed: Type, azure: Azure, name: str) -> None:
    path = azure.cluster()
    explanation = explained(typed, name, "--subscription", azure.subscription)
    assert explanation["clusterId"].lower() == path.lower()


def test_two_clusters_of_one_name_are_told_apart_by_the_person(typed: Type, azure: Azure) -> None:
    azure.cluster()
    azure.cluster(group="net-a")
    answer = typed("explain", "--cluster", "c1", "--subscription", azure.subscription)
    assert answer.code == 2
    assert "c1 is the name of 2 clusters" in answer.err


@pytest.mark.parametrize(
    ("cluster", "code", "complaint"),
    [
        ("{root}/rg/providers/Microsoft.ContainerService/managedClusters/no", 3, "no such"),
        ("no", 3, "no such file or cluster"),
        ("rg/no", 3, "no such file or cluster"),
        ("rg/.no", 2, "a cluster name has"),
        ("{root}/rg", 2, "not a managed cluster's"),
        ("{root}/rg/providers/a.b/c/d?e", 2, "resource type"),
    ],
)
def test_no_such_cluster(
    typed: Type, azure: Azure, cluster: str, code: int, complaint: str
) -> None:
    named = cluster.format(root=f"/subscriptions/{azure.subscription}/resourceGroups")
    answer = typed("explain", "--cluster", named, "--subscription", azure.subscription)
    assert (answer.code, answer.out) == (code, "")
    assert complaint in answer.err


def test_a_name_alone_needs_a_subscription(typed: Type, azure: Azure) -> None:
    answer = typed("explain", "--cluster", "c1")
    assert answer.code == 2
    assert "SUBSCRIPTION_ID: missing" in answer.err


def test_an_azure_that_cannot_be_read_is_one_line(typed: Type, azure: Azure) -> None:
    path = azure.cluster()
    azure.refuse("/managedClusters/")
    answer = typed("explain", "--cluster", path)
    assert (answer.code, answer.out) == (4, "")
    assert answer.err == "grantkeeper: Azure cannot be read: AuthorizationFailed: no\n"


def test_without_a_credential_the_remedy_is_said(
    typed: Type, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    answer = typed("explain", "--cluster", azure.cluster())
    assert answer.code == 4
    assert answer.err.endswith("; sign in with az login\n")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--cloud", "AzureMars", "AZURE_CLOUD: use one of AzureCloud"),
        ("--arm-endpoint", "http://management.azure.com", "ARM_ENDPOINT: not an https"),
    ],
)
def test_a_wrong_cloud_is_said_by_name(
    typed: Type, azure: Azure, option: str, value: str, complaint: str
) -> None:
    answer = typed("explain", "--cluster", "x/y", option, value)
    assert answer.code == 2
    assert complaint in answer.err


def test_the_local_stack_names_azure_and_the_identity(
    typed: Type, azure: Azure, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("ARM_ENDPOINT", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "REQUESTS_CA_BUNDLE")
    lines = [f"{name}='{azure.environment[name]}'" for name in names]
    lines.append(f"SUBSCRIPTION_ID='{azure.subscription}'")
    for name in names:
        monkeypatch.delenv(name)
    (place / ".local").mkdir()
    (place / ".local" / "env").write_text("\n".join(lines))
    azure.cluster()
    answer = typed("explain", "--cluster", "rg/c1")
    assert (answer.code, answer.err) == (0, "Using the local stack (.local/env)\n")


def test_even_an_owner_can_write_nothing_through_this_connection(azure: Azure) -> None:
    azure.assign(f"/subscriptions/{azure.subscription}", azure.caller, "Owner")
    endpoint = Cloud(azure.environment["ARM_ENDPOINT"], "https://management.azure.com")
    with (
        pytest.raises(CommandFailed, match="EgressRefused: this command only reads"),
        open_arm(Place("", "", "", {}), endpoint) as arm,
    ):
        arm.create_resource_group(ResourceGroupId(azure.subscription, "new"), "westus2")
    assert azure.writes() == []
