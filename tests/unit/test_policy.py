"""What a policy allows, and which grants it declares for which cluster."""

from datetime import timedelta

import pytest

from shared.declared import Verify
from shared.policy import Parameter
from shared.policy_file import parse
from shared.resource_id import ClusterId, parse_scope
from shared.roles import BUILT_IN_ROLES, NETWORK_CONTRIBUTOR, NEVER_GRANTABLE
from tests.unit.nouns import CLUSTER, OTHER_SUB, POLICY_TEXT, REGISTRY, SUB, SUBNET, policy

CUSTOM = "12345678-2222-3333-4444-555555555555"
TWO_ENTRIES = """
apiVersion: grantkeeper/v1
profiles: {}
grantable:
  - roles: [Network Contributor, %s]
    scopes: ["/subscriptions/*/resourceGroups/net-*"]
    dataActions: [Microsoft.Storage/a/read, Microsoft.Network/b/action]
  - roles: [AcrPull, Key Vault Secrets User]
    scopes:
      - /subscriptions/%s/resourceGroups/shared-*/providers/Microsoft.ContainerRegistry/registries/*
    dataActions: [Microsoft.Storage/c/read]
""" % (CUSTOM.upper(), OTHER_SUB)  # noqa: UP031


def test_what_is_left_out_has_azures_figures() -> None:
    usual = policy()
    assert usual.propagation.window == timedelta(minutes=60)
    assert (usual.propagation.verify, usual.propagation.consecutive_reads) == ("read", 3)
    looks = usual.looks
    assert looks.provisioning == looks.absent == timedelta(minutes=1)
    assert (looks.blocked, looks.resync) == (timedelta(hours=1), timedelta(days=1))
    assert (usual.grants, usual.roles, usual.clusters) == ((), {}, ("*",))
    assert not usual.profiles["default"].create_resource_group


def test_the_digest_is_the_meanings_not_the_texts() -> None:
    usual = policy()
    assert policy("# a comment\nclusters: ['*']\n").digest == usual.digest
    assert policy("clusters: ['a']\n").digest != usual.digest
    assert len(usual.digest) == 16


@pytest.mark.parametrize(
    ("role", "scope", "refusal"),
    [
        ("Network Contributor", SUBNET, ""),
        ("Network Contributor", SUBNET.replace("net-main", "NET-MAIN"), ""),
        ("AcrPull", REGISTRY, ""),
        ("Reader", SUBNET, "RoleNotAllowed"),
        ("Network Contributor", SUBNET.replace("net-main", "my-net-main"), "ScopeNotAllowed"),
        ("Network Contributor", SUBNET.replace(SUB, OTHER_SUB), "ScopeNotAllowed"),
    ],
)
def test_what_may_be_granted_where(role: str, scope: str, refusal: str) -> None:
    assert policy().refusal(BUILT_IN_ROLES[role], parse_scope(scope), (SUB,)) == refusal


@pytest.mark.parametrize("role", NEVER_GRANTABLE.values())
def test_roles_that_can_grant_are_refused_for_what_they_are(role: str) -> None:
    assert policy().refusal(role, parse_scope(SUBNET), (SUB,)) == "RoleNeverAllowed"


def test_role_and_scope_must_be_of_the_same_entry() -> None:
    two = parse(TWO_ENTRIES.encode())
    there = parse_scope(REGISTRY.replace(SUB, OTHER_SUB))
    acr_pull = BUILT_IN_ROLES["AcrPull"]
    assert two.refusal(acr_pull, there, (SUB,)) == ""
    assert two.refusal(acr_pull, parse_scope(SUBNET), (SUB,)) == "ScopeNotAllowed"
    assert two.refusal(CUSTOM, parse_scope(SUBNET), (SUB,)) == ""
    assert two.refusal(CUSTOM, there, (SUB,)) == "ScopeNotAllowed"


def test_a_role_of_two_entries_may_be_granted_at_the_scopes_of_either() -> None:
    both = parse(TWO_ENTRIES.replace("[AcrPull,", f"[AcrPull, {CUSTOM},").encode())
    for scope in (SUBNET, REGISTRY.replace(SUB, OTHER_SUB)):
        assert both.refusal(CUSTOM, parse_scope(scope), (SUB,)) == ""


def test_the_grantable_roles_are_guids_in_order() -> None:
    names = ("Network Contributor", "AcrPull", "Key Vault Secrets User")
    expected = sorted([CUSTOM, *(BUILT_IN_ROLES[name] for name in names)])
    assert parse(TWO_ENTRIES.encode()).grantable_roles == tuple(expected)


def test_data_actions_are_known_of_built_in_roles_and_declared_of_others() -> None:
    two = parse(TWO_ENTRIES.encode())
    assert two.data_actions(CUSTOM) == ("Microsoft.Network/b/action", "Microsoft.Storage/a/read")
    assert two.data_actions(BUILT_IN_ROLES["Key Vault Secrets User"]) == (
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        "Microsoft.Storage/c/read",
    )
    assert two.data_actions(BUILT_IN_ROLES["Reader"]) == ()


def test_a_rule_may_have_a_role_other_than_the_usual() -> None:
    text = POLICY_TEXT.replace("[Network Contributor,", f"[Network Contributor, {CUSTOM},")
    replaced = parse(f"{text}roles: {{nodeSubnets: {CUSTOM.upper()}}}\n".encode())
    assert replaced.role_for("nodeSubnets", NETWORK_CONTRIBUTOR) == CUSTOM
    assert replaced.role_for("podSubnets", NETWORK_CONTRIBUTOR) == NETWORK_CONTRIBUTOR


DECLARING = POLICY_TEXT.replace(
    "    cluster:\n",
    f"    grants: [{{identity: kubelet, role: AcrPull, scope: {REGISTRY}, because: profile}}]\n"
    "    cluster:\n",
) + (
    f"grants:\n"
    f"  - {{identity: kubelet, role: AcrPull, scope: {REGISTRY}, because: other,"
    f" match: {{names: [other]}}}}\n"
    f"  - {{identity: kubelet, role: AcrPull, scope: {REGISTRY}, because: tagged,"
    f" match: {{tags: {{team: pay}}, locations: [westus2]}}}}\n"
)


@pytest.mark.parametrize(
    ("location", "tags", "profile", "declared"),
    [
        ("westus2", {}, "", {}),
        ("westus2", {"Team": "pay"}, "", {"policy grants[1]": "tagged"}),
        ("eastus", {"Team": "pay"}, "", {}),
        ("westus2", {}, "gone", {}),
        ("westus2", {}, "default", {"policy profiles.default.grants[0]": "profile"}),
        (
            "West US 2",
            {"team": "pay"},
            "default",
            {"policy grants[1]": "tagged", "policy profiles.default.grants[0]": "profile"},
        ),
    ],
)
def test_declared_grants_come_with_their_place(
    location: str, tags: dict[str, str], profile: str, declared: dict[str, str]
) -> None:
    found = parse(DECLARING.encode()).declared(CLUSTER, location, tags, profile)
    assert {place: grant.because for grant, place in found} == declared


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
        (Parameter("/a", "integer", minimum=1, maximum=3), 0, "must be at least 1"),
        (Parameter("/a", "integer", minimum=1, maximum=3), 4, "must be at most 3"),
        (Parameter("/a", "integer"), True, "must be of type integer"),
        (Parameter("/a", "integer"), "1", "must be of type integer"),
        (Parameter("/a", "boolean"), True, ""),
        (Parameter("/a", "boolean"), 1, "must be of type boolean"),
        (Parameter("/a", "string", enum=("x", "y")), "x", ""),
        (Parameter("/a", "string", enum=("x", "y")), "z", "must be one of x, y"),
        (Parameter("/a", "string", pattern="[a-z]+"), "abc", ""),
        (Parameter("/a", "string", pattern="[a-z]+"), "abc\n", "must match [a-z]+"),
        (Parameter("/a", "string", pattern="[a-z]+"), "1abc", "must match [a-z]+"),
        (Parameter("/a", "string", pattern="[a-z]+"), 1, "must be of type string"),
    ],
)
def test_a_parameter_keeps_to_its_bounds(parameter: Parameter, value: object, fault: str) -> None:
    assert parameter.fault(value) == fault


def test_a_parameter_may_be_an_item_of_a_list() -> None:
    cluster = {"zones": ["1", "2"], "properties": {}}
    Parameter("/zones/1", "string").put(cluster, "3")
    assert cluster["zones"] == ["1", "3"]


@pytest.mark.parametrize(
    ("profile", "rule", "declared", "verify"),
    [
        ("", "", None, "probe"),
        ("default", "", None, "read"),
        ("gone", "", None, "probe"),
        ("", "nodeSubnets", None, "loadBalancer"),
        ("default", "nodeSubnets", None, "loadBalancer"),
        ("default", "podSubnets", None, "read"),
        ("default", "", "loadBalancer", "loadBalancer"),
        ("", "", "read", "read"),
    ],
)
def test_the_narrowest_place_says_what_counts_as_effective(
    profile: str, rule: str, declared: Verify | None, verify: Verify
) -> None:
    rules = "propagation: {verify: probe, verifyRules: {nodeSubnets: loadBalancer}}\n"
    text = POLICY_TEXT.replace("  default:\n", "  default:\n    verify: read\n") + rules
    assert parse(text.encode()).verify_for(profile, rule, declared) == verify


def test_nothing_is_learned_from_denials_unless_policy_says_so() -> None:
    assert policy().propagation.learn is False


def test_without_a_rule_the_policys_own_way_to_verify_holds() -> None:
    own = policy("propagation: {verify: probe, verifyRules: {nodeSubnets: read}}\n")
    assert own.verify_for("") == "probe"
    assert own.verify_for("", "nodeSubnets") == "read"
