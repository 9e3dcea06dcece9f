"""Nothing leaves for ARM that is not on the list, whatever the SDKs make of a scope."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from azure.mgmt.authorization.v2022_04_01 import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters
from azure.mgmt.containerservice import ContainerServiceClient
from hypothesis import given
from hypothesis import strategies as st

from infra.emulator import Emulator, EmulatorTransport
from infra.emulator.knobs import Knobs
from infra.emulator.wire import Request, Response
from shared.arm import Arm, connect
from shared.egress import EgressGuard, allowed
from shared.errors import Failure, Terminal
from shared.resource_id import Scope, cluster_id
from shared.settings import Settings, WorkStorage

ENDPOINT = "https://management.azure.com"
SUB = "11111111-2222-3333-4444-555555555555"
NAME = "aaaaaaaa-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUB}/resourceGroups/g"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/c"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/shared"
NETWORK = SUBNET.rpartition("/subnets/")[0]
GATEWAY = f"{GROUP}/providers/Microsoft.Network/applicationGateways/gw"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions"
ASSIGNMENT = f"providers/Microsoft.Authorization/roleAssignments/{NAME}"

LISTED = [
    ("GET", f"/subscriptions/{SUB}/providers/Microsoft.ContainerService/managedClusters"),
    ("GET", f"/subscriptions/{SUB}/providers/Microsoft.Authorization/roleAssignments"),
    ("GET", CLUSTER),
    ("PUT", CLUSTER),
    ("PUT", CLUSTER.replace("/g/", "/%28g%29/")),
    ("POST", f"{CLUSTER}/runCommand"),
    ("GET", f"{CLUSTER}/commandResults/0123456789abcdef"),
    ("GET", GROUP),
    ("PUT", GROUP),
    ("PUT", f"{GROUP}/{ASSIGNMENT}"),
    ("PUT", f"{SUBNET}/{ASSIGNMENT}"),
    ("PUT", f"{REGISTRY}/{ASSIGNMENT}"),
    ("GET", f"{SUBNET}/{ASSIGNMENT}"),
    ("DELETE", f"{SUBNET}/{ASSIGNMENT}"),
    ("GET", REGISTRY),
    ("GET", SUBNET),
    ("GET", NETWORK),
    ("GET", GATEWAY),
    ("GET", IDENTITY),
    ("GET", f"/subscriptions/{SUB}/{DEFINITIONS}/{NAME}"),
    ("GET", f"/subscriptions/{SUB}/providers/Microsoft.Authorization/denyAssignments"),
    ("GET", f"{GROUP}/providers/Microsoft.Authorization/locks"),
    ("GET", f"{SUBNET}/providers/Microsoft.Authorization/locks"),
]


@pytest.mark.parametrize(("method", "path"), LISTED)
def test_what_the_product_does_is_allowed(method: str, path: str) -> None:
    assert allowed(method, f"{ENDPOINT}{path}?api-version=2025-07-01", ENDPOINT)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", CLUSTER),
        ("PATCH", CLUSTER),
        ("POST", CLUSTER),
        ("POST", f"{CLUSTER}/listClusterAdminCredential"),
        ("POST", f"{CLUSTER}/listClusterUserCredential"),
        ("DELETE", GROUP),
        ("PUT", f"/subscriptions/{SUB}"),
        ("PUT", f"/{ASSIGNMENT}"),
        ("PUT", f"/subscriptions/{SUB}/{ASSIGNMENT}"),
        ("PUT", f"/providers/Microsoft.Management/managementGroups/mg/{ASSIGNMENT}"),
        ("DELETE", f"/subscriptions/{SUB}/{ASSIGNMENT}"),
        ("DELETE", f"/providers/Microsoft.Management/managementGroups/mg/{ASSIGNMENT}"),
        ("PATCH", f"{SUBNET}/{ASSIGNMENT}"),
        ("PUT", f"{SUBNET}/{ASSIGNMENT}/x"),
        ("PUT", SUBNET),
        ("PUT", NETWORK),
        ("GET", f"/subscriptions/{SUB}/providers/Microsoft.Authorization/locks"),
        ("PUT", f"{SUBNET}/providers/Microsoft.Authorization/locks/keep"),
        ("DELETE", f"{SUBNET}/providers/Microsoft.Authorization/locks/keep"),
        ("PUT", GATEWAY),
        ("PUT", IDENTITY),
        ("GET", f"{IDENTITY}/federatedIdentityCredentials/f"),
        ("GET", IDENTITY.rpartition("/")[0]),
        ("DELETE", SUBNET),
        ("POST", f"{NETWORK}/subnets"),
        ("GET", f"{NETWORK}/subnets"),
        ("GET", f"{NETWORK}/virtualNetworkPeerings/p"),
        ("GET", f"{SUBNET}/x/y"),
        ("GET", f"{GATEWAY}/authenticationCertificates/c"),
        ("GET", f"{GROUP}/providers/Microsoft.Network/routeTables/rt"),
        ("GET", f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"),
        ("GET", f"{GROUP}/providers/Microsoft.KeyVault/vaults/v/secrets/s"),
        ("GET", f"/subscriptions/{SUB}/{DEFINITIONS}"),
        ("GET", f"/subscriptions/{SUB}/{DEFINITIONS}/Owner"),
        ("PUT", f"/subscriptions/{SUB}/{DEFINITIONS}/{NAME}"),
        ("DELETE", f"/subscriptions/{SUB}/{DEFINITIONS}/{NAME}"),
        ("GET", f"{GROUP}/{DEFINITIONS}/{NAME}"),
        ("GET", f"/subscriptions/{SUB}/{ASSIGNMENT}"),
        ("GET", f"{SUBNET}/providers/Microsoft.Authorization/denyAssignments"),
        ("GET", f"/subscriptions/{SUB}/providers/Microsoft.Authorization/denyAssignments/{NAME}"),
        ("PUT", f"/subscriptions/{SUB}/providers/Microsoft.Authorization/denyAssignments/{NAME}"),
        ("GET", f"{REGISTRY}/listCredentials"),
        ("PUT", f"{GROUP}/../../{ASSIGNMENT}"),
        ("PUT", f"{GROUP}/%2e%2e/{ASSIGNMENT}"),
        ("PUT", f"{GROUP}%2f..%2f/{ASSIGNMENT}"),
        ("PUT", f"{GROUP}/providers/../x/y/{ASSIGNMENT}"),
        ("PUT", f"{GROUP}/providers/./x/y/{ASSIGNMENT}"),
        ("PUT", f"{GROUP}//{ASSIGNMENT}"),
        ("PUT", CLUSTER + "\n"),
        ("GET", "/"),
        ("GET", ""),
    ],
)
def test_everything_else_is_refused(method: str, path: str) -> None:
    assert not allowed(method, f"{ENDPOINT}{path}?api-version=2022-04-01", ENDPOINT)


@pytest.mark.parametrize(
    "url",
    [
        f"http://management.azure.com{CLUSTER}",
        f"https://management.azure.com.evil.com{CLUSTER}",
        f"https://evil.com{CLUSTER}",
        f"https://user@management.azure.com{CLUSTER}",
        f"https://management.azure.com:8443{CLUSTER}",
        f"{ENDPOINT}{CLUSTER}#fragment",
        CLUSTER,
    ],
)
def test_only_the_endpoints_own_origin_is_allowed(url: str) -> None:
    assert not allowed("GET", url, ENDPOINT)


PARTS = st.sampled_from(
    ["..", ".", "%2e%2e", "%2f", "#", "?", "//", "/providers/", "roleAssignments", SUB, NAME, "é"]
)


@given(
    st.sampled_from(LISTED), st.integers(0, 300), st.lists(PARTS | st.text(max_size=5), max_size=4)
)
def test_no_allowed_path_climbs_or_hides_anything(
    listed: tuple[str, str], position: int, inserted: list[str]
) -> None:
    method, path = listed
    path = path[:position] + "".join(inserted) + path[position:]
    if allowed(method, ENDPOINT + path, ENDPOINT):
        assert "#" not in path
        seen = path.partition("?")[0]
        assert re.fullmatch(r"(?:[-A-Za-z0-9_.()/]|%2[89])+", seen)
        assert not {"", ".", ".."} & set(seen[1:].split("/"))
        assert seen.lower().startswith(f"/subscriptions/{SUB}/")


@given(st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH"]), st.text())
def test_no_text_is_allowed_by_chance(method: str, text: str) -> None:
    assert not allowed(method, f"{ENDPOINT}/{text}", ENDPOINT)


def anything(role: str, scope: Scope) -> bool:
    """A policy that allows all, so that only the path can be at fault."""
    return True


@pytest.fixture
def azure() -> Emulator:
    return Emulator(Knobs())


def options(azure: Emulator) -> dict[str, Any]:
    return {
        "transport": EmulatorTransport(azure),
        "per_retry_policies": [EgressGuard(ENDPOINT, anything)],
        "retry_total": 0,
    }


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (f"{GROUP}/../../../..", NAME),
        (f"{CLUSTER}/../../../../../..", NAME),
        (f"{GROUP}#", NAME),
        (f"/subscriptions/{SUB}?x=1", NAME),
        (f"/subscriptions/{SUB}", NAME),
        (f"/subscriptions/{SUB}/resourceGroups/%2e%2e/%2e%2e", NAME),
        ("", NAME),
        ("/", NAME),
        ("/providers/Microsoft.Management/managementGroups/root", NAME),
        (GROUP, "../../../x"),
        (GROUP, "n?x"),
        (GROUP, "not-a-guid"),
        (GROUP + "\r\nX-Evil: 1", NAME),
    ],
)
def test_no_injected_scope_reaches_azure_through_the_real_sdk(
    azure: Emulator, scope: str, name: str
) -> None:
    credential = azure.credential(azure.app_identity)
    body = RoleAssignmentCreateParameters(role_definition_id="x", principal_id=NAME)
    with (
        AuthorizationManagementClient(credential, SUB, **options(azure)) as client,
        pytest.raises(Terminal, match="EgressRefused"),
    ):
        client.role_assignments.create(scope, name, body)
    assert azure.world.ledger.entries == []


@pytest.mark.parametrize(
    ("group", "name"), [("..", "n"), ("rg", ".."), ("rg/providers/x", "n?y"), ("a%2f", "n")]
)
def test_no_injected_cluster_name_reaches_azure_through_the_real_sdk(
    azure: Emulator, group: str, name: str
) -> None:
    credential = azure.credential(azure.app_identity)
    with (
        ContainerServiceClient(credential, SUB, **options(azure)) as client,
        pytest.raises((Terminal, ValueError)),
    ):
        client.managed_clusters.get(group, name)
    assert azure.world.ledger.entries == []


class Elsewhere:
    """An ARM that sends everybody to another host."""

    def __init__(self, azure: Emulator, status: int) -> None:
        self.world = azure.world
        self.status = status
        self.asked: list[str] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(request.url)
        there = "https://elsewhere.example/"
        return Response(self.status, {"value": [], "nextLink": there}, {"Location": there})

    def advance(self, seconds: float) -> None:
        """Time does not matter here."""


def elsewhere_of(azure: Emulator, status: int) -> tuple[Elsewhere, Arm]:
    """An ARM that answers with this status, and the product's clients for it."""
    elsewhere = Elsewhere(azure, status)
    arm = connect(
        azure.credential(azure.app_identity),
        Settings((SUB,), Path(), WorkStorage(), ENDPOINT, ENDPOINT),
        anything,
        transport=EmulatorTransport(elsewhere),
    )
    return elsewhere, arm


def test_a_redirect_is_not_followed_off_the_list(azure: Emulator) -> None:
    elsewhere, arm = elsewhere_of(azure, 307)
    with closing(arm), pytest.raises(Terminal, match="EgressRefused"):
        arm.get_cluster(cluster_id(SUB, "g", "c"))
    assert len(elsewhere.asked) == 1


def test_the_next_page_of_a_list_is_not_looked_for_elsewhere(azure: Emulator) -> None:
    elsewhere, arm = elsewhere_of(azure, 200)
    for pages in (arm.bulk.clusters(SUB), arm.bulk.assignments(SUB)):
        with pytest.raises(Terminal, match="EgressRefused"):
            list(pages)
    arm.close()
    assert len(elsewhere.asked) == 2


def test_a_redirect_of_a_list_is_not_followed(azure: Emulator) -> None:
    elsewhere, arm = elsewhere_of(azure, 307)
    with closing(arm), pytest.raises(Failure):
        list(arm.bulk.clusters(SUB))
    assert len(elsewhere.asked) == 1
