"""`policy condition` prints what to deploy, and shows that it lets by the policy's roles only."""

from pathlib import Path

import pytest

from grantkeeper.policy_condition import line, verdicts
from shared.delegation import condition
from shared.roles import ACR_PULL, BUILT_IN_ROLES, NETWORK_CONTRIBUTOR
from tests.cli.conftest import POLICY
from tests.typed import Type

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = BUILT_IN_ROLES["Reader"]
ROLES = (ACR_PULL, NETWORK_CONTRIBUTOR)


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    """A policy that lets two roles be granted, one of them twice."""
    text, _, _ = POLICY.read_text().partition("\ngrantable:")
    file = tmp_path / "policy.yaml"
    file.write_text(f"""{text}
grantable:
  - roles: [Network Contributor]
    scopes: [/subscriptions/*/resourceGroups/net-*]
  - roles: [AcrPull, Network Contributor]
    scopes: [/subscriptions/*/resourceGroups/shared-*]
""")
    return file


def test_the_condition_alone_is_on_standard_output(typed: Type, policy_file: Path) -> None:
    answer = typed("policy", "condition", str(policy_file))
    assert answer.out == condition(ROLES) + "\n"
    assert answer.code == 0


def test_what_it_lets_by_is_shown_for_each_role_and_for_those_that_are_never_granted(
    typed: Type, policy_file: Path
) -> None:
    lines = typed("policy", "condition", str(policy_file)).err.splitlines()
    shown = [each.split() for each in lines]
    allowed = [each for each in shown if each[-4:] == ["assign", "allowed", "remove", "allowed"]]
    denied = [each for each in shown if each[-4:] == ["assign", "denied", "remove", "denied"]]
    assert len(shown) == len(allowed) + len(denied)
    assert [" ".join(each[:-4]) for each in allowed] == [
        "Network Contributor to ServicePrincipal",
        "AcrPull to ServicePrincipal",
    ]
    assert {" ".join(each[:-4]) for each in denied} == {
        "Network Contributor to User",
        "AcrPull to User",
        "Owner to ServicePrincipal",
        "Contributor to ServicePrincipal",
        "User Access Administrator to ServicePrincipal",
        "Role Based Access Control Administrator to ServicePrincipal",
        "any other role to ServicePrincipal",
    }


def test_the_policy_of_the_environment_is_taken_when_no_file_is_named(grantkeeper: Type) -> None:
    assert NETWORK_CONTRIBUTOR in grantkeeper("policy", "condition").out


def test_a_broken_policy_has_no_condition(typed: Type, policy_file: Path) -> None:
    policy_file.write_text(policy_file.read_text().replace("[AcrPull, ", "[Owner, "))
    answer = typed("policy", "condition", str(policy_file))
    assert (answer.code, answer.out) == (2, "")


HALF = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/%s'})) OR (%s))"
ROLE = "@%s[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
DENY_LIST = f"ForAnyOfAnyValues:GuidNotEquals {{{OWNER}, {READER}}}"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param(
            " AND ".join(
                HALF % (verb, f"{ROLE % source} {DENY_LIST}")
                for verb, source in (("write", "Request"), ("delete", "Resource"))
            ),
            "Owner",
            id="a deny-list that forgets nothing",
        ),
        pytest.param(condition(ROLES).partition(" AND ((")[0], "Owner", id="half a condition"),
        pytest.param(condition([*ROLES, OWNER]), "Owner", id="a role too many"),
        pytest.param(condition([ACR_PULL]), "Network Contributor", id="a role too few"),
        pytest.param(
            condition(ROLES).replace("'ServicePrincipal'", "'ServicePrincipal', 'User'"),
            "AcrPull",
            id="people, too",
        ),
    ],
)
def test_a_condition_that_is_not_as_it_should_be_is_found_out(text: str, wrong: str) -> None:
    found = [line(each) for each in verdicts(text, ROLES) if not each.right]
    assert any(each.startswith(wrong) and "WRONG" in each for each in found)


def test_no_roles_let_nothing_by() -> None:
    assert all(each.right and not each.assign for each in verdicts(condition([]), ()))
