"""Whoever breaks the template is told: each of these faults, planted in a copy, is found."""

import shutil
from pathlib import Path

import pytest

from tests.template.law import LAWS
from tests.template.planted import PLANTED, Row
from tests.template.scope_law import layers
from tests.template.secret_law import sources
from tests.template.syntax import Fault
from tests.template.variants import ROOT, variants


def faults(infra: Path) -> list[str]:
    """All that is found wrong with a template."""
    try:
        found = [each for variant in variants(infra) for law in LAWS for each in law(variant)]
    except Fault as fault:
        found = [str(fault)]
    return [*found, *layers(infra), *sources(infra)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    infra = tmp_path / "infra"
    for folder in ("app", "roles"):
        shutil.copytree(ROOT / "infra" / folder, infra / folder)
    for name in ("policy.yaml", "infra/main.bicep", "infra/events.bicep"):
        shutil.copy(ROOT / name, tmp_path / name)
    return infra


def test_an_honest_copy_has_no_fault(copy: Path) -> None:
    assert faults(copy) == []


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=f"{about}: {row[3]}") for about, rows in PLANTED.items() for row in rows],
)
def test_a_planted_fault_is_found(copy: Path, row: Row) -> None:
    file, old, new, said = row
    path = copy / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    found = faults(copy)
    assert [each for each in found if said in each], found


@pytest.mark.parametrize("says", ["", "cleanup: report", "cleanup: delete"])
def test_the_right_to_delete_assignments_goes_by_policy(copy: Path, says: str) -> None:
    policy = copy.parent / "policy.yaml"
    policy.write_text(policy.read_text().replace("cleanup: delete", says))
    assert faults(copy) == []


@pytest.mark.parametrize("fault", ["action => (true", "action => (!cleansUp"])
def test_a_right_to_delete_that_policy_does_not_need_is_found(copy: Path, fault: str) -> None:
    policy, roles = copy.parent / "policy.yaml", copy / "app/roles.bicep"
    policy.write_text(policy.read_text().replace("cleanup: delete", "cleanup: report"))
    roles.write_text(roles.read_text().replace("action => (cleansUp", fault))
    assert [each for each in faults(copy) if "grantor may delete role assignments" in each]
