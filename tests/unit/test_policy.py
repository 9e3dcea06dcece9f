"""policy.yaml is checked when it is read, and a fault names its field."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.policy import Parameter, PolicyError, load, parse
from shared.resource_id import ClusterId, parse_scope
from shared.roles import BUILT_IN_ROLES
from tests.unit.nouns import CLUSTER, OTHER_SUB, POLICY_TEXT, REGISTRY, SUB, SUBNET, policy

ROOT = Path(__file__).resolve().parents[2]
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
GRANT = "grants: [{{identity: {0}, role: {1}, scope: {2}, because: x}}]\n"


@pytest.mark.parametrize("path", [ROOT / "policy.yaml", ROOT / "infra/stack/policy.yaml"])
def test_the_shipped_policies_are_usable(path: Path) -> None:
    assert load(path).profiles


def test_what_is_left_out_has_azures_figures() -> None:
    usual = policy()
    assert usual.propagation.window == timedelta(minutes=60)
    assert (usual.propagation.verify, usual.propagation.consecutive_reads) == ("read", 3)
    assert usual.looks.resync == timedelta(days=1)
    assert usual.grants == ()


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("grantkeeper/v1", "grantkeeper/v0", "apiVersion"),
        ("profiles:", "profile:", "profile"),
        ("grantable:", "grantables:", "grantables"),
        ("roles: [Network Contributor, AcrPull]", "roles: [Owner]", "Owner"),
        ("roles: [Network Contributor, AcrPull]", f"roles: [{OWNER}]", "Owner"),
        ("roles: [Network Contributor, AcrPull]", "roles: AcrPull", "grantable.roles"),
        ("resourceGroups:", "groups:", "groups"),
        ("type: integer", "type: float", "parameters"),
        ("path: /properties", "path: properties", "nodeCount.path"),
        ("type: integer", "type: string", "nodeCount"),
        ("minimum: 1", "minimum: one", "minimum"),
        ("SystemAssigned", "None", "identity.type"),
        ("SystemAssigned", "ServicePrincipal", "identity.type"),
        ("identity: {type: SystemAssigned}", "sku: {}", "identity.type"),
        ("agentPoolProfiles: [", "pools: [", "agentPoolProfiles"),
        ("      properties:\n", "      properties:\n        servicePrincipalProfile: {}\n",
         "servicePrincipalProfile"),
        ("agentPoolProfiles/0/count", "agentPoolProfiles/1/count", "nodeCount.path"),
        ("agentPoolProfiles/0/count", "agentPoolProfiles/first/count", "nodeCount.path"),
        ("agentPoolProfiles/0/count", "agentPoolProfiles/0/count/of", "nodeCount.path"),
        ("type: integer", "type: string, enum: [a]", "nodeCount: minimum"),
        ("type: integer", "type: integer, pattern: x", "nodeCount.pattern"),
        ("type: integer, minimum: 1, maximum: 10", "type: string, pattern: '['",
         "nodeCount.pattern"),
        ("roles: [Network Contributor, AcrPull]", "roles: [AcrPul]", "grantable.roles"),
        ("grantable:\n", "grantable:\n  subscriptions: [mine]\n", "grantable.subscriptions"),
        ("      identity: {", "      tags: [a]\n      identity: {", "tags"),
    ],
)  # fmt: skip
def test_a_fault_names_its_field(before: str, after: str, named: str) -> None:
    assert before in POLICY_TEXT
    with pytest.raises(PolicyError) as fault:
        parse(POLICY_TEXT.replace(before, after, 1).encode())
    assert named in str(fault.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GRANT.format("kubelets", "AcrPull", REGISTRY), "grants[0].identity"),
        (GRANT.format("kubelet", "AcrPul", REGISTRY), "grants[0].role"),
        (GRANT.format("kubelet", OWNER, REGISTRY), "Owner"),
        (GRANT.format("kubelet", "AcrPull", f"/subscriptions/{SUB}"), "grants[0].scope"),
        (GRANT.format("kubelet", "AcrPull", "/"), "grants[0].scope"),
        (GRANT.format("kubelet", "AcrPull", f"{REGISTRY}/.."), "grants[0].scope"),
        ("propagation: {window: PT0S}\n", "propagation"),
        ("propagation: {consecutiveReads: 0}\n", "propagation"),
        ("propagation: {window: 60 minutes}\n", "propagation.window"),
        ("propagation: {verify: hope}\n", "propagation.verify"),
        ("looks: {resync: -1}\n", "looks.resync"),
        ("looks: {absent: PT0S}\n", "looks.absent"),
        ("clusters: 5\n", "clusters"),
        ("surprise: 1\n", "surprise"),
    ],
)
def test_a_fault_in_an_added_line_names_its_field(text: str, named: str) -> None:
    with pytest.raises(PolicyError) as fault:
        policy(text)
    assert named in str(fault.value)


@pytest.mark.parametrize("text", [b"", b"- a", b"\x00", b"a: [", b"{}"])
def test_what_is_no_policy_is_refused(text: bytes) -> None:
    with pytest.raises(PolicyError):
        parse(text)


@pytest.mark.parametrize(
    ("role", "scope", "refusal"),
    [
        ("Network Contributor", SUBNET, ""),
        ("Network Contributor", SUBNET.replace("net-main", "NET-MAIN"), ""),
        ("AcrPull", REGISTRY, ""),
        ("Reader", SUBNET, "RoleNotAllowed"),
        ("Network Contributor", SUBNET.replace("net-main", "my-net-main"), "ScopeNotAllowed"),
        ("Network Contributor", SUBNET.replace(SUB, OTHER_SUB), "SubscriptionNotAllowed"),
    ],
)
def test_what_may_be_granted_where(role: str, scope: str, refusal: str) -> None:
    assert policy().refusal(BUILT_IN_ROLES[role], parse_scope(scope), (SUB,)) == refusal


def test_named_subscriptions_take_the_place_of_the_managed_ones() -> None:
    text = POLICY_TEXT + f"  subscriptions: [{OTHER_SUB.upper()}]\n"
    allowing = parse(text.encode())
    role = BUILT_IN_ROLES["Network Contributor"]
    there = parse_scope(SUBNET.replace(SUB, OTHER_SUB))
    assert allowing.refusal(role, there, (SUB,)) == ""
    assert allowing.refusal(role, parse_scope(SUBNET), (SUB,)) == "SubscriptionNotAllowed"


def test_declared_scopes_name_the_cluster() -> None:
    scope = "/subscriptions/{subscriptionId}/resourceGroups/net-{resourceGroup}-{name}"
    (declared,) = policy(GRANT.format("kubelet", "AcrPull", f"'{scope}'")).grants
    expected = f"/subscriptions/{SUB}/resourceGroups/net-clusters-c1"
    assert declared.scope_for(CLUSTER) == expected


@pytest.mark.parametrize(
    ("name", "managed"), [("team-a", True), ("TEAM-B", True), ("other", False), ("a-team-a", False)]
)
def test_clusters_are_managed_by_name(name: str, managed: bool) -> None:
    narrowed = policy('clusters: ["team-*"]\n')
    assert narrowed.manages(ClusterId(SUB, "g", name)) is managed
    assert policy().manages(ClusterId(SUB, "g", name))


@pytest.mark.parametrize(
    ("parameter", "value", "fault"),
    [
        (Parameter("/a", "integer", minimum=1, maximum=3), 1, ""),
        (Parameter("/a", "integer", minimum=1, maximum=3), 3, ""),
        (Parameter("/a", "integer", minimum=1, maximum=3), 0, "at least 1"),
        (Parameter("/a", "integer", minimum=1, maximum=3), 4, "at most 3"),
        (Parameter("/a", "integer"), True, "type integer"),
        (Parameter("/a", "integer"), "1", "type integer"),
        (Parameter("/a", "boolean"), True, ""),
        (Parameter("/a", "boolean"), 1, "type boolean"),
        (Parameter("/a", "string", enum=("x", "y")), "x", ""),
        (Parameter("/a", "string", enum=("x", "y")), "z", "one of x, y"),
        (Parameter("/a", "string", pattern="[a-z]+"), "abc", ""),
        (Parameter("/a", "string", pattern="[a-z]+"), "abc\n", "match"),
        (Parameter("/a", "string", pattern="[a-z]+"), "1abc", "match"),
        (Parameter("/a", "string", pattern="[a-z]+"), 1, "type string"),
    ],
)
def test_a_parameter_keeps_to_its_bounds(parameter: Parameter, value: object, fault: str) -> None:
    found = parameter.fault(value)
    assert fault in found
    assert bool(fault) == bool(found)
