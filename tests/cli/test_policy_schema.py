"""The JSON Schema of policy.yaml is generated, committed, and agrees with the loader."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from grantkeeper.policies import schema
from shared.policy import Policy
from shared.shape import Fitting
from tests.typed import Type

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = Draft202012Validator(json.loads(schema()))
WHOLE: dict[str, Any] = yaml.safe_load((ROOT / "tests/e2e/policy.yaml").read_text())


DAMAGES: tuple[Any, ...] = ("drop", "rename", None, [], {}, "x", 5, True)


def test_the_committed_schema_is_the_generated_one(typed: Type) -> None:
    committed = (ROOT / "policy.schema.json").read_text()
    assert committed == typed("policy", "schema").out, (
        "grantkeeper policy schema > policy.schema.json"
    )
    Draft202012Validator.check_schema(json.loads(committed))


@pytest.mark.parametrize("path", ["policy.yaml", "infra/stack/policy.yaml"])
def test_the_policies_for_people_name_the_schema_and_keep_to_it(path: str) -> None:
    text = (ROOT / path).read_text()
    name = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (ROOT / path).parent.joinpath(name).resolve() == ROOT / "policy.schema.json"
    assert list(VALIDATOR.iter_errors(yaml.safe_load(text))) == []


def damaged() -> list[Any]:
    """The policy with each of its members in turn dropped, renamed, and of another type."""
    found: list[Any] = []
    for path in paths(WHOLE):
        for damage in DAMAGES:
            data = copy.deepcopy(WHOLE)
            place: Any = data
            for part in path[:-1]:
                place = place[part]
            if damage in ("drop", "rename"):
                value = place.pop(path[-1])
                if damage == "rename" and isinstance(place, dict):
                    place[f"{path[-1]}s"] = value
            else:
                place[path[-1]] = damage
            found.append(data)
    return found


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    here = [(*path, key) for key, _ in items]
    below = [
        each
        for each_path in here
        if isinstance(data[each_path[-1]], dict | list)
        for each in paths(data[each_path[-1]], each_path)
    ]
    return here + below


def test_schema_and_loader_agree_on_the_shape() -> None:
    """But for durations, whose format JSON Schema only notes."""
    for data in damaged():
        misfits = [each for each in Fitting(data, Policy).complaints if "PT30M" not in each.remedy]
        assert bool(misfits) == bool(list(VALIDATOR.iter_errors(data))) or (
            Fitting(data, Policy).complaints and not misfits
        ), data
