"""Policies that have no fault are read as they are written."""

from pathlib import Path

import pytest

from shared.policy_file import load, parse
from tests.unit.nouns import OTHER_SUB, REGISTRY, SUB, policy
from tests.unit.policy_texts import GRANT, SCOPES, changed

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [
    "policy.yaml",
    "infra/stack/policy.yaml",
    "infra/demo/policy.yaml",
    "tests/flow/policy.yaml",
    "tests/e2e/policy.yaml",
]


@pytest.mark.parametrize("path", SHIPPED)
def test_the_shipped_policies_are_usable(path: str) -> None:
    assert load(ROOT / path).profiles


@pytest.mark.parametrize(
    ("scope", "pattern"),
    [
        ("/subscriptions/{subscriptionId}/resourceGroups/shared-{name}", SCOPES),
        ("/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}", SCOPES),
        ("/subscriptions/{subscriptionId}/resourceGroups/shared-{location}", SCOPES),
        (REGISTRY.replace(SUB, OTHER_SUB), SCOPES),  # it may be managed, which the file cannot say
        (
            "/subscriptions/{subscriptionId}/resourceGroups/a",
            f"[/subscriptions/{SUB}/resourceGroups/a]",
        ),
    ],
)
def test_a_declared_grant_that_may_be_allowed_for_some_cluster_is_no_fault(
    scope: str, pattern: str
) -> None:
    text = changed(SCOPES, pattern) + GRANT.format("kubelet", "AcrPull", scope)
    assert parse(text.encode()).grants[0].scope == scope


def test_dates_and_versions_in_quotes_stay_texts() -> None:
    text = changed(
        "      properties:\n",
        "      tags: {since: 2026-01-01, odd: '='}\n"
        "      properties:\n        kubernetesVersion: '1.30'\n",
    )
    cluster = parse(text.encode()).profiles["default"].cluster
    assert cluster["tags"] == {"since": "2026-01-01", "odd": "="}
    assert cluster["properties"]["kubernetesVersion"] == "1.30"


def test_the_usual_policy_has_no_fault() -> None:
    assert policy("roles: {nodeSubnets: AcrPull}\n").roles == {"nodeSubnets": "AcrPull"}
