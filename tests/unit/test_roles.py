"""Roles by name and by GUID; those that can grant are never granted."""

import pytest

from shared.roles import BUILT_IN_ROLES, NotGrantable, role_guid, role_name
from tests.unit.nouns import OTHER_SUB


def test_roles_are_named_or_given_by_guid() -> None:
    acr_pull = BUILT_IN_ROLES["AcrPull"]
    assert role_guid("AcrPull") == role_guid(acr_pull.upper()) == acr_pull
    assert role_name(acr_pull) == "AcrPull"
    assert role_name(OTHER_SUB) == OTHER_SUB


def test_no_role_that_can_grant_is_known_by_name() -> None:
    for name in ("Owner", "Contributor", "User Access Administrator"):
        with pytest.raises(NotGrantable, match="never grantable"):
            role_guid(name)
