"""The app's identity may do what its deployer has said, and nothing else."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from infra.emulator.app_rights import AppRight, CustomRole
from infra.emulator.wire import ArmError
from tests.emulator_access.conftest import Site
from tests.emulator_access.test_conditions import DELEGATE
from tests.emulator_access.test_role_assignments import refused

READ = "Microsoft.Network/virtualNetworks/read"
ON_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
GRANTOR = CustomRole(
    "grantor", actions=(f"{ON_ASSIGNMENTS}/write", f"{ON_ASSIGNMENTS}/delete", READ)
)
REFUSED = (403, "AuthorizationFailed")


def may(site: Site, action: str, scope: str) -> bool:
    app = site.emulator.app_identity.object_id
    return site.emulator.access.allows(app, action, scope).allowed


def give(site: Site, *rights: AppRight) -> None:
    site.emulator.app_rights.give(rights)


def create(site: Site, scope: str, body: dict[str, Any]) -> Any:
    """An assignment that the app itself asks for."""
    app = site.client(site.emulator.app_identity)
    return app.role_assignments.create(scope, str(uuid.uuid4()), body)


def test_a_right_is_in_effect_at_its_scope_and_below_at_once(site: Site) -> None:
    reader = CustomRole("reader", actions=(READ,))
    give(site, AppRight(reader, ("/resourceGroups/shared",)))
    assert may(site, READ, site.network)
    assert not may(site, READ, site.subscription)


def test_what_is_told_replaces_what_was_there(site: Site) -> None:
    give(site, AppRight(CustomRole("one", actions=(READ,))))
    assert may(site, READ, site.network)
    give(site, AppRight(CustomRole("one", actions=("Microsoft.Network/routeTables/read",))))
    assert not may(site, READ, site.network)
    give(site)
    app = site.emulator.app_identity.object_id
    assert site.emulator.role_assignments.of_principal(app) == []


def test_a_condition_holds_back_every_role_and_kind_of_principal_but_its_own(site: Site) -> None:
    give(site, AppRight(GRANTOR, condition=DELEGATE))
    person = site.emulator.world.directory.create("somebody", kind="User")
    to_person = {"principalId": person.object_id, "principalType": "User"}
    for body in (site.body("Owner"), site.body("AcrPull", **to_person)):
        assert refused(create, site, site.registry, body)[:2] == REFUSED
    assert create(site, site.registry, site.body("AcrPull")).name


def test_a_condition_holds_back_the_deletion_of_others_roles(site: Site) -> None:
    give(site, AppRight(GRANTOR, condition=DELEGATE))
    app = site.client(site.emulator.app_identity).role_assignments
    owner, ours = site.assign(site.registry, "Owner"), site.assign(site.registry, "AcrPull")
    assert refused(app.delete, site.registry, owner.name)[:2] == REFUSED
    assert app.delete(site.registry, ours.name).name == ours.name


def test_a_condition_that_cannot_be_read_changes_nothing(site: Site) -> None:
    with pytest.raises(ArmError, match="not valid"):
        give(site, AppRight(GRANTOR, condition="nonsense"))
    assert may(site, "Microsoft.ContainerService/managedClusters/write", site.group)
