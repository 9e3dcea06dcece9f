"""What the app may do on this machine is what the template's role files say, by the policy."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.stack import rights
from infra.stack.part import PartError
from infra.stack.stack import DEFAULT_POLICY
from shared import policy_file
from shared.delegation import DELETE, condition

BARE: dict[str, Any] = {"apiVersion": "grantkeeper/v1", "profiles": {}, "grantable": []}
POOLS = [{"name": "np", "mode": "System", "count": 1}]
CLUSTER = {"identity": {"type": "SystemAssigned"}, "properties": {"agentPoolProfiles": POOLS}}
PROFILE: dict[str, Any] = {"cluster": CLUSTER}
GRANTABLE = {"roles": ["AcrPull"], "scopes": ["/subscriptions/*/resourceGroups/net-*"]}
DECLARED = {
    "identity": "kubelet",
    "role": "AcrPull",
    "scope": "/subscriptions/{subscriptionId}/resourceGroups/net-a",
    "because": "a test",
}


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        pytest.param({}, set(), id="one that only looks"),
        pytest.param(
            {"profiles": {"a": PROFILE}}, {"cluster-operator", "profile-links"}, id="profiles"
        ),
        pytest.param(
            {"profiles": {"a": PROFILE | {"createResourceGroup": True}}},
            {"cluster-operator", "profile-links", "group-creator"},
            id="groups are made",
        ),
        pytest.param({"grantable": [GRANTABLE]}, {"grantor"}, id="grants"),
        pytest.param({"propagation": {"verify": "read"}}, set(), id="reading is evidence"),
        pytest.param({"propagation": {"verify": "probe"}}, {"prober"}, id="probes"),
        pytest.param(
            {"propagation": {"verifyRules": {"podSubnets": "probe"}}},
            {"prober"},
            id="by rule",
        ),
        pytest.param(
            {"grantable": [GRANTABLE], "grants": [DECLARED | {"verify": "probe"}]},
            {"grantor", "prober"},
            id="by declared grant",
        ),
        pytest.param(
            {"profiles": {"a": PROFILE | {"verify": "probe"}}},
            {"cluster-operator", "profile-links", "prober"},
            id="by profile",
        ),
    ],
)
def test_a_policy_brings_the_roles_it_has_a_use_for(
    changes: dict[str, Any], more: set[str]
) -> None:
    policy = BARE | changes
    policy_file.parse(yaml.safe_dump(policy).encode())  # these are policies
    assert set(rights.needed(policy)) == {"cluster-reader", *more}


def test_only_the_grantor_has_the_condition_and_scopes_may_be_stated() -> None:
    policy = yaml.safe_dump(BARE | {"grantable": [GRANTABLE]}).encode()
    found = rights.of(policy, "the condition", {"grantor": ["/resourceGroups/net-a"]})
    assert [(r["role"]["roleName"], r["scopes"], r["condition"]) for r in found] == [
        ("Grantkeeper cluster reader", [""], None),
        ("Grantkeeper grantor", ["/resourceGroups/net-a"], "the condition"),
    ]


@pytest.mark.parametrize("cleanup", [{}, {"cleanup": "report"}, {"cleanup": "delete"}])
def test_only_a_policy_that_cleans_up_brings_the_right_to_delete(cleanup: dict[str, Any]) -> None:
    policy = yaml.safe_dump(BARE | {"grantable": [GRANTABLE]} | cleanup).encode()
    may = [r["role"]["roleName"] for r in rights.of(policy, "") if DELETE in r["role"]["actions"]]
    assert may == (["Grantkeeper grantor"] if "delete" in cleanup.values() else [])


def test_the_condition_is_the_one_generated_from_the_policy() -> None:
    policy = policy_file.load(DEFAULT_POLICY)
    assert rights.condition_for(DEFAULT_POLICY) == condition(policy.grantable_roles)


def test_what_is_no_policy_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("{}\n")
    with pytest.raises(PartError, match="apiVersion: is missing"):
        rights.condition_for(file)
