"""`policy check` tells a usable policy from one that is not, and says where it is wrong."""

from pathlib import Path

import pytest

from tests.cli.conftest import POLICY, Type


def test_a_valid_policy_is_summed_up(typed: Type) -> None:
    answer = typed("policy", "check", str(POLICY))
    assert answer.code == 0
    assert f"{POLICY} is valid" in answer.out
    assert "Network Contributor, AcrPull; in resource groups net-*, shared-*" in answer.out


def test_the_policy_of_the_environment_is_checked_when_no_file_is_named(grantkeeper: Type) -> None:
    assert f"{POLICY} is valid" in grantkeeper("policy", "check").out


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("[Network Contributor, AcrPull]", "[Owner]", "role 'Owner'"),
        ("maximum: 10", "maximum: ten", "$.profiles[...].parameters[...].maximum"),
        ("grants: []", "grunts: []", "grunts"),
        ("grants: []", "grants: [", "while parsing"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_field(
    typed: Type, tmp_path: Path, good: str, bad: str, complaint: str
) -> None:
    file = tmp_path / "policy.yaml"
    text = POLICY.read_text()
    assert good in text
    file.write_text(text.replace(good, bad))
    answer = typed("policy", "check", str(file))
    assert answer.code == 2
    assert complaint in answer.err


def test_a_missing_policy_is_said(typed: Type) -> None:
    answer = typed("policy", "check", "missing.yaml")
    assert answer.code == 2
    assert "missing.yaml: No such file or directory" in answer.err
