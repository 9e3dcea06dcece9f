"""Resource groups and generic resources."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from infra.emulator import Emulator

from .town import Town, error_code

ADDRESSES = {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}


def test_ids_and_names_ignore_case(town: Town) -> None:
    town.registry("Images1")
    answer = town.ask("GET", town.id("microsoft.containerregistry/REGISTRIES", "images1").upper())
    assert answer.status == 200
    assert answer.body["properties"]["loginServer"] == "images1.azurecr.io"


def test_a_networks_subnets_are_resources_of_their_own(town: Town) -> None:
    subnet = town.subnet("nodes")
    assert town.ask("GET", subnet).body["properties"]["addressPrefix"] == "10.1.0.0/24"
    network = subnet.rpartition("/subnets/")[0]
    another = {"properties": {"addressPrefix": "10.1.2.0/24"}}
    assert town.ask("PUT", f"{network}/subnets/pods", another).status == 201
    names = [each["name"] for each in town.ask("GET", network).body["properties"]["subnets"]]
    assert names == ["nodes", "pods"]
    listed = town.ask("GET", f"{network}/subnets").body["value"]
    assert [each["name"] for each in listed] == ["nodes", "pods"]
    assert town.ask("DELETE", network).status == 200
    assert town.ask("GET", subnet).status == 404


def test_a_child_needs_its_parent(town: Town) -> None:
    path = town.id("Microsoft.Network/virtualNetworks", "nowhere") + "/subnets/a"
    answer = town.ask("PUT", path, {"properties": {"addressPrefix": "10.0.0.0/24"}})
    assert (answer.status, error_code(answer)) == (404, "ParentResourceNotFound")
    assert town.ask("GET", path.rpartition("/")[0]).status == 404


@pytest.mark.parametrize(
    ("kind", "name", "body", "code"),
    [
        ("Microsoft.Network/virtualNetworks", "n", {"properties": ADDRESSES}, "LocationRequired"),
        ("Microsoft.Network/virtualNetworks", "n", {"location": "x"}, "InvalidRequestFormat"),
        ("Microsoft.ContainerRegistry/registries", "ok123", {"location": "x"}, "MissingSku"),
        ("Microsoft.Storage/storageAccounts", "No", {"location": "x"}, "AccountNameInvalid"),
        ("Microsoft.KeyVault/vaults", "1st", {"location": "x"}, "VaultNameNotValid"),
    ],
)
def test_what_the_service_would_refuse_is_not_made(
    town: Town, kind: str, name: str, body: dict[str, object], code: str
) -> None:
    answer = town.ask("PUT", town.id(kind, name), body)
    assert (answer.status, error_code(answer)) == (400, code)
    assert town.emulator.resources.find(town.id(kind, name)) is None


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        (5, "properties"),
        ({"addressSpace": 5}, "addressSpace"),
        ({**ADDRESSES, "subnets": [{}]}, "name"),
        ({**ADDRESSES, "dhcpOptions": {"dnsServers": "10.0.0.4"}}, "dnsServers"),
        ({**ADDRESSES, "subnets": [{"name": "a", "properties": {"routeTable": {}}}]}, "routeTable"),
        ({**ADDRESSES, "subnets": [{"name": "a", "properties": 5}]}, "properties"),
        ({**ADDRESSES, "subnets": [{"name": "a", "properties": {"addressPrefix": "z"}}]}, "'z'"),
    ],
)
def test_a_network_is_made_with_all_its_subnets_or_not_at_all(
    town: Town, properties: object, named: str
) -> None:
    path = town.id("Microsoft.Network/virtualNetworks", "n")
    answer = town.ask("PUT", path, {"location": "westus2", "properties": properties})
    assert answer.status == 400
    assert named in answer.body["error"]["message"]
    assert town.ask("GET", path).status == 404


def test_types_nobody_modelled_are_kept_as_sent(town: Town) -> None:
    path = town.id("Microsoft.Maps/accounts", "m")
    body = {"location": "westus2", "tags": {"a": "b"}, "properties": {"x": 1}}
    assert town.ask("PUT", path, body).status == 201
    assert town.ask("PATCH", path, {"properties": {"y": 2}, "tags": {"a": None}}).status == 200
    found = town.ask("GET", path).body
    assert (found["tags"], found["properties"]["x"], found["properties"]["y"]) == ({}, 1, 2)


def test_a_new_disk_answers_200_since_the_cli_refuses_201(town: Town) -> None:
    path = town.id("Microsoft.Compute/disks", "d")
    assert town.ask("PUT", path, {"location": "westus2"}).status == 200


def test_an_identity_has_a_principal_as_long_as_it_exists(emulator: Emulator, town: Town) -> None:
    identity = town.identity("id1")
    assert identity.principal_id and emulator.world.directory.get(identity.principal_id)
    town.ask("DELETE", identity.id)
    assert emulator.world.directory.get(identity.principal_id) is None


def test_resources_are_listed_by_type_and_by_filter(town: Town) -> None:
    town.registry("images1")
    town.identity("id1")
    of_type = "/providers/Microsoft.ContainerRegistry/registries"
    subscription = f"/subscriptions/{town.emulator.subscription_id}"
    for scope in (subscription, town.group):
        listed = town.ask("GET", scope + of_type).body["value"]
        assert [each["name"] for each in listed] == ["images1"]
    wanted = "resourceType+eq+'Microsoft.ContainerRegistry/registries'"
    query = f"api-version=2024-11-01&$filter={wanted}"
    listed = town.ask("GET", f"{subscription}/resources", query=query).body["value"]
    assert [each["name"] for each in listed] == ["images1"]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("resourceGroup eq 'RG'", {"images1", "id1"}),
        ("resourceGroup eq 'rg' and name eq 'ID1'", {"id1"}),
        ("location eq 'eastus'", set()),
        ("tagName eq 'team'", {"id1"}),
        ("tagName eq 'team' and tagValue eq 'b'", set()),
    ],
)
def test_the_filters_of_the_cli_choose_among_all_resources(
    town: Town, wanted: str, names: set[str]
) -> None:
    town.registry("images1")
    town.put("Microsoft.ManagedIdentity/userAssignedIdentities", "id1", tags={"team": "a"})
    path = f"/subscriptions/{town.emulator.subscription_id}/resources"
    listed = town.ask("GET", path, query=f"api-version=2024-11-01&$filter={quote(wanted)}")
    assert {each["name"] for each in listed.body["value"]} == names


def test_groups_are_listed_by_tag(town: Town) -> None:
    town.ask("PATCH", town.group, {"tags": {"team": "a"}})
    path = f"/subscriptions/{town.emulator.subscription_id}/resourceGroups"
    for value, names in (("A", ["rg"]), ("b", [])):
        wanted = quote(f"tagName eq 'team' and tagValue eq '{value}'")
        listed = town.ask("GET", path, query=f"api-version=2024-11-01&$filter={wanted}")
        assert [each["name"] for each in listed.body["value"]] == names


def test_a_filter_nobody_knows_is_refused(town: Town) -> None:
    query = "api-version=2024-11-01&$filter=colour+eq+'red'"
    answer = town.ask("GET", f"{town.group}/resources", query=query)
    assert (answer.status, error_code(answer)) == (400, "InvalidFilterInQueryString")


def test_a_name_is_available_until_it_is_taken(town: Town) -> None:
    kind = "Microsoft.ContainerRegistry/registries"
    path = f"/subscriptions/{town.emulator.subscription_id}/providers/Microsoft.ContainerRegistry"
    body = {"name": "images", "type": kind}
    assert town.ask("POST", f"{path}/checkNameAvailability", body).body == {"nameAvailable": True}
    town.registry("images")
    answer = town.ask("POST", f"{path}/checkNameAvailability", body)
    assert answer.body["nameAvailable"] is False


def test_a_deleted_group_takes_what_lives_in_it_and_the_assignments_there(
    emulator: Emulator, town: Town
) -> None:
    registry, identity = town.registry(), town.identity("id1")
    assert identity.principal_id
    emulator.role_assignments.seed(registry.id, identity.principal_id, "AcrPull")
    answer = town.ask("DELETE", town.group)
    assert answer.status == 202
    assert town.ask("GET", town.group).body["properties"]["provisioningState"] == "Deleting"
    emulator.advance(120)
    assert town.ask("HEAD", town.group).status == 404
    assert emulator.resources.find(registry.id) is None
    assert emulator.world.directory.get(identity.principal_id) is None
    assert emulator.role_assignments.of_principal(identity.principal_id) == []


def test_a_group_deleted_twice_is_deleted_once(emulator: Emulator, town: Town) -> None:
    first = town.ask("DELETE", town.group)
    emulator.advance(20)
    second = town.ask("DELETE", town.group)
    assert second.headers["Location"] == first.headers["Location"]
    gone_at = emulator.world.next_due()
    assert gone_at
    emulator.advance((gone_at - emulator.world.clock.now()).total_seconds())
    assert town.ask("PUT", town.group, {"location": "westus2"}).status == 201
    emulator.advance(120)
    assert town.ask("GET", town.group).status == 200
    told = [each["eventType"] for each in emulator.event_grid.take()]
    assert told.count("Microsoft.Resources.ResourceDeleteSuccess") == 1


def test_a_group_stays_where_it_is(town: Town) -> None:
    again = town.ask("PUT", town.group.replace("rg", "RG"), {"location": "West US 2"})
    assert (again.status, again.body["name"]) == (200, "rg")
    moved = town.ask("PUT", town.group, {"location": "eastus"})
    assert (moved.status, error_code(moved)) == (409, "InvalidResourceGroupLocation")


def test_every_write_and_delete_is_told(emulator: Emulator, town: Town) -> None:
    path = town.id("Microsoft.Network/routeTables", "routes")
    emulator.event_grid.take()
    town.ask("PUT", path, {"location": "westus2"})
    town.ask("GET", path)
    town.ask("DELETE", path)
    told = [(each["eventType"], each["subject"]) for each in emulator.event_grid.take()]
    assert told == [
        ("Microsoft.Resources.ResourceWriteSuccess", path),
        ("Microsoft.Resources.ResourceDeleteSuccess", path),
    ]
