"""`policy check` tells a usable policy from one that is not, and says all that is wrong with it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import POLICY
from tests.typed import Type
from tests.unit.nouns import POLICY_TEXT


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    file = tmp_path / "sound.yaml"
    file.write_text(POLICY_TEXT + "grants: []\n")
    return file


@pytest.fixture
def faulty(sound: Path) -> Path:
    file = sound.with_name("faulty.yaml")
    text = sound.read_text()
    for good, bad in (
        ("AcrPull, ", "AcrPul, Owner, "),
        ("maximum: 10", "maximum: ten"),
        ("grants: []", "grunts: []"),
    ):
        text = text.replace(good, bad)
    file.write_text(text)
    return file


def test_a_valid_policy_is_summed_up(typed: Type, sound: Path) -> None:
    answer = typed("policy", "check", str(sound))
    assert answer.code == 0
    assert f"{sound} is valid" in answer.out
    assert "Network Contributor, AcrPull, Container Registry Repository Reader; at" in answer.out
    assert "/subscriptions/*/resourceGroups/net-*, " in answer.out


def test_the_policy_of_the_environment_is_checked_when_no_file_is_named(grantkeeper: Type) -> None:
    assert f"{POLICY} is valid" in grantkeeper("policy", "check").out


def test_each_fault_is_a_line_with_file_line_field_and_remedy(typed: Type, faulty: Path) -> None:
    answer = typed("policy", "check", str(faulty))
    assert answer.code == 2
    assert answer.out == ""
    first, *more = answer.err.splitlines()
    assert f"{faulty}:" in first
    assert "profiles.default.parameters.nodeCount.maximum: is the text 'ten'; write" in first
    assert ["grantable[0].roles[1]" in line for line in more] == [True, False, False]
    assert "did you mean grants?" in more[-1]


def test_programs_get_every_fault_as_json(typed: Type, faulty: Path) -> None:
    answer = typed("policy", "check", str(faulty), "--json")
    assert answer.code == 2
    told = json.loads(answer.out)
    assert told["valid"] is False
    assert [fault["field"] for fault in told["faults"]] == [
        "profiles.default.parameters.nodeCount.maximum",
        "grantable[0].roles[1]",
        "grantable[0].roles[2]",
        "grunts",
    ]
    assert all(fault.keys() == {"line", "field", "message", "remedy"} for fault in told["faults"])
    text = faulty.read_text().splitlines()
    assert "ten" in text[told["faults"][0]["line"] - 1]


def test_programs_are_told_that_a_policy_is_valid(typed: Type, sound: Path) -> None:
    answer = typed("policy", "check", str(sound), "--json")
    assert (answer.code, json.loads(answer.out)) == (0, {"valid": True, "faults": []})


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_missing_policy_is_said(typed: Type, more: tuple[str, ...]) -> None:
    answer = typed("policy", "check", "missing.yaml", *more)
    assert answer.code == 2
    assert "missing.yaml: No such file or directory" in answer.err
