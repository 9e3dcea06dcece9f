"""Role definitions: built-in ones to read, custom ones to write, change and delete."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest

from tests.emulator_access.conftest import Site
from tests.emulator_access.test_role_assignments import names, refused

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"


def test_roles_are_found_by_name_in_any_case(site: Site) -> None:
    found = list(
        site.owner.role_definitions.list(site.registry, filter="roleName eq 'network contributor'")
    )
    assert [each.id for each in found] == [site.role("Network Contributor")]
    assert "AcrPull" in {each.role_name for each in site.owner.role_definitions.list(site.group)}


def test_a_custom_role_lives_and_can_be_assigned_in_its_scopes(site: Site) -> None:
    guid = str(uuid.uuid4())
    definition = {
        "roleName": "Joiner",
        "permissions": [{"actions": [JOIN]}],
        "assignableScopes": [site.group],
    }
    roles = site.owner.role_definitions
    made = roles.create_or_update(site.group, guid, {"properties": definition})
    assert made.role_type == "CustomRole"
    body = site.body(roleDefinitionId=made.id)
    assignments = site.owner.role_assignments
    assigned = assignments.create(site.network, str(uuid.uuid4()), body)
    site.emulator.advance(60)
    assert site.emulator.access.allows(site.kubelet.object_id, JOIN, site.subnet).allowed
    assert refused(assignments.create, site.subscription, str(uuid.uuid4()), body)[1] == (
        "RoleDefinitionDoesNotExist"
    )
    assert refused(roles.delete, site.group, guid)[:2] == (409, "RoleDefinitionHasAssignments")
    assignments.delete(site.network, assigned.name)
    assert roles.delete(site.group, guid).name == guid
    assert guid not in names(roles.list(site.group))


def test_a_custom_role_can_be_changed_and_the_app_reads_the_change(site: Site) -> None:
    guid = str(uuid.uuid4())

    def put(*actions: str) -> None:
        definition = {
            "roleName": "Joiner",
            "permissions": [{"actions": list(actions), "notActions": [ASSIGN]}],
            "assignableScopes": [site.subscription],
        }
        roles = site.owner.role_definitions
        roles.create_or_update(site.subscription, guid, {"properties": definition})

    def read() -> Any:
        return site.client(site.emulator.app_identity).role_definitions.get(site.subscription, guid)

    put(JOIN)
    first = read()
    put(JOIN, ASSIGN)
    second = read()
    assert (first.role_name, first.role_type) == ("Joiner", "CustomRole")
    assert first.permissions[0].actions == [JOIN]
    assert second.permissions[0].actions == [JOIN, ASSIGN]
    assert second.permissions[0].not_actions == [ASSIGN]
    assert (
        second.id == f"{site.subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}"
    )
    missing = site.client(site.emulator.app_identity).role_definitions.get
    assert refused(missing, site.subscription, str(uuid.uuid4()))[:2] == (
        404,
        "RoleDefinitionDoesNotExist",
    )


def test_a_custom_role_is_written_and_deleted_by_who_may_at_all_its_scopes(site: Site) -> None:
    guid = str(uuid.uuid4())
    somebody = site.emulator.world.directory.create("owner of the group")
    site.emulator.role_assignments.seed(site.group, somebody.object_id, "Owner")
    roles = site.client(somebody).role_definitions

    def body(*scopes: str) -> dict[str, Any]:
        permissions = [{"actions": [JOIN]}]
        return {
            "properties": {
                "roleName": "Joiner",
                "permissions": permissions,
                "assignableScopes": list(scopes),
            }
        }

    wide = body(site.group, site.subscription)
    made = refused(roles.create_or_update, site.group, guid, wide)
    assert made[:2] == (403, "LinkedAuthorizationFailed")
    site.owner.role_definitions.create_or_update(site.group, guid, wide)
    assert refused(roles.delete, site.group, guid)[:2] == (403, "LinkedAuthorizationFailed")
    site.owner.role_definitions.create_or_update(site.group, guid, body(site.group))
    assert roles.delete(site.group, guid).name == guid


@pytest.mark.parametrize(
    "change", [{"permissions": [5]}, {"permissions": [{"actions": "*"}]}, {"roleName": 5}]
)
def test_a_custom_role_of_the_wrong_json_types_is_refused(
    site: Site, change: dict[str, Any]
) -> None:
    definition = {
        "roleName": "Joiner",
        "permissions": [{"actions": [JOIN]}],
        "assignableScopes": [site.subscription],
    }
    put = site.owner.role_definitions.create_or_update
    body = json.dumps({"properties": {**definition, **change}}).encode()
    assert refused(put, site.subscription, str(uuid.uuid4()), io.BytesIO(body))[:2] == (
        400,
        "InvalidRequestContent",
    )


def test_built_in_roles_cannot_be_changed(site: Site) -> None:
    definition = {
        "roleName": "Owner",
        "permissions": [{"actions": ["*"]}],
        "assignableScopes": ["/"],
    }
    guid = site.role("Owner").rpartition("/")[2]
    roles = site.owner.role_definitions
    attempt = {"properties": definition}
    assert refused(roles.create_or_update, site.group, guid, attempt)[0] == 400
    assert refused(roles.delete, site.group, guid)[0] == 400
