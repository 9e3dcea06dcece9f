"""The custom roles of the app's identity: what docs/security.md lists, and nothing wide."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from grantkeeper.policy_condition import verdicts
from shared.delegation import condition
from shared.policy import Policy
from shared.policy_file import load
from tests.template.variants import ROOT

FILES = sorted((ROOT / "infra/roles").glob("*.json"))
ACTION = re.compile(r"Microsoft\.[A-Za-z]+(/[A-Za-z]+)+/(read|write|delete|action)")
DANGEROUS = re.compile(
    r"(?i)microsoft\.authorization/(?!.*/read$)(?!roleassignments/(write|delete)$)"
    r"|listclusteradmin|listclusteruser|/delete$|federatedidentitycredentials"
)


def role(name: str) -> dict[str, Any]:
    text = (ROOT / "infra/roles" / f"{name}.json").read_text()
    return dict(json.loads(text))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(ROOT / "policy.yaml")


def documented() -> dict[str, set[str]]:
    """Role → rights, as the table in docs/security.md has them."""
    page = (ROOT / "docs/security.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (`Microsoft[^|]+) \|", page, re.MULTILINE)
    return {name: set(re.findall(r"`([^`]+)`", cell)) for name, cell in rows}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_role_names_single_actions_and_no_data(path: Path) -> None:
    found = role(path.stem)
    assert found["roleName"].startswith("Grantkeeper ")
    assert found["description"]
    assert found["actions"]
    assert [each for each in found["actions"] if not ACTION.fullmatch(each)] == []
    assert len(set(found["actions"])) == len(found["actions"])
    assert found["notActions"] == found["dataActions"] == found["notDataActions"] == []


def test_the_roles_are_what_the_documentation_lists() -> None:
    assert {path.stem: set(role(path.stem)["actions"]) for path in FILES} == documented()


def test_no_role_but_the_grantor_can_change_access_or_delete() -> None:
    found = {
        f"{path.stem}: {action}"
        for path in FILES
        for action in role(path.stem)["actions"]
        if DANGEROUS.search(action)
    }
    assert found == {"grantor: Microsoft.Authorization/roleAssignments/delete"}


def test_only_the_grantor_can_write_role_assignments() -> None:
    write = "Microsoft.Authorization/roleAssignments/write"
    assert [path.stem for path in FILES if write in role(path.stem)["actions"]] == ["grantor"]


def test_the_grantor_may_delete_only_because_policy_cleans_up(policy: Policy) -> None:
    delete = "Microsoft.Authorization/roleAssignments/delete"
    assert (delete in role("grantor")["actions"]) == (policy.cleanup == "delete")


def test_the_condition_is_that_of_policy_and_lets_through_nothing_else(policy: Policy) -> None:
    """After a change of `grantable`:
    python -m grantkeeper policy condition > infra/app/grantor-condition.txt"""
    text = (ROOT / "infra/app/grantor-condition.txt").read_text()
    assert text == condition(policy.grantable_roles) + "\n"
    assert all(each.right for each in verdicts(text, policy.grantable_roles))
