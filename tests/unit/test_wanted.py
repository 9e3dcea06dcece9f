"""All grants of a cluster: each once, inferred or declared, and judged by policy."""

import pytest

from shared.model import Grant
from shared.policy_file import parse
from shared.roles import ACR_PULL, BUILT_IN_ROLES
from shared.wanted import wanted
from tests.unit.nouns import (
    CLUSTER,
    KUBELET_PRINCIPAL,
    NET,
    OTHER_SUB,
    POLICY_TEXT,
    PRINCIPAL,
    REGISTRY,
    SUB,
    SUBNET,
    cluster,
    policy,
)
from tests.unit.topologies import (
    ADDON_PRINCIPAL,
    BATCH,
    EVERYWHERE,
    IDENTITY,
    NODES,
    PODS,
    ZONE,
    addon,
    needs,
    pool,
    pools,
)

DECLARED = "{{identity: {0}, role: AcrPull, scope: {1}, because: images}}"
GROUP = f"/subscriptions/{SUB}/resourceGroups/shared-registry"


def found(*args: object, **named: object) -> list[tuple[str, str, str, str]]:
    grants = needs(*args, **named)  # type: ignore[arg-type]
    return [(g.identity, g.principal_id, g.scope, g.refused) for g in grants]


def declared(identity: str, scope: str, more: str = "") -> str:
    return f"grants: [{DECLARED.format(identity, scope)}]\n{more}"


# --- each once ----------------------------------------------------------------------------------


def test_each_grant_is_wanted_once_whatever_the_case() -> None:
    twice = {
        "agentPoolProfiles": [
            pool(vnetSubnetID=NODES, podSubnetID=PODS),
            pool(vnetSubnetID=NODES.upper(), podSubnetID=NODES.lower()),
        ]
    }
    assert [(g.scope, g.because) for g in needs(twice)] == [
        (NODES, "node subnet"),
        (PODS, "pod subnet"),
    ]


def test_what_is_inferred_and_declared_is_wanted_once() -> None:
    by = policy(
        f"grants: [{{identity: controlPlane, role: Network Contributor, scope: {NODES},"
        " because: declared}]\n"
    )
    assert [g.because for g in needs(pools(NODES), by=by)] == ["node subnet"]


def test_two_roles_or_two_identities_at_a_scope_are_two_grants() -> None:
    by = policy(
        f"{EVERYWHERE}grants:\n"
        f"  - {{identity: controlPlane, role: Reader, scope: {NODES}, because: reads}}\n"
        f"  - {{identity: kubelet, role: Network Contributor, scope: {NODES}, because: joins}}\n"
    )
    assert [(g.because, g.identity) for g in needs(pools(NODES), by=by)] == [
        ("node subnet", "controlPlane"),
        ("reads", "controlPlane"),
        ("joins", "kubelet"),
    ]


def test_a_group_that_begins_like_the_node_resource_group_is_another_one() -> None:
    assert len(found(pools(NODES), node_resource_group="net-mai")) == 1
    assert len(found(pools(NODES), node_resource_group="net-main-2")) == 1
    assert len(found(pools(NODES), node_resource_group="")) == 1


def test_the_node_resource_groups_namesake_in_another_subscription_is_another_one() -> None:
    elsewhere = NODES.replace(SUB, OTHER_SUB)
    assert found(pools(NODES, elsewhere), node_resource_group="net-main") == [
        ("controlPlane", PRINCIPAL, elsewhere, "ScopeNotAllowed")
    ]


def test_the_node_resource_group_itself_is_left_to_aks() -> None:
    by = policy(declared("kubelet", GROUP))
    assert found({}, by=by, node_resource_group="Shared-Registry") == []
    assert found({}, by=by) == [("kubelet", KUBELET_PRINCIPAL, GROUP, "")]


# --- declared -----------------------------------------------------------------------------------


def test_a_declared_grant_says_where_it_is_declared() -> None:
    assert needs({}, by=policy(declared("kubelet", REGISTRY))) == (
        Grant("kubelet", KUBELET_PRINCIPAL, ACR_PULL, REGISTRY, "images", "", "policy grants[0]"),
    )


def test_a_declared_grant_is_for_the_clusters_that_match() -> None:
    matching = ", match: {names: [c*], locations: [westus*], tags: {team: pay*}}}]"
    by = policy(declared("kubelet", REGISTRY).replace("}]", matching))
    tags = {"Team": "payments"}
    assert found({}, by=by, tags=tags) == [("kubelet", KUBELET_PRINCIPAL, REGISTRY, "")]
    assert len(found({}, by=by, tags=tags, location="West US 2")) == 1
    assert found({}, by=by, tags=tags, location="eastus") == []
    assert found({}, by=by, tags={"team": "search"}) == []
    assert found({}, by=by) == []


def test_a_declared_scope_is_made_from_the_cluster() -> None:
    text = REGISTRY.replace(SUB, "{subscriptionId}").replace(
        "registries/shared", "registries/{name}{location}"
    )
    by = policy(declared("kubelet", f'"{text}"'))
    assert found({}, by=by) == [
        (
            "kubelet",
            KUBELET_PRINCIPAL,
            REGISTRY.replace("registries/shared", "registries/c1westus2"),
            "",
        )
    ]


def test_a_placeholder_that_the_cluster_does_not_fill_is_no_scope() -> None:
    by = policy(declared("kubelet", f'"{REGISTRY}-{{location}}"'))
    (grant,) = needs({}, by=by, location="west/../us")
    assert (grant.refused, grant.source) == ("InvalidScope", "policy grants[0]")
    assert "west" not in grant.scope


def test_a_profiles_grants_are_for_the_clusters_made_from_it() -> None:
    line = f"    grants: [{DECLARED.format('kubelet', REGISTRY)}]\ngrantable:"
    by = parse(POLICY_TEXT.replace("grantable:", line).encode())
    assert [g.source for g in needs({}, by=by, profile="default")] == [
        "policy profiles.default.grants[0]"
    ]
    assert needs({}, by=by, profile="") == needs({}, by=by, profile="other") == ()


def test_a_declared_grant_at_a_registry_in_abac_mode_gets_the_role_that_it_honours() -> None:
    by = policy(declared("kubelet", REGISTRY))
    abac = {REGISTRY: {"roleAssignmentMode": ("AbacRepositoryPermissions",)}}
    (grant,) = needs({}, abac, by)  # type: ignore[arg-type]
    assert grant.role == BUILT_IN_ROLES["Container Registry Repository Reader"]


def test_a_declared_role_that_the_registry_does_not_honour_is_replaced_either_way() -> None:
    reader = "Container Registry Repository Reader"
    by = policy(declared("kubelet", REGISTRY).replace("AcrPull", reader))
    for mode, role in (("LegacyRegistryPermissions", ACR_PULL),
                       ("AbacRepositoryPermissions", BUILT_IN_ROLES[reader])):  # fmt: skip
        (grant,) = needs({}, {REGISTRY: {"roleAssignmentMode": (mode,)}}, by)
        assert grant.role == role


def test_an_identity_that_is_not_there_yet_is_waited_for() -> None:
    by = policy(declared("kubelet", REGISTRY))
    early = {"identityProfile": None, **pools(NODES)}
    assert found(early, by=by, around={"identity": {"type": "SystemAssigned"}}) == [
        ("controlPlane", "", NODES, ""),
        ("kubelet", "", REGISTRY, ""),
    ]


def test_an_add_on_counts_in_any_case_and_only_if_it_is_on() -> None:
    by = policy(declared("addon:omsAgent", REGISTRY))
    assert found(addon("OMSagent", useAADAuth="true"), by=by) == [
        ("addon:omsagent", ADDON_PRINCIPAL, REGISTRY, "")
    ]
    off = {"addonProfiles": {"omsagent": {"enabled": False, "identity": IDENTITY}}}
    assert found(off, by=by) == found({}, by=by) == []


def test_an_add_on_that_is_off_stands_in_no_other_grants_way() -> None:
    other = DECLARED.format("kubelet", REGISTRY)
    by = policy(f"grants: [{DECLARED.format('addon:omsagent', REGISTRY)}, {other}]\n")
    assert [g.source for g in needs({}, by=by)] == ["policy grants[1]"]


def test_an_add_on_without_an_identity_is_not_waited_for() -> None:
    """Some never have one: Azure Policy."""
    by = policy(declared("addon:azurepolicy", REGISTRY))
    assert found({"addonProfiles": {"azurepolicy": {"enabled": True}}}, by=by) == []


# --- judged -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        (SUBNET, ""),
        (SUBNET.replace("net-main", "secret"), "ScopeNotAllowed"),
        (SUBNET.replace(SUB, OTHER_SUB), "ScopeNotAllowed"),
        (NET.partition("/providers")[0], ""),
    ],
)
def test_what_policy_does_not_allow_is_said_and_kept(scope: str, refused: str) -> None:
    assert found(pools(scope), by=policy()) == [("controlPlane", PRINCIPAL, scope, refused)]


@pytest.mark.parametrize(
    "scope", [f"{SUBNET}/../..", "/", f"/subscriptions/{SUB}", "nonsense", f"{SUBNET}\n", "é" * 500]
)
def test_what_is_no_scope_is_shown_as_it_is_found(scope: str) -> None:
    assert found(pools(scope), by=policy()) == [
        ("controlPlane", PRINCIPAL, ascii(scope[:200]), "InvalidScope")
    ]


def test_a_role_that_policy_does_not_list_is_refused() -> None:
    private = {"apiServerAccessProfile": {"privateDNSZone": ZONE}}
    (grant,) = needs(private, by=policy())
    assert (grant.role, grant.refused) == (
        BUILT_IN_ROLES["Private DNS Zone Contributor"],
        "RoleNotAllowed",
    )


def test_a_declared_grant_hides_no_id_that_is_malformed() -> None:
    """It makes up for an address that is no id at all, not for an id gone wrong."""
    by = policy(
        f"grants: [{{identity: controlPlane, role: Network Contributor, scope: {BATCH},"
        " because: declared}]\n"
    )
    malformed = f"{SUBNET}/../.."
    assert "InvalidScope" in {refused for *_, refused in found(pools(malformed), by=by)}


def test_a_declared_grant_hides_no_scope_that_policy_refuses() -> None:
    """It makes up for what the cluster cannot say, not for what policy does not allow."""
    by = policy(
        f"grants: [{{identity: controlPlane, role: Network Contributor, scope: {BATCH},"
        " because: declared}]\n"
    )
    refused = NODES.replace("net-main", "secret")
    assert found(pools(refused, "odd"), by=by) == [
        ("controlPlane", PRINCIPAL, refused, "ScopeNotAllowed"),
        ("controlPlane", PRINCIPAL, BATCH, ""),
    ]


def many(count: int) -> dict[str, object]:
    """A pool's subnets, and addresses, that make so many grants."""
    nodes, pods, ips = (min(100, max(0, count - at)) for at in (0, 100, 200))
    return {
        "agentPoolProfiles": [
            {"vnetSubnetID": f"{NODES}{n}", **({"podSubnetID": f"{PODS}{n}"} if n < pods else {})}
            for n in range(nodes)
        ],
        "networkProfile": {
            "natGatewayProfile": {
                "outboundIPs": {"publicIPs": [f"{NET}/publicIPAddresses/{n}" for n in range(ips)]}
            }
        },
    }


def test_no_more_grants_are_looked_after_than_fit_a_record() -> None:
    by = policy()
    for count in (249, 250, 251, 300):
        seen = cluster(many(count))
        grants = wanted(seen, CLUSTER, "", by, (SUB,), lambda _: {})
        fault = f"needs {count} roles, of which only 250 are looked after"
        assert len(grants) == min(count, 250)
        assert seen.body.faults == ({"properties": fault} if count > 250 else {})


def test_a_grant_says_what_counts_as_effective() -> None:
    by = policy(
        "propagation: {verify: probe, verifyRules: {podSubnets: loadBalancer}}\n"
        f"grants: [{DECLARED.format('kubelet', REGISTRY)[:-1]}, verify: read}}]\n"
    )
    with_pods = {"agentPoolProfiles": [pool(vnetSubnetID=NODES, podSubnetID=PODS)]}
    assert [(g.scope, g.verify) for g in needs(with_pods, by=by)] == [
        (NODES, "probe"),
        (PODS, "loadBalancer"),
        (REGISTRY, "read"),
    ]
