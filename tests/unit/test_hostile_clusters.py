"""Whatever a cluster's JSON says, nothing raises, and nothing is allowed that policy does not."""

import copy
import json
import re
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import wire
from shared.model import Cluster, Grant
from shared.resource_id import ResourceId
from shared.wanted import remedy, wanted
from tests.unit.nouns import CLUSTER, NET, OTHER_SUB, PRINCIPAL, REGISTRY, SUB, body, policy
from tests.unit.topologies import (
    GATEWAY,
    HUB_NODES,
    IDENTITY,
    KEY_ADDRESS,
    NODE_GROUP,
    NODES,
    PODS,
    SHARED,
    VAULT,
    ZONE,
    pool,
    routing,
)

IPS, COMPUTE = f"{NET}/publicIPAddresses", f"{SHARED}/providers/Microsoft.Compute"
ON = {"enabled": True, "identity": IDENTITY}
RICH = body(
    **routing(f"{NET}/dnsZones/example.org", f"{NET}/privateDnsZones/example.internal"),
    agentPoolProfiles=[
        pool(vnetSubnetID=NODES, podSubnetID=PODS, nodePublicIPPrefixID=f"{IPS}/p"),
        pool(vnetSubnetID=HUB_NODES, hostGroupID=f"{COMPUTE}/hostGroups/h"),
    ],
    apiServerAccessProfile={"enablePrivateCluster": True, "privateDNSZone": ZONE, "subnetId": PODS},
    diskEncryptionSetID=f"{COMPUTE}/diskEncryptionSets/d",
    networkProfile={
        "networkPlugin": "kubenet",
        "loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": f"{IPS}/a"}]}},
        "natGatewayProfile": {"outboundIPs": {"publicIPs": [f"{IPS}/b"]}},
    },
    securityProfile={"azureKeyVaultKms": {"enabled": True, "keyVaultResourceId": VAULT}},
    bootstrapProfile={"containerRegistryId": REGISTRY},
    addonProfiles={
        "ingressApplicationGateway": {**ON, "config": {"applicationGatewayId": GATEWAY}},
        "aciConnectorLinux": {**ON, "config": {"SubnetName": "virtual"}},
        "omsagent": ON,
    },
)  # fmt: skip
POLICY = policy(f"""\
  - roles: [Reader, Private DNS Zone Contributor]
    scopes:
      - /subscriptions/*/resourceGroups/net-main/providers/Microsoft.Network/privateDnsZones/*
      - /subscriptions/*/resourceGroups/shared-things
grants:
  - {{identity: kubelet, role: AcrPull, scope: {REGISTRY}, because: images}}
  - {{identity: controlPlane, role: Reader, because: reads,
     scope: "/subscriptions/{{subscriptionId}}/resourceGroups/net-{{location}}"}}
""")
ENCODED = msgspec.json.encode(RICH)
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Ids and other texts that somebody with write access to a cluster, or to a tag, might try.
HOSTILE: list[Any] = [
    None, "", True, 3, [], {}, "x", "/", "..", "\n", "msi", "System", PRINCIPAL, KEY_ADDRESS,
    [None, 3, NODES], {"id": NODES}, "é" * 600,
    f"/subscriptions/{SUB}", f"/subscriptions/{SUB}/resourceGroups/net-main",
    f"/subscriptions/{SUB}/resourceGroups/secret/providers/Microsoft.Network/natGateways/n",
    f"/subscriptions/{OTHER_SUB}/resourceGroups/net-main",
    f"/subscriptions/{SUB}/resourceGroups/net-(a)/providers/Microsoft.KeyVault/vaults/v",
    f"/SUBSCRIPTIONS/{SUB}/RESOURCEGROUPS/NET-X/PROVIDERS/MICROSOFT.NETWORK/DNSZONES/Z",
    f"{NODE_GROUP}/providers/Microsoft.Network/natGateways/n",
    "/providers/Microsoft.Management/managementGroups/root",
    f"{NODES}/../../../../../..", f"{NODES}/%2e%2e", f"{NODES}?x", f"{NODES}#", f"{NODES}\n",
    f"{NODES}/providers/Microsoft.Authorization/roleAssignments/{PRINCIPAL}",
    f"{REGISTRY}'; az role assignment create --role Owner",
]  # fmt: skip

# One text for all the resources of which something is read.
RESOURCE = """{"properties": {
"loginServer": "a", "roleAssignmentMode": "b", "routeTable": {"id": "c"}, "principalId": "g",
"networkSecurityGroup": {"id": "d"}, "dhcpOptions": {"dnsServers": ["e", null]},
"gatewayIPConfigurations": [{"properties": {"subnet": {"id": "f"}}}, {"properties": null}]}}"""

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> list[Path]:
    """The ways to every value in a JSON document but the root."""
    below: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    deeper = [found for step, each in below for found in paths(each, (*path, step))]
    return [*([path] if path else []), *deeper]


PATHS = paths(RICH)


def changed(*changes: tuple[Path, Any]) -> bytes:
    """The rich cluster with other values, in places that the changes before have left there."""
    document = json.loads(ENCODED)
    for (*path, last), value in changes:
        place = document
        for step in path:
            place = _at(place, step)
        if isinstance(place, dict):
            place[last] = copy.deepcopy(value)  # or a later change reaches into the list of values
    return msgspec.json.encode(document)


def _at(place: Any, step: str | int) -> Any:
    if isinstance(place, dict):
        return place.get(step)
    if isinstance(place, list) and isinstance(step, int) and step < len(place):
        return place[step]
    return None


def is_allowed(grant: Grant) -> bool:
    """What `POLICY` says, in other words than the product's."""
    *_, subscription, _, group = grant.scope.split("/")[:5]
    resource = grant.scope.split("/")[5:]
    in_net, in_shared = group.lower().startswith("net-"), group.lower().startswith("shared-")
    of_networks = grant.role in {
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "b93aa761-3e63-49ed-ac28-beffa264f7ac",
    }
    of_zones = grant.role in {
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "b12aa53e-6015-4669-85d0-8515ebb3ae7f",
    }
    in_zone = group.lower() == "net-main" and "privatednszones" in map(str.lower, resource[2:3])
    return subscription == SUB and (
        (of_networks and (in_net or in_shared))
        or (of_zones and (in_zone or group.lower() == "shared-things"))
    )


def assert_safe(text: bytes) -> None:
    """Every grant that this cluster gets is safe to make, or refused with a safe line."""
    cluster = wire.cluster(text, str(CLUSTER))
    assert all(GUID.fullmatch(principal) for principal in cluster.principals.values())
    grants = wanted(cluster, CLUSTER, "", POLICY, (SUB,), facts_of(text))
    triples = {(grant.identity, grant.role, grant.scope.lower()) for grant in grants}
    assert len(triples) == len(grants)
    for grant in grants:
        assert_granted_safely(grant, cluster)


def assert_granted_safely(grant: Grant, cluster: Cluster) -> None:
    assert grant.principal_id == cluster.principals.get(grant.identity, "")
    assert GUID.fullmatch(grant.role)
    assert grant.source.isprintable()
    assert grant.scope.isascii() and grant.scope.isprintable()
    assert remedy(grant).isprintable()
    if grant.refused == "InvalidScope":
        assert "az role" not in remedy(grant)
        return
    assert re.fullmatch(r"/subscriptions/[-0-9a-f]{36}/resourceGroups(/[-\w.()]+)+", grant.scope)
    assert not {".", ".."} & set(grant.scope.split("/"))
    assert grant.scope.split("/")[4].lower() != cluster.node_resource_group.lower()
    assert is_allowed(grant) is not bool(grant.refused)


def facts_of(text: bytes) -> Any:
    """Resources that are as hostile as the cluster is: each points at something in it."""

    def related(resource: ResourceId) -> dict[str, tuple[str, ...]] | None:
        if len(text) % 3 == 0:
            return None
        ids = tuple(each for each in HOSTILE if isinstance(each, str))
        pointer = ids[(len(text) + len(resource.key)) % len(ids)]
        names = {name for facts in wire.FACTS.values() for name in facts}
        return dict.fromkeys(names, (pointer, NODES))

    return related


def test_the_cluster_that_is_made_hostile_has_grants_of_each_kind() -> None:
    cluster = wire.cluster(ENCODED)
    grants = wanted(cluster, CLUSTER, "", POLICY, (SUB,), lambda _: {})
    assert {grant.refused for grant in grants} == {
        "", "RoleNotAllowed", "RoleNeverAllowed", "ScopeNotAllowed"}  # fmt: skip
    assert len({grant.because for grant in grants}) > 15


def test_each_hostile_value_in_each_place_is_safe() -> None:
    for path in PATHS:
        for value in HOSTILE:
            assert_safe(changed((path, value)))


@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(HOSTILE)), max_size=5))
@settings(max_examples=500)
def test_hostile_values_together_are_safe(changes: list[tuple[Path, Any]]) -> None:
    assert_safe(changed(*changes))


def assert_cluster_or_error(text: bytes) -> None:
    try:
        cluster = wire.cluster(text)
    except msgspec.DecodeError:
        return
    assert all(GUID.fullmatch(principal) for principal in cluster.principals.values())
    assert re.fullmatch(r"[-\w]*", cluster.provisioning_state + cluster.resource_uid)


PIECES = [b"", b"null", b"[", b"}", b'"', b"\\", b"\xff", b"..", b"1e999"]


def test_a_cluster_spoilt_at_any_byte_is_a_cluster_or_an_error() -> None:
    for position in range(len(ENCODED)):
        for piece in PIECES:
            assert_cluster_or_error(ENCODED[:position] + piece + ENCODED[position + 3 :])
    assert len(ENCODED) * len(PIECES) > 10_000


@given(st.binary() | st.from_regex(rb'\{"id": "x", "(properties|identity|tags)": .*'))
def test_no_text_is_a_cluster_by_chance(text: bytes) -> None:
    assert_cluster_or_error(text)


@pytest.mark.parametrize("kind", sorted(wire.FACTS))
def test_a_resource_spoilt_at_any_byte_has_facts_or_is_an_error(kind: str) -> None:
    text = RESOURCE.encode()
    assert any(wire.facts(kind, text).values())
    for position, piece, length in product(range(len(text)), PIECES, range(6)):
        try:
            found = wire.facts(kind, text[:position] + piece + text[position + length :])
        except msgspec.DecodeError:
            continue
        assert found.keys() == wire.FACTS[kind].keys()
        assert all(value and isinstance(value, str) for each in found.values() for value in each)
    assert len(text) * len(PIECES) * 6 > 10_000
