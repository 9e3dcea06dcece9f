"""Documents that no service would write, given out as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.emulator import Emulator

from .town import LONG_ENOUGH, Town, cluster_body, put_cluster

CLUSTERS = "Microsoft.ContainerService/managedClusters"
HOSTILE: list[Any] = [
    None,
    5,
    "text",
    [],
    {},
    {"id": 5, "properties": {"agentPoolProfiles": {"vnetSubnetID": ["/subscriptions/../x"]}}},
    {"id": "/", "name": "\ud800", "properties": None},
]


def content(answer: Any) -> Any:
    return json.loads(answer.content())


@pytest.mark.parametrize("document", HOSTILE, ids=repr)
def test_a_planted_document_is_what_get_and_lists_show(town: Town, document: Any) -> None:
    put_cluster(town, "real", cluster_body())
    path = town.id(CLUSTERS, "c1")
    town.emulator.plant(path, document)
    assert content(town.ask("GET", path.upper())) == document
    for scope in (f"/subscriptions/{town.emulator.subscription_id}", town.group):
        listed = content(town.ask("GET", f"{scope}/providers/{CLUSTERS}"))["value"]
        assert listed[1:] == [document]
        assert listed[0]["name"] == "real"


def test_bytes_are_sent_as_they_are(town: Town) -> None:
    path = town.id(CLUSTERS, "c1")
    town.emulator.plant(path, b'{"id": 1, "id": 2')
    assert town.ask("GET", path).content() == b'{"id": 1, "id": 2'


def test_planting_is_an_ordinary_write_event(emulator: Emulator, town: Town) -> None:
    emulator.event_grid.take()
    emulator.plant(town.id(CLUSTERS, "c1"), {"id": ["no text"]})
    (event,) = emulator.event_grid.take()
    assert event["eventType"] == "Microsoft.Resources.ResourceWriteSuccess"
    assert event["data"]["operationName"] == f"{CLUSTERS}/write"
    assert event["subject"] == town.id(CLUSTERS, "c1")


def test_a_real_cluster_lives_on_under_the_document_that_covers_it(
    emulator: Emulator, town: Town
) -> None:
    put_cluster(town, "c1", cluster_body())
    path = town.id(CLUSTERS, "c1")
    emulator.plant(path, {"name": "another"})
    emulator.advance(LONG_ENOUGH)
    assert content(town.ask("GET", path)) == {"name": "another"}
    listed = content(town.ask("GET", f"{town.group}/providers/{CLUSTERS}"))["value"]
    assert listed == [{"name": "another"}]
    command = {"command": "kubectl get nodes"}
    assert town.ask("POST", f"{path}/runCommand", command).status == 202
    emulator.planted.clear()
    assert town.ask("GET", path).body["properties"]["provisioningState"] == "Succeeded"


def test_any_resource_can_be_planted_and_be_a_scope(town: Town) -> None:
    network = town.subnet().rpartition("/subnets/")[0]
    planted = f"{network}/subnets/planted"
    town.emulator.plant(planted, {"properties": {"routeTable": 5}})
    assert content(town.ask("GET", planted))["properties"] == {"routeTable": 5}
    names = [s.get("name") for s in content(town.ask("GET", f"{network}/subnets"))["value"]]
    assert names == ["nodes", None]
    assert town.ask("GET", network).body["properties"]["subnets"][0]["name"] == "nodes"
    role = town.emulator.definitions.named("Network Contributor")
    body = {
        "properties": {
            "roleDefinitionId": role.id_at(town.group),
            "principalId": town.emulator.app_identity.object_id,
            "principalType": "ServicePrincipal",
        }
    }
    name = "00000000-0000-0000-0000-000000000001"
    path = f"{planted}/providers/Microsoft.Authorization/roleAssignments/{name}"
    assert town.ask("PUT", path, body, query="api-version=2022-04-01").status == 201


def test_what_is_planted_exists_until_a_write_or_delete_succeeds(town: Town) -> None:
    path = town.id(CLUSTERS, "c1")
    town.emulator.plant(path, {})
    assert put_cluster(town, "c1", cluster_body(), **{"If-None-Match": "*"}).status == 412
    assert put_cluster(town, "c1", {"location": 5}).status == 400
    assert content(town.ask("GET", path)) == {}
    assert put_cluster(town, "c1", cluster_body()).status == 201
    assert town.ask("GET", path).body["name"] == "c1"
    town.emulator.plant(town.id(CLUSTERS, "c2"), {})
    town.ask("DELETE", town.id(CLUSTERS, "c2"))
    assert town.ask("GET", town.id(CLUSTERS, "c2")).status == 404


def test_it_can_be_planted_over_the_wire_too(town: Town) -> None:
    path = town.id(CLUSTERS, "c1")
    assert town.steer("POST", "/planted", {"id": path, "document": [1]}).status == 201
    assert content(town.ask("GET", path)) == [1]
    assert town.steer("DELETE", "/planted").status == 204
    assert town.ask("GET", path).status == 404


def test_below_a_planted_document_only_what_is_planted_is_listed(town: Town) -> None:
    topic = town.id("Microsoft.EventGrid/systemTopics", "t")
    child = f"{topic}/eventSubscriptions/s"
    assert town.ask("GET", f"{topic}/eventSubscriptions").status == 404
    town.emulator.plant(topic, {"id": topic})
    assert content(town.ask("GET", f"{topic}/eventSubscriptions")) == {"value": []}
    town.emulator.plant(child, {"id": child})
    assert content(town.ask("GET", f"{topic}/eventSubscriptions")) == {"value": [{"id": child}]}


def test_below_a_real_resource_that_is_covered_lists_are_its_own(town: Town) -> None:
    put_cluster(town, "real", cluster_body())
    path = town.id(CLUSTERS, "real")
    pools = content(town.ask("GET", f"{path}/agentPools"))
    assert pools["value"]
    town.emulator.plant(path, {"id": path})
    assert content(town.ask("GET", f"{path}/agentPools")) == pools
