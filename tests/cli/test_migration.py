"""`explain` of a cluster that uses a service principal: until when, and the way out of it."""

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.azure import Azure, policy
from tests.cli.clusters import ALL_ROLES, NODES, TOPOLOGIES, explained, in_arm, written
from tests.emulator.town import cluster_body
from tests.typed import Type

CLIENT = "0a0a0a0a-0000-4000-8000-000000000007"
PRINCIPAL = {"servicePrincipalProfile": {"clientId": CLIENT}}
WAY = "--as-managed-identity"


@pytest.fixture
def offline(place: Path) -> str:
    """A file with the JSON of such a cluster, whose two pools are in subnets of others."""
    (place / "policy.yaml").write_text(policy(ALL_ROLES, "*"))
    body = in_arm(**{**TOPOLOGIES["subnets"], **PRINCIPAL})
    body.pop("identity")
    body["properties"].pop("identityProfile")
    for number, pool in enumerate(body["properties"]["agentPoolProfiles"]):
        pool["name"] = f"pool{number}"
    return written(place, body)


@pytest.fixture
def live(azure: Azure) -> str:
    """The id of such a cluster in Azure."""
    pool = {"name": "np", "mode": "System", "count": 1, "vnetSubnetID": azure.subnet}
    body = cluster_body(
        agentPoolProfiles=[pool], servicePrincipalProfile={"clientId": CLIENT, "secret": "x"}
    )
    body.pop("identity")
    group = f"/subscriptions/{azure.subscription}/resourceGroups/rg"
    path = f"{group}/providers/Microsoft.ContainerService/managedClusters/c1"
    answer = azure.town.ask("PUT", path, body)
    assert answer.status < 300, answer.body
    return path


def commands(explanation: Any) -> list[list[str]]:
    """The words of every command of the way, in order."""
    return [shlex.split(line) for step in explanation["migration"] for line in step["commands"]]


def test_such_a_cluster_gets_nothing_and_is_told_where_the_way_is(
    typed: Type, offline: str
) -> None:
    found = explained(typed, offline)
    assert (found["code"], found["grants"], found["migration"]) == (1, [], [])
    assert (found["servicePrincipal"], found["credentialEnds"]) == (CLIENT, None)
    assert WAY in found["nothingBecause"]
    out = typed("explain", "--cluster", offline).out
    assert f"It uses the service principal {CLIENT}" in out
    assert f'az ad app credential list --id {CLIENT} --query "[].endDateTime"' in out


def test_the_grants_are_those_of_the_same_cluster_with_managed_identity(
    typed: Type, offline: str
) -> None:
    found = explained(typed, offline, WAY)
    assert NODES in {each["scope"] for each in found["grants"]}
    assert {each["principalId"] for each in found["grants"]} == {None}
    assert {each["identity"] for each in found["identities"]} >= {"controlPlane", "kubelet"}
    assert found["nothingBecause"] is None


def test_the_control_plane_is_granted_before_the_switch_and_nodes_move_after_it(
    typed: Type, offline: str
) -> None:
    found = explained(typed, offline, WAY)
    lines = commands(found)
    kinds = [" ".join(line[:4]) for line in lines]
    granted = [n for n, kind in enumerate(kinds) if kind == "az role assignment create"]
    switch = next(n for n, line in enumerate(lines) if "--enable-managed-identity" in line)
    nodes = [n for n, line in enumerate(lines) if "--node-image-only" in line]
    assert granted
    assert max(granted) < switch < min(nodes)
    assert kinds[-1] == "az role assignment list"
    scopes = {lines[n][lines[n].index("--scope") + 1] for n in granted}
    assert scopes == {
        each["scope"] for each in found["grants"] if each["identity"] == "controlPlane"
    }
    pools = [lines[n][lines[n].index("-n") + 1] for n in nodes]
    assert pools == ["pool0", "pool1"]


def test_people_read_the_steps_in_order(typed: Type, offline: str) -> None:
    out = typed("explain", "--cluster", offline, WAY).out
    assert "What follows is as if it had managed identity." in out
    assert out.index("\n1. See how long") < out.index("\n4. Switch") < out.index("\n6. Move")


def test_a_pool_with_an_odd_name_is_no_command(typed: Type, place: Path, offline: str) -> None:
    body = in_arm(**{**PRINCIPAL, "agentPoolProfiles": [{"name": "x; rm -rf /"}, {"name": 7}]})
    found = explained(typed, written(place, body), WAY)
    (line,) = [line for line in commands(found) if "--node-image-only" in line]
    assert line[line.index("--subscription") + 2 :][:2] == ["-n", "x; rm -rf /"]


def test_the_end_of_the_credentials_is_told_where_it_can_be_read(
    typed: Type, live: str, azure: Azure
) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=40, hours=1)
    azure.emulator.graph.register_application(CLIENT, end - timedelta(days=100), end)
    found = explained(typed, live)
    assert datetime.fromisoformat(found["credentialEnds"]) == end
    out = typed("explain", "--cluster", live).out
    assert f"its last credential ends on {end:%Y-%m-%d}, in 40 days" in out


def test_an_end_that_has_passed_is_told(typed: Type, live: str, azure: Azure) -> None:
    azure.emulator.graph.register_application(CLIENT, datetime.now(UTC) - timedelta(days=3))
    assert "3 days ago" in typed("explain", "--cluster", live).out


@pytest.mark.parametrize("how", ["unknown to Graph", "refused by Graph", "without an end"])
def test_where_the_end_cannot_be_read_it_is_said_how_to_find_out(
    typed: Type, live: str, azure: Azure, how: str
) -> None:
    if how == "refused by Graph":
        azure.refuse("applications")
    if how == "without an end":
        azure.emulator.graph.register_application(CLIENT)
    assert explained(typed, live)["credentialEnds"] is None
    assert "az ad app credential list" in typed("explain", "--cluster", live).out


def test_a_client_id_that_is_none_is_not_asked_for(typed: Type, place: Path, azure: Azure) -> None:
    body = in_arm(servicePrincipalProfile={"clientId": "x')/../me?y=('"})
    found = explained(typed, written(place, body))
    assert found["credentialEnds"] is None


def test_a_cluster_with_managed_identity_needs_no_way(
    typed: Type, place: Path, offline: str
) -> None:
    answer = typed("explain", "--cluster", written(place, in_arm()), WAY)
    assert answer.code == 2
    assert "does not use a service principal" in answer.err


def test_nothing_is_written(typed: Type, live: str, azure: Azure) -> None:
    assert typed("explain", "--cluster", live, WAY).code in {0, 1}
    assert azure.writes() == []
