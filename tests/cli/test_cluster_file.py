"""A cluster as ARM writes it or as the Azure CLI prints it, from a file or from a pipe."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.azure import policy
from tests.cli.clusters import ALL_ROLES, NODES, TOPOLOGIES, explained, in_arm, written
from tests.typed import Type


@pytest.fixture(autouse=True)
def _policy(place: Path) -> None:
    (place / "policy.yaml").write_text(policy(ALL_ROLES))


def in_az(body: dict[str, Any]) -> dict[str, Any]:
    """The same as `az aks show` prints it: flat, with the SDK's names (`vnet_subnet_id`)."""
    flat: dict[str, Any] = _renamed({**body, **body["properties"]})
    del flat["properties"]
    return flat


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if isinstance(value, dict):
        return {_az_name(name): _renamed(each) for name, each in value.items()}
    return value


def _az_name(name: str) -> str:
    """`publicIPPrefixes` → `publicIpPrefixes`, `vnetSubnetID` → `vnetSubnetId`."""
    return re.sub("ID|IP(?!s)|DNS", lambda found: found[0].capitalize(), name)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_both_forms_of_the_json_give_the_same_grants(
    typed: Type, place: Path, topology: str
) -> None:
    body = in_arm(**TOPOLOGIES[topology])
    arm, az = (explained(typed, written(place, form)) for form in (body, in_az(body)))
    for grant in (*arm["grants"], *az["grants"]):
        grant["source"] = grant["source"].lower()
    assert arm["grants"]
    assert az == arm


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_json_may_come_on_standard_input_as_any_shell_writes_it(
    typed: Type, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    text = json.dumps(in_az(in_arm(**TOPOLOGIES["outbound"])))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode(encoding))))
    answer = typed("explain", "--cluster", "-")
    assert (answer.code, answer.err) == (0, "")
    assert "3 grants allowed, 0 refused." in answer.out


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not the JSON of one managed cluster"),
        ("[]", "not the JSON of one managed cluster"),
        ("{}", "the cluster has no id"),
        ('{"properties": {}, "id": null}', "the cluster has no id"),
        ('{"id": "/subscriptions/x"}', "id: the id is not of a resource group"),
        (f'{{"id": "{NODES}"}}', "id: the id is not a managed cluster's"),
        ("[" * 200_000, "not the JSON of one managed cluster"),
        ('{"a":' * 200_000, "nested too deeply"),
        ('{"id": "\\ud800"}', "not the JSON of one managed cluster"),
        ("\udcff", "not the JSON of one managed cluster"),
    ],
)
def test_what_is_no_cluster_is_refused(typed: Type, place: Path, text: str, complaint: str) -> None:
    (place / "cluster.json").write_bytes(text.encode(errors="surrogateescape"))
    answer = typed("explain", "--cluster", "cluster.json")
    assert (answer.code, answer.out) == (2, "")
    assert complaint in answer.err
    assert len(answer.err) < 300


def test_a_file_that_is_not_there_is_said(typed: Type) -> None:
    answer = typed("explain", "--cluster", "missing.json")
    assert (answer.code, answer.err) == (
        2,
        "grantkeeper: missing.json: No such file or directory\n",
    )
