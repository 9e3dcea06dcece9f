"""However a policy file is damaged: no policy, with a fault that names a field; or one that allows
no more than the file says."""

import copy
from random import Random
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.policy import Policy
from shared.policy_file import PolicyError, parse
from shared.resource_id import parse_scope
from shared.roles import BUILT_IN_ROLES, NEVER_GRANTABLE
from tests.unit.nouns import CLUSTER, OTHER_SUB, POLICY_TEXT, REGISTRY, SUB, SUBNET

WHOLE: dict[str, Any] = yaml.safe_load(
    POLICY_TEXT
    + f"""
grants:
  - identity: kubelet
    role: AcrPull
    scope: {REGISTRY}
    because: images
    match: {{names: [a], tags: {{team: x}}}}
roles: {{nodeSubnets: AcrPull}}
clusters: ["*"]
propagation: {{window: PT60M, verify: read}}
looks: {{resync: PT1H}}
"""
)
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**70, 1.5, "", "*", "/", "..", "Owner", "Reader", "Contributor", [], {},
    [[]], {"a": None}, ["*"], "/subscriptions/*", f"/subscriptions/{SUB}", "PT0S", "\n", "é",
    "/subscriptions/*/resourceGroups/*", NEVER_GRANTABLE["Owner"].upper(), "{name}",
    f"/subscriptions/{OTHER_SUB}/resourceGroups/net-*", "/", "~1", "kubelet", "x" * 2000,
)  # fmt: skip
PROBED = [*BUILT_IN_ROLES.values(), *NEVER_GRANTABLE.values()]
SCOPES = [parse_scope(text) for text in (SUBNET, REGISTRY, SUBNET.replace(SUB, OTHER_SUB))]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_a_damaged_policy_is_refused_or_allows_no_more_than_it_says(seed: int) -> None:
    """10,000 files, a hundred from each number drawn."""
    dice = Random(seed)  # noqa: S311
    for _ in range(100):
        data = damaged(dice)
        try:
            policy = parse(msgspec.json.encode(data))  # JSON is YAML
        except PolicyError as refused:
            assert refused.faults
            assert all(fault.field and fault.message and fault.remedy for fault in refused.faults)
            continue
        allows_no_more(policy, data)
        assert policy.digest
        for grant, place in policy.declared(CLUSTER, "westus2", {"team": "x"}, "default"):
            assert place.startswith("policy ")
            assert grant.scope_for(CLUSTER, "westus2")


@pytest.mark.parametrize("text", [POLICY_TEXT, yaml.safe_dump(WHOLE)])
def test_what_is_cut_short_or_has_a_byte_changed_is_read_or_refused(text: str) -> None:
    dice = Random(0)  # noqa: S311
    whole = text.encode()
    for _ in range(2_000):
        place = dice.randrange(len(whole))
        changed = bytes([dice.randrange(256)])
        for damaged_text in (whole[:place], whole[:place] + changed + whole[place + 1 :]):
            try:
                parse(damaged_text)
            except PolicyError as refused:
                assert refused.faults


def damaged(dice: Random) -> Any:
    """The whole policy with one to three members dropped, replaced, renamed or given twice."""
    data = copy.deepcopy(WHOLE)
    for _ in range(dice.randint(1, 3)):
        places = list(containers(data))
        if not places:
            break
        place = dice.choice(places)
        key = dice.choice(list(place) if isinstance(place, dict) else range(len(place)))
        match dice.randrange(4):
            case 0:
                del place[key]
            case 1:
                place[key] = copy.deepcopy(dice.choice(ODD))
            case 2 if isinstance(place, dict):
                place[f"{key}{dice.choice(['s', '', ' '])}"] = place.pop(key)
            case _:
                other = dice.choice(places)
                if isinstance(other, list):
                    other.append(copy.deepcopy(place[key]))
    return data


def containers(data: Any) -> list[Any]:
    """All mappings and lists that have members."""
    members = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    below = [each for member in members for each in containers(member)]
    return ([data] if isinstance(data, dict | list) and data else []) + below


def allows_no_more(policy: Policy, data: Any) -> None:
    """What is allowed has an entry with the role, and a scope that begins like the pattern."""
    for role in PROBED:
        for scope in SCOPES:
            if policy.refusal(role, scope, (SUB,)) != "":
                continue
            assert role not in NEVER_GRANTABLE.values()
            assert role in policy.grantable_roles
            assert any(
                role in {BUILT_IN_ROLES.get(name, name) for name in entry["roles"]}
                and any(reads_as_covering(text, str(scope)) for text in entry["scopes"])
                for entry in data["grantable"]
            )


def reads_as_covering(pattern: str, scope: str) -> bool:
    """Up to its first wildcard after the subscription the pattern is the scope's beginning."""
    subscription = pattern.split("/")[2]
    written = pattern.replace(subscription, SUB, 1) if subscription == "*" else pattern
    return scope.lower().startswith(written.lower().split("*")[0])
