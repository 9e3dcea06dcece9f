"""The control endpoint."""

from __future__ import annotations

import uuid

import pytest

from infra.emulator import Emulator

from .town import Town, cluster_body


def test_without_the_key_nothing_is_told_or_changed(town: Town) -> None:
    for headers in ({}, {"x-emulator-key": "wrong"}):
        answer = town.ask("PATCH", "/_emulator/knobs", {"seed": 9}, headers=headers, query="")
        assert answer.status == 401
    assert town.emulator.world.knobs.seed == 7


def test_knobs_are_read_and_turned(town: Town) -> None:
    answer = town.steer("PATCH", "/knobs", {"provisioning_seconds": [3, 5]})
    assert answer.status == 200
    assert town.steer("GET", "/knobs").body["provisioning_seconds"] == (3.0, 5.0)


@pytest.mark.parametrize("changes", [{"colour": 1}, {"provisioning_seconds": "soon"}, []])
def test_a_knob_that_does_not_fit_changes_nothing(town: Town, changes: object) -> None:
    before = town.emulator.world.knobs
    assert town.steer("PATCH", "/knobs", changes).status == 400
    assert town.emulator.world.knobs == before


def test_the_apps_roles_are_told_as_a_template_has_them(emulator: Emulator, town: Town) -> None:
    role = {"roleName": "looker", "description": "", "actions": ["*/read"], "notActions": []}
    rights = [{"role": role, "scopes": ["/resourceGroups/net"]}]
    answer = town.steer("PUT", "/app-rights", {"rights": rights})
    (held,) = answer.body["value"]
    assert held["properties"]["scope"].endswith("/resourceGroups/net")
    assert held["properties"]["principalId"] == emulator.app_identity.object_id
    wrong = [{"role": {**role, "actoins": []}}]
    assert town.steer("PUT", "/app-rights", {"rights": wrong}).status == 400


def test_time_is_moved_ahead_but_never_back(emulator: Emulator, town: Town) -> None:
    before = emulator.world.clock.now()
    assert town.steer("POST", "/advance", {"seconds": 90}).status == 200
    assert (emulator.world.clock.now() - before).total_seconds() == 90
    assert town.steer("POST", "/advance", {"seconds": -1}).status == 400


def test_the_next_operation_can_be_made_to_fail_or_be_canceled(
    emulator: Emulator, town: Town
) -> None:
    for status in ("Failed", "Canceled"):
        assert (
            town.steer("POST", "/clusters/outcome", {"status": status, "name": status}).status
            == 201
        )
        path = town.id("Microsoft.ContainerService/managedClusters", status)
        town.ask("PUT", path, cluster_body())
    emulator.advance(400)
    states = {
        c["name"]: c["properties"]["provisioningState"]
        for c in town.steer("GET", "/clusters").body["value"]
    }
    assert states == {"Failed": "Failed", "Canceled": "Canceled"}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/clusters/outcome", {"name": "("}, "name"),
        ("/clusters/outcome", {"colour": "red"}, "colour"),
        ("/clusters/outcome", {"count": 0}, "count"),
        ("/advance", {"seconds": "soon"}, "seconds"),
        ("/advance", {"seconds": 1e300}, "seconds"),
        ("/advance", {}, "seconds"),
        ("/event-faults", {"kind": "delay", "delaySeconds": -1}, "delaySeconds"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    town: Town, path: str, body: dict[str, object], named: str
) -> None:
    answer = town.steer("POST", path, body)
    assert answer.status == 400
    assert named in answer.body["error"]["message"]


def test_faults_are_added_listed_and_cleared(emulator: Emulator, town: Town) -> None:
    assert town.steer("POST", "/faults", {"kind": "status", "status": 500}).status == 201
    assert town.ask("GET", town.group).status == 500
    assert len(town.steer("GET", "/faults").body["value"]) == 1
    assert town.steer("DELETE", "/faults").status == 204
    assert town.ask("GET", town.group).status == 200
    assert town.steer("POST", "/faults", {"kind": "rain"}).status == 400


def test_an_assignment_takes_effect_when_control_says_so(emulator: Emulator, town: Town) -> None:
    registry = town.registry()
    somebody = emulator.world.directory.create("somebody")
    name = str(uuid.UUID(int=5))
    path = f"{registry.id}/providers/Microsoft.Authorization/roleAssignments/{name}"
    role = emulator.definitions.named("AcrPull").id_at(registry.id)
    properties = {
        "roleDefinitionId": role,
        "principalId": somebody.object_id,
        "principalType": "ServicePrincipal",
    }
    assert town.ask("PUT", path, {"properties": properties}).status == 201
    town.steer("PATCH", f"/assignments/{name}", {"effectiveInSeconds": None})
    emulator.advance(100_000)
    listed = {a["name"]: a for a in town.steer("GET", "/assignments").body["value"]}
    assert listed[name]["emulator"]["effective"] is False
    answer = town.steer("PATCH", f"/assignments/{name}", {"effectiveInSeconds": 0})
    assert answer.body["emulator"]["effective"] is True
    assert town.steer("PATCH", "/assignments/x", {"effectiveInSeconds": 0}).status == 404


def test_the_ledger_is_filtered_and_cleared(town: Town) -> None:
    town.ask("GET", town.group)
    town.ask("PUT", town.group, {"location": "westus2"})
    key = {"x-emulator-key": town.emulator.keys.control}
    url = "/_emulator/ledger"
    found = town.ask("GET", url, headers=key, query="method=put&caller=operator").body["value"]
    assert [(entry["status"], entry["body"]) for entry in found] == [(200, {"location": "westus2"})]
    assert town.steer("DELETE", "/ledger").status == 204
    assert town.steer("GET", "/ledger").body["value"] == []
