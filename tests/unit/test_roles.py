"""Roles by name and by GUID; those that can grant are never granted."""

import pytest

from infra.emulator.roles import built_in_roles
from shared import roles
from shared.roles import (
    BUILT_IN_ROLES,
    DATA_ACTIONS,
    NEVER_GRANTABLE,
    NotGrantable,
    role_guid,
    role_name,
)
from tests.unit.nouns import OTHER_SUB


def test_roles_are_named_or_given_by_guid() -> None:
    acr_pull = BUILT_IN_ROLES["AcrPull"]
    assert role_guid("AcrPull") == role_guid(acr_pull.upper()) == acr_pull == roles.ACR_PULL
    assert role_name(acr_pull) == "AcrPull"
    assert role_name(OTHER_SUB) == role_guid(OTHER_SUB) == OTHER_SUB


@pytest.mark.parametrize("name", NEVER_GRANTABLE)
def test_no_role_that_can_grant_is_grantable_by_name_or_guid(name: str) -> None:
    for text in (name, NEVER_GRANTABLE[name], NEVER_GRANTABLE[name].upper()):
        with pytest.raises(NotGrantable, match=f"'{name}'.*never grantable"):
            role_guid(text)
    assert role_name(NEVER_GRANTABLE[name]) == name
    assert name not in BUILT_IN_ROLES


@pytest.mark.parametrize("text", ["", "acrpull", "AcrPull ", "4633458b", "*"])
def test_what_is_no_role_is_refused(text: str) -> None:
    with pytest.raises(NotGrantable, match="neither a GUID"):
        role_guid(text)


def test_guids_are_in_canonical_form_and_each_is_one_role() -> None:
    known = [*BUILT_IN_ROLES.values(), *NEVER_GRANTABLE.values()]
    assert len(set(known)) == len(known)
    assert {role_guid(each) for each in BUILT_IN_ROLES.values()} == set(BUILT_IN_ROLES.values())


def test_names_guids_and_data_actions_are_those_of_the_definitions() -> None:
    """The emulator's definitions were written from the documentation apart from these."""
    defined = {role.guid: role for role in built_in_roles()}
    for name, role in (BUILT_IN_ROLES | NEVER_GRANTABLE).items():
        if role in defined:
            assert defined[role].role_name == name
            actions = {action for each in defined[role].permissions for action in each.data_actions}
            assert set(DATA_ACTIONS.get(role, ())) == actions
    assert DATA_ACTIONS.keys() <= defined.keys()
