"""What the documentation lists is what there is."""

from pathlib import Path

import pytest

from shared.grants import RULES, Rule
from shared.model import ADDON, CONTROL_PLANE
from shared.roles import role_name

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROWS = {
    cells[1].strip("` "): [cell.strip() for cell in cells[2:4]]
    for line in (DOCS / "grants.md").read_text().splitlines()
    if len(cells := line.split("|")) == 7 and cells[1].startswith(" `")
}


def test_every_rule_has_its_row_and_no_row_lacks_a_rule() -> None:
    assert list(ROWS) == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_a_rules_row_names_its_identity_and_role(rule: Rule) -> None:
    identity, role = ROWS[rule.name]
    expected = "control plane" if rule.identity == CONTROL_PLANE else rule.identity
    assert identity.lower() == expected.removeprefix(ADDON)
    assert role.rstrip(" ³⁵") == role_name(rule.role)


def test_every_test_that_the_security_page_names_is_there() -> None:
    """A page that says which test shows a claim must not outlive the test."""
    tests = DOCS.parent / "tests"
    for line in (DOCS / "security.md").read_text().splitlines():
        for word in line.split("`")[1::2]:
            if word.startswith("tests/"):
                file, _, name = word.partition("::")
                path = DOCS.parent / file
                assert path.exists(), word
                assert not name or f"def {name}(" in path.read_text(), word
    assert tests.is_dir()
