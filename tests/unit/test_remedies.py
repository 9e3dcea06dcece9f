"""The names that grants are written under, and what an administrator can do about refused ones."""

import re
import shlex
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.roles import ACR_PULL, BUILT_IN_ROLES, NETWORK_CONTRIBUTOR
from shared.wanted import assignment_name, remedy
from tests.unit.nouns import KUBELET_PRINCIPAL, PRINCIPAL, REGISTRY, SUB, SUBNET, grant, policy
from tests.unit.topologies import PODS, needs, pools


def test_names_are_the_same_for_ever() -> None:
    """Changing how they are made would write every assignment anew."""
    assert assignment_name(grant()) == "ff8e084d-1d05-5ed6-8adb-d0b603e420c7"
    other = grant(principal_id=KUBELET_PRINCIPAL, role=ACR_PULL, scope=REGISTRY)
    assert assignment_name(other) == "68f5bf12-2e4b-59bc-a1a2-f0c92bfe1bbe"


def test_a_name_holds_principal_role_and_scope_and_nothing_else() -> None:
    name = assignment_name(grant())
    assert assignment_name(grant(principal_id=KUBELET_PRINCIPAL)) != name
    assert assignment_name(grant(role=BUILT_IN_ROLES["Reader"])) != name
    assert assignment_name(grant(scope=PODS)) != name
    same = grant(because="other", identity="other", refused="x", source="y")
    assert assignment_name(same) == name


@given(st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_a_name_does_not_depend_on_case(change: Callable[[str], str]) -> None:
    changed = grant(scope=change(SUBNET), principal_id=change(PRINCIPAL))
    assert assignment_name(changed) == assignment_name(grant())


def words(scope: str) -> list[str]:
    return [
        "az", "role", "assignment", "create",
        "--assignee-object-id", PRINCIPAL,
        "--assignee-principal-type", "ServicePrincipal",
        "--role", NETWORK_CONTRIBUTOR,
        "--scope", scope,
    ]  # fmt: skip


def test_the_remedy_is_a_line_that_an_administrator_can_run() -> None:
    line = remedy(grant(refused="ScopeNotAllowed"))
    assert line == " ".join(words(SUBNET))
    assert remedy(grant(refused="RoleNotAllowed")) == line


def test_a_group_with_parentheses_is_quoted() -> None:
    scope = f"/subscriptions/{SUB}/resourceGroups/net(old)"
    line = remedy(grant(scope=scope, refused="ScopeNotAllowed"))
    assert shlex.split(line) == words(scope)
    assert f"'{scope}'" in line


@given(st.text() | st.from_regex(r"[$`;&|<>'\"\\(){}\n ]{1,9}"))
def test_no_scope_breaks_out_of_the_line(text: str) -> None:
    line = remedy(grant(scope=text, refused="ScopeNotAllowed"))
    assert shlex.split(line) == words(text)


@given(st.from_regex(r"[-\w.()$`;&|'\" ]{1,60}", fullmatch=True))
def test_what_a_cluster_says_reaches_the_line_only_as_a_scope(name: str) -> None:
    scope = f"/subscriptions/{SUB}/resourceGroups/{name}/providers/Microsoft.Network/natGateways/n"
    for each in needs(pools(scope), by=policy()):
        if each.refused == "ScopeNotAllowed":
            assert shlex.split(remedy(each)) == words(each.scope)
            assert re.fullmatch(r"[-A-Za-z0-9_.()/]+", each.scope)
        else:
            assert each.refused in {"", "InvalidScope"}
            assert not each.refused or "az role" not in remedy(each)


def test_of_a_principal_that_is_not_there_yet_there_is_no_remedy() -> None:
    assert remedy(grant(principal_id="", refused="ScopeNotAllowed")) == ""


@pytest.mark.parametrize("principal", ["", PRINCIPAL])
def test_the_remedy_of_what_names_no_scope_is_to_declare_it(principal: str) -> None:
    source = "properties.securityProfile.azureKeyVaultKms.keyId"
    odd = grant(principal_id=principal, refused="InvalidScope", scope="'x'", source=source)
    assert remedy(odd) == f"{source} names no scope; declare the grant in policy.yaml's `grants`"
