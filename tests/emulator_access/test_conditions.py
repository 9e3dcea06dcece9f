"""The evaluator of conditions on role assignments."""

import pytest

from infra.emulator import conditions
from infra.emulator.conditions import Attempt
from infra.emulator.wire import ArmError

WRITE = "Microsoft.Authorization/roleAssignments/write"
DELETE = "Microsoft.Authorization/roleAssignments/delete"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ATTRIBUTE = "[Microsoft.Authorization/roleAssignments:"


def clause(verb: str, source: str, roles: str) -> str:
    """One half of the documentation's delegate condition."""
    action = f"Microsoft.Authorization/roleAssignments/{verb}"
    return (
        f"((!(ActionMatches{{'{action}'}})) OR (@{source}{ATTRIBUTE}RoleDefinitionId] "
        f"ForAnyOfAnyValues:GuidEquals {{{roles}}} AND @{source}{ATTRIBUTE}PrincipalType] "
        "ForAnyOfAnyValues:StringEqualsIgnoreCase {'ServicePrincipal'}))"
    )


ROLES = f"{ACR_PULL}, {NETWORK_CONTRIBUTOR}"
DELEGATE = clause("write", "Request", ROLES) + " AND " + clause("delete", "Resource", ROLES)


def facts(role: str, kind: str | None = "ServicePrincipal") -> dict[str, str]:
    return {"roledefinitionid": role, **({"principaltype": kind} if kind else {})}


@pytest.mark.parametrize(
    ("attempt", "holds"),
    [
        pytest.param(Attempt(WRITE, facts(ACR_PULL)), True, id="a listed role to an identity"),
        pytest.param(
            Attempt(WRITE, facts(NETWORK_CONTRIBUTOR.upper())), True, id="GUIDs in any case"
        ),
        pytest.param(
            Attempt(WRITE, facts(ACR_PULL, "serviceprincipal")), True, id="type in any case"
        ),
        pytest.param(Attempt(WRITE, facts(OWNER)), False, id="another role"),
        pytest.param(Attempt(WRITE, facts(ACR_PULL, "User")), False, id="to a person"),
        pytest.param(Attempt(WRITE, facts(ACR_PULL, None)), False, id="type not stated"),
        pytest.param(Attempt(WRITE, {}, facts(ACR_PULL)), False, id="a write looks at the request"),
        pytest.param(
            Attempt(DELETE, {}, facts(ACR_PULL)), True, id="a delete looks at what is there"
        ),
        pytest.param(Attempt(DELETE, {}, facts(OWNER)), False, id="deleting another role"),
        pytest.param(
            Attempt("Microsoft.Network/virtualNetworks/read"), True, id="actions it does not name"
        ),
    ],
)
def test_the_documented_delegate_condition_limits_roles_and_principal_types(
    attempt: Attempt, holds: bool
) -> None:
    assert conditions.parse(DELEGATE)(attempt) is holds


def test_a_deny_list_with_any_of_any_lets_owner_through() -> None:
    text = (
        f"@Request{ATTRIBUTE}RoleDefinitionId] ForAnyOfAnyValues:GuidNotEquals "
        f"{{{OWNER}, {ACR_PULL}}}"
    )
    assert conditions.parse(text)(Attempt(WRITE, facts(OWNER)))


@pytest.mark.parametrize(("role", "holds"), [(OWNER, False), (NETWORK_CONTRIBUTOR, True)])
def test_a_deny_list_with_any_of_all_holds_owner_back(role: str, holds: bool) -> None:
    text = (
        f"@Request{ATTRIBUTE}RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals "
        f"{{{OWNER}, {ACR_PULL}}}"
    )
    assert conditions.parse(text)(Attempt(WRITE, facts(role))) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (f"Exists @Request{ATTRIBUTE}PrincipalType]", True),
        (f"NOT_A_WORD @Request{ATTRIBUTE}PrincipalType]", None),
        (f"!(Exists @Request{ATTRIBUTE}PrincipalId])", True),
        (f"@Request{ATTRIBUTE}PrincipalType] StringEquals 'serviceprincipal'", False),
        (f"@Request{ATTRIBUTE}PrincipalType] StringEquals 'ServicePrincipal'", True),
        ("ActionMatches{'Microsoft.Authorization/*/write'}", True),
        (
            "ActionMatches{'Microsoft.Authorization/roleAssignments/*'} && "
            "!ActionMatches{'*/delete'} || ActionMatches{'nothing'}",
            True,
        ),
        ("(ActionMatches{'*'}", None),
        ("ActionMatches{'*'})", None),
        ("ActionMatches{'*'} AND", None),
        ("@Request[Microsoft.Storage/storageAccounts:name] StringEquals 'x'", None),
        (f"@Environment{ATTRIBUTE}PrincipalType] StringEquals 'x'", None),
        ("", None),
    ],
)
def test_the_language_is_read_or_refused(text: str, holds: bool | None) -> None:
    if holds is None:
        with pytest.raises(ArmError) as refused:
            conditions.parse(text)
        assert (refused.value.status, refused.value.code) == (400, "InvalidCondition")
    else:
        assert conditions.parse(text)(Attempt(WRITE, facts(ACR_PULL))) is holds
