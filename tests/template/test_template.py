"""The template is sound as far as that can be told without Azure and without the Bicep compiler."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grantkeeper.policy_condition import verdicts
from shared import settings
from shared.policy_file import load
from tests.template import law, network_law
from tests.template.azure_types import Types
from tests.template.deployment import deploy
from tests.template.expressions import Later
from tests.template.rights_law import ASSIGNMENTS
from tests.template.secret_law import sources
from tests.template.syntax import parse, text_of
from tests.template.variants import APP_GROUP, GROUP, HERE, ROOT, VARIANTS, Variant, variants

INFRA = ROOT / "infra"
FILES = sorted([*INFRA.glob("*.bicep"), *INFRA.glob("app/*.bicep")])
# Azure's types of these are not in the package (tests/template/azure_types.py).
UNCHECKED = {
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/metricAlerts",
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
}


@pytest.fixture(scope="module")
def template() -> dict[str, Variant]:
    return {each.name: each for each in variants(INFRA)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_two_parsers_read_each_file(path: Path) -> None:
    assert parse(path).type == "infrastructure"


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("check", law.LAWS, ids=lambda check: check.__name__)
def test_the_law_holds(
    template: dict[str, Variant], check: Callable[[Variant], Iterator[str]], name: str
) -> None:
    assert list(check(template[name])) == []


def test_no_file_names_a_mighty_role_or_a_secret() -> None:
    assert list(sources(INFRA)) == []


def test_every_type_is_checked_but_those_listed(template: dict[str, Variant]) -> None:
    whole = [*template["all"].app.resources, *template["all"].events.resources]
    known = Types(ROOT, {each.type for each in whole})
    assert known.missing == UNCHECKED


def test_no_file_is_left_over() -> None:
    used = "".join(path.read_text() for path in FILES)
    known = {"main.bicep", "events.bicep"}
    assert [path.name for path in INFRA.glob("app/*") if f"{path.name}'" not in used] == []
    assert {path.name for path in INFRA.glob("*.bicep")} == known


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_name_that_is_declared_is_used(path: Path) -> None:
    words = re.findall(r"\w+", re.sub(r"//.*", "", path.read_text()))
    declared = [
        text_of(node.named_children[0])
        for node in parse(path).named_children
        if node.type in {"parameter_declaration", "variable_declaration"}
    ]
    assert [name for name in declared if words.count(name) < 2] == []


def deployed_settings(variant: Variant) -> dict[str, str]:
    found = next(each for each in variant.of("Microsoft.Web/sites/config"))
    return dict(found.properties)


def test_zones_that_the_network_has_already_are_used_and_none_are_made(
    template: dict[str, Variant],
) -> None:
    elsewhere = {"privateDnsGroupId": f"{GROUP}/dns"}
    given = template["all"].parameters | elsewhere
    app = deploy(INFRA / "main.bicep", given, HERE, APP_GROUP)
    there = replace(template["all"], parameters=given, app=app)
    assert there.of(network_law.ZONES) == []
    assert [*network_law.endpoints(there), *network_law.zones(there)] == []


@pytest.mark.parametrize("name", VARIANTS)
def test_the_app_can_read_its_settings(template: dict[str, Variant], name: str) -> None:
    values = deployed_settings(template[name])
    later = {
        "clientId": "33333333-3333-4333-8333-333333333333",
        "endpoint": "https://topic.example/api/events",
        "queue": "https://w.queue.core.windows.net/",
        "table": "https://w.table.core.windows.net/",
        "blob": "https://w.blob.core.windows.net/",
    }
    plain = {
        key: later.get(value.rpartition(".")[2], "x") if isinstance(value, Later) else value
        for key, value in values.items()
    }
    found = settings.read(plain)
    assert list(found.managed_subscriptions) == template[name].parameters["managedSubscriptions"]
    assert found.client_id == found.work.client_id == later["clientId"]
    assert bool(found.topic_endpoint) == ("lifecycleTopic" in template[name].parameters)


def test_the_right_to_grant_lets_owner_through_to_nobody(template: dict[str, Variant]) -> None:
    policy = load(ROOT / "policy.yaml")
    found = [
        each.properties["condition"]
        for each in template["all"].of(ASSIGNMENTS)
        if each.properties.get("condition")
    ]
    assert found
    for text in found:
        said = {
            (v.role, v.principal_type) for v in verdicts(text, policy.grantable_roles) if v.assign
        }
        assert said == {(role, "ServicePrincipal") for role in policy.grantable_roles}


def test_everything_that_can_be_tagged_is(template: dict[str, Variant]) -> None:
    untagged = {
        each.type
        for each in [*template["usual"].app.resources, *template["usual"].events.resources]
        if "location" in each.body and "azd-env-name" not in (each.body.get("tags") or {})
    }
    assert untagged == set()


@pytest.mark.parametrize("module", ["main", "events"])
def test_the_parameter_file_fits_its_module(module: str) -> None:
    given = json.loads((INFRA / f"{module}.parameters.json").read_text())["parameters"]
    declared = {
        text_of(node.named_children[0]): node.named_children[-1].type == "type"
        for node in parse(INFRA / f"{module}.bicep").named_children
        if node.type == "parameter_declaration"
    }
    assert given.keys() <= declared.keys()
    assert {name for name, required in declared.items() if required} <= given.keys()


def test_the_outputs_are_what_the_events_and_the_operators_commands_take(
    template: dict[str, Variant],
) -> None:
    taken = set(re.findall(r"\$\{(\w+)\}", (INFRA / "events.parameters.json").read_text()))
    of_azd = {"AZURE_ENV_NAME", "AZURE_LOCATION"}
    of_operators = {"GRANTKEEPER_PRINCIPAL_ID", "Work__queueServiceUri", "Work__tableServiceUri"}
    assert template["usual"].app.outputs.keys() == taken - of_azd | of_operators


def test_alerts_ask_for_functions_and_log_lines_that_there_are(
    template: dict[str, Variant],
) -> None:
    code = "".join(path.read_text() for path in ROOT.glob("shared/*.py"))
    doors = (ROOT / "function_app.py").read_text()
    rules = template["usual"].of("Microsoft.Insights/scheduledQueryRules")
    queries = [each.properties["criteria"]["allOf"][0]["query"] for each in rules]
    texts = {text for query in queries for text in re.findall(r'"([\w=. -]+)"', query)}
    assert texts
    for text in texts:
        known = text in code or f"def {text}(" in doors
        assert known or text.removeprefix("reason=") in code or text.rstrip("=") in code, text


def test_the_compiler_takes_it_where_there_is_one(tmp_path: Path) -> None:
    """Where no Bicep CLI is on PATH, nothing has compiled the template: see the README."""
    if not (bicep := shutil.which("bicep")):
        pytest.skip("the Bicep CLI is not on PATH")
    for name in ("main", "events"):
        for step in (["build", "--outdir", str(tmp_path)], ["lint"]):
            words = [bicep, step[0], str(INFRA / f"{name}.bicep"), *step[1:]]
            ran = subprocess.run(words, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stderr
