"""Which roles a cluster's identities need, where, and under which name they are written."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.grants import assignment_name, wanted
from shared.model import Cluster, Grant, Pool
from shared.policy import Policy
from shared.roles import ACR_PULL, BUILT_IN_ROLES, NETWORK_CONTRIBUTOR
from tests.unit.nouns import (
    CLUSTER,
    KUBELET_PRINCIPAL,
    NET,
    OTHER_SUB,
    PRINCIPAL,
    REGISTRY,
    SUB,
    SUBNET,
    cluster,
    grant,
    policy,
)

PODS = SUBNET.replace("nodes", "pods")
ADDRESS = f"{NET}/publicIPAddresses/out"
DECLARED = "grants: [{{identity: {0}, role: AcrPull, scope: {1}, because: images}}]\n"


def found(seen: Cluster, by: Policy | None = None) -> list[tuple[str, str, str, str]]:
    grants = wanted(seen, CLUSTER, by or policy(), (SUB,))
    return [(g.identity, g.principal_id, g.scope, g.refused) for g in grants]


def test_node_subnets() -> None:
    assert wanted(cluster(), CLUSTER, policy(), (SUB,)) == (
        Grant("controlPlane", PRINCIPAL, NETWORK_CONTRIBUTOR, SUBNET, "node subnet"),
    )


def test_pod_subnets_and_outbound_ips() -> None:
    seen = cluster(pools=(Pool("a", SUBNET, PODS),), outbound_ip_ids=(ADDRESS,))
    assert [g.because for g in wanted(seen, CLUSTER, policy(), (SUB,))] == [
        "node subnet",
        "pod subnet",
        "outbound IP",
    ]


def test_a_cluster_without_a_network_of_its_own_needs_nothing() -> None:
    assert found(cluster(pools=(Pool("a"),))) == []


def test_each_grant_is_wanted_once() -> None:
    pools = (Pool("a", SUBNET, PODS), Pool("b", SUBNET.upper(), PODS))
    assert [scope for *_, scope, _ in found(cluster(pools=pools))] == [SUBNET, PODS]


@pytest.mark.parametrize("group", ["net-main", "NET-MAIN"])
def test_nothing_is_wanted_in_the_node_resource_group(group: str) -> None:
    assert found(cluster(node_resource_group=group)) == []


def test_a_group_that_begins_like_the_node_resource_group_is_another_one() -> None:
    assert len(found(cluster(node_resource_group="net-mai"))) == 1


def test_declared_grants_are_wanted_of_every_cluster() -> None:
    by = policy(DECLARED.format("kubelet", REGISTRY))
    assert found(cluster(pools=()), by) == [("kubelet", KUBELET_PRINCIPAL, REGISTRY, "")]


def test_an_identity_that_is_not_there_yet_is_waited_for() -> None:
    by = policy(DECLARED.format("kubelet", REGISTRY))
    assert found(cluster(pools=(), principals={}), by) == [("kubelet", "", REGISTRY, "")]


def test_an_add_on_counts_in_any_case_and_only_if_it_is_on() -> None:
    by = policy(DECLARED.format("addon:omsAgent", REGISTRY))
    on = cluster(pools=(), principals={"addon:omsagent": PRINCIPAL})
    assert found(on, by) == [("addon:omsagent", PRINCIPAL, REGISTRY, "")]
    assert found(cluster(pools=()), by) == []


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        (SUBNET.replace("net-main", "secret"), "ScopeNotAllowed"),
        (SUBNET.replace(SUB, OTHER_SUB), "SubscriptionNotAllowed"),
        (f"{SUBNET}/../..", "InvalidScope"),
        ("/", "InvalidScope"),
        (f"/subscriptions/{SUB}", "InvalidScope"),
        ("nonsense", "InvalidScope"),
    ],
)
def test_what_policy_does_not_allow_is_said_and_kept(scope: str, refused: str) -> None:
    assert found(cluster(pools=(Pool("a", scope),))) == [
        ("controlPlane", PRINCIPAL, scope, refused)
    ]


def test_names_are_the_same_for_ever() -> None:
    """Changing how they are made would write every assignment anew."""
    assert assignment_name(grant()) == "ff8e084d-1d05-5ed6-8adb-d0b603e420c7"
    other = grant(principal_id=KUBELET_PRINCIPAL, role=ACR_PULL, scope=REGISTRY)
    assert assignment_name(other) == "68f5bf12-2e4b-59bc-a1a2-f0c92bfe1bbe"


def test_a_name_holds_principal_role_and_scope_and_nothing_else() -> None:
    name = assignment_name(grant())
    assert assignment_name(grant(principal_id=KUBELET_PRINCIPAL)) != name
    assert assignment_name(grant(role=BUILT_IN_ROLES["Reader"])) != name
    assert assignment_name(grant(scope=PODS)) != name
    assert assignment_name(grant(because="other", identity="other", refused="x")) == name


@given(st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_a_name_does_not_depend_on_case(change: Callable[[str], str]) -> None:
    changed = grant(scope=change(SUBNET), principal_id=change(PRINCIPAL))
    assert assignment_name(changed) == assignment_name(grant())
