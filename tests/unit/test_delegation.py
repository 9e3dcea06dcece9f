"""The condition on the app's own right to grant: the policy's roles get through, nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grantkeeper.abac import allows
from shared.delegation import DELETE, WRITE, condition
from shared.resource_id import InvalidId
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
GUIDS = st.uuids().map(str)
TYPES = st.sampled_from(["ServicePrincipal", "User", "Group", "ForeignGroup", "Device", ""])

# The documentation's example of roles and principal types, with our roles and type in it
# (learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples).
DOCUMENTED = """
(
 (
  !(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})
 )
 OR
 (
  @Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]
  ForAnyOfAnyValues:GuidEquals
  {4d97b98b-1d4f-4787-a291-c67834d212e7, 7f951dda-4ed3-4680-a7ca-43fe172d538d}
  AND
  @Request[Microsoft.Authorization/roleAssignments:PrincipalType]
  ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}
 )
)
AND
(
 (
  !(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'})
 )
 OR
 (
  @Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId]
  ForAnyOfAnyValues:GuidEquals
  {4d97b98b-1d4f-4787-a291-c67834d212e7, 7f951dda-4ed3-4680-a7ca-43fe172d538d}
  AND
  @Resource[Microsoft.Authorization/roleAssignments:PrincipalType]
  ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}
 )
)
"""


def assignment(role: str, principal_type: str = "ServicePrincipal") -> dict[str, str]:
    return {"RoleDefinitionId": role, "PrincipalType": principal_type}


def test_the_condition_is_the_documented_one_in_one_line() -> None:
    text = condition([ACR_PULL, NETWORK_CONTRIBUTOR])
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", DOCUMENTED)
    assert "\n" not in text


def test_order_case_and_repetition_of_the_roles_do_not_matter() -> None:
    text = condition([NETWORK_CONTRIBUTOR, ACR_PULL])
    assert condition([ACR_PULL.upper(), NETWORK_CONTRIBUTOR, ACR_PULL]) == text


@given(st.sets(GUIDS, max_size=4), GUIDS, TYPES)
def test_a_role_is_granted_and_removed_only_if_listed_and_only_for_a_service_principal(
    roles: set[str], other: str, principal_type: str
) -> None:
    text = condition(roles)
    for role in {*roles, other, OWNER}:
        lets = role in roles and principal_type == "ServicePrincipal"
        asked = assignment(role, principal_type)
        assert allows(text, WRITE, asked, {}) is lets
        assert allows(text, DELETE, {}, asked) is lets


def test_no_roles_let_nothing_through() -> None:
    for role in (ACR_PULL, OWNER):
        assert not allows(condition([]), WRITE, assignment(role), {})
        assert not allows(condition([]), DELETE, {}, assignment(role))


def test_what_is_asked_for_does_not_vouch_for_what_is_there() -> None:
    text = condition([ACR_PULL])
    assert not allows(text, DELETE, assignment(ACR_PULL), assignment(OWNER))
    assert not allows(text, WRITE, assignment(OWNER), assignment(ACR_PULL))


def test_a_request_that_says_no_principal_type_is_not_let_through() -> None:
    assert not allows(condition([ACR_PULL]), WRITE, {"RoleDefinitionId": ACR_PULL}, {})


def test_other_actions_are_not_the_conditions_business() -> None:
    assert allows(condition([]), "Microsoft.Authorization/roleAssignments/read", {}, {})


@pytest.mark.parametrize("text", ["AcrPull", "", f"{ACR_PULL}}} OR {{{OWNER}", f"{ACR_PULL}\n"])
def test_only_guids_get_into_the_condition(text: str) -> None:
    with pytest.raises(InvalidId):
        condition([text])
