"""Diagnostic settings of subscriptions: kept, shown, deleted, by who may."""

from __future__ import annotations

from infra.emulator import Emulator

from .town import Town, error_code


def settings(town: Town) -> str:
    root = f"/subscriptions/{town.emulator.subscription_id}"
    return f"{root}/providers/Microsoft.Insights/diagnosticSettings"


def test_a_setting_is_listed_until_it_is_deleted_by_its_path(town: Town) -> None:
    path = settings(town)
    body = {"properties": {"logs": [{"category": "Administrative", "enabled": True}]}}
    assert town.ask("PUT", f"{path}/ours", body).status == 200
    (listed,) = town.ask("GET", path).body["value"]
    assert (listed["name"], listed["properties"]) == ("ours", body["properties"])
    assert town.ask("GET", f"{path}/OURS").body == listed
    assert town.ask("DELETE", f"/{listed['id']}").status == 404
    assert town.ask("DELETE", f"{path}/ours").status == 200
    assert town.ask("DELETE", f"{path}/ours").status == 204
    assert town.ask("GET", path).body == {"value": []}
    assert town.ask("GET", f"{path}/ours").status == 404


def test_a_reader_may_look_only(town: Town, emulator: Emulator) -> None:
    reader = emulator.world.directory.create("reader")
    root = f"/subscriptions/{emulator.subscription_id}"
    emulator.role_assignments.seed(root, reader.object_id, "Reader")
    assert town.ask("GET", settings(town), caller=reader).status == 200
    for method in ("PUT", "DELETE"):
        refused = town.ask(method, f"{settings(town)}/ours", {}, caller=reader)
        assert error_code(refused) == "AuthorizationFailed"
