"""Every rule says what an upgrade would break without its grant."""

import pytest

from grantkeeper.breakage import breaks
from shared.grants import RULES, Rule
from shared.model import KUBELET, Grant
from shared.roles import ACR_PULL, READER


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_its_sentence(rule: Rule) -> None:
    text = breaks(Grant(rule.identity, "", rule.role, "/scope", rule.because, rule=rule.name))
    assert text
    assert not text.startswith("what needs it")


def test_a_declared_pull_is_about_images() -> None:
    assert "images" in breaks(Grant(KUBELET, "", ACR_PULL, "/scope", "team images"))


def test_any_other_declared_grant_names_what_it_is_for() -> None:
    assert breaks(Grant(KUBELET, "", READER, "/scope", "own disks")).endswith("own disks")
