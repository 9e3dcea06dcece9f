"""The product has the rights that it uses, no others, and Azure itself refuses what lies beyond.

The roles are the files of infra/roles, which the template deploys as they are.
"""

import json
import uuid
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization.v2022_04_01 import AuthorizationManagementClient

from infra.emulator import EmulatorTransport
from infra.stack import rights
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import principal_of
from tests.flow.rightful import Rightful
from tests.flow.town import Town

MADE = "a requested cluster is made"
GROUP = "a group is made for a requested cluster"
REGISTRY = "a registry by mode is granted"
READ, PROBED = "a grant is proven: Readable", "a grant is proven: Probe"

# What nobody sees any more when the action is taken from the role: in the life's first chapter, in
# the second, in the last.
CHAPTERS: tuple[dict[str, dict[str, str]], ...] = (
    {
        "cluster-reader": {
            "Microsoft.ContainerService/managedClusters/read": REGISTRY,
            "Microsoft.Authorization/roleDefinitions/read": REGISTRY,
            "Microsoft.Network/virtualNetworks/read": "a network by DNS servers is granted",
            "Microsoft.Network/virtualNetworks/subnets/read": (
                "a security group by subnet is granted"
            ),
            "Microsoft.Network/applicationGateways/read": "a subnet by gateway is granted",
            "Microsoft.ContainerRegistry/registries/read": REGISTRY,
        },
        "cluster-operator": {"Microsoft.ContainerService/managedClusters/write": MADE},
        "profile-links": {
            "Microsoft.Network/virtualNetworks/subnets/join/action": MADE,
            "Microsoft.Network/publicIPAddresses/join/action": MADE,
            "Microsoft.Network/publicIPPrefixes/join/action": MADE,
            "Microsoft.Compute/diskEncryptionSets/read": MADE,
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action": MADE,
        },
        "group-creator": {
            "Microsoft.Resources/subscriptions/resourceGroups/read": GROUP,
            "Microsoft.Resources/subscriptions/resourceGroups/write": GROUP,
        },
        "grantor": {"Microsoft.Authorization/roleAssignments/write": REGISTRY},
    },
    {
        "cluster-reader": {
            "Microsoft.Authorization/roleAssignments/read": READ,
            "Microsoft.Authorization/denyAssignments/read": READ,
        },
        "prober": {
            "Microsoft.ContainerService/managedClusters/runCommand/action": PROBED,
            "Microsoft.ContainerService/managedClusters/commandResults/read": PROBED,
        },
    },
    {
        "cluster-reader": {
            "Microsoft.Authorization/locks/read": "a lock behind a late grant is named",
            "Microsoft.ManagedIdentity/userAssignedIdentities/read": (
                "an identity that Azure does not know is looked for"
            ),
        },
        "grantor": {
            "Microsoft.Authorization/roleAssignments/delete": "what no cluster needs is revoked"
        },
    },
)
LOSSES = [
    pytest.param(role, action, chapters, lost, id=f"{role}: {action}")
    for chapters, chapter in enumerate(CHAPTERS, start=1)
    for role, actions in chapter.items()
    for action, lost in actions.items()
]


def role_of(name: str) -> dict[str, Any]:
    return dict(json.loads((rights.ROLES / f"{name}.json").read_text()))


def test_every_right_is_used_and_no_other_is_needed(found_town: Found) -> None:
    rightful = Rightful(found_town)
    assert rightful.live() == {str(each.values[-1]) for each in LOSSES}
    assert rightful.town.calls(status=403) == 0


def test_every_action_of_every_role_is_taken_away_below() -> None:
    roles = {file.stem for file in rights.ROLES.glob("*.json")}
    written = {(role, action) for role in roles for action in role_of(role)["actions"]}
    assert {each.values[:2] for each in LOSSES} == written


@pytest.mark.parametrize(("role", "action", "chapters", "lost"), LOSSES)
def test_without_an_action_something_is_lost(
    found_town: Found, role: str, action: str, chapters: int, lost: str
) -> None:
    rightful = Rightful(found_town, (role_of(role)["roleName"], action))
    assert lost not in rightful.live(chapters)


# --- past our code: the app's own token, by the bare SDK ------------------------------------------


def as_app(town: Town) -> Any:
    """What somebody who has got hold of the app's identity can use."""
    credential = town.azure.credential(town.azure.app_identity)
    transport = EmulatorTransport(town.azure)
    client = AuthorizationManagementClient(
        credential, town.subscription, transport=transport, retry_total=0
    )
    return client.role_assignments


def refusal(attempt: Any, *arguments: Any) -> str:
    """The text of the 403 that answers a call."""
    with pytest.raises(HttpResponseError) as caught:
        attempt(*arguments)
    error = caught.value.error
    assert (caught.value.status_code, error and error.code) == (403, "AuthorizationFailed")
    return str(error and error.message)


def body_of(town: Town, role: str, principal: str, kind: str) -> dict[str, Any]:
    definitions = "providers/Microsoft.Authorization/roleDefinitions"
    role_id = f"/subscriptions/{town.subscription}/{definitions}/{role}"
    properties = {
        "roleDefinitionId": role_id,
        "principalId": principal,
        "principalType": kind,
    }
    return {"properties": properties}


@pytest.fixture
def settled(quick: Town) -> Town:
    """A town with a cluster that has its grants."""
    quick.make_cluster()
    quick.run_until(quick.ready)
    return quick


@pytest.mark.parametrize(
    "role",
    [
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
        "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",  # User Access Administrator
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",  # Role Based Access Control Administrator
    ],
)
@pytest.mark.parametrize("where", ["", "/resourceGroups/net-main"])
def test_azure_lets_the_app_give_nobody_an_administrators_role(
    settled: Town, role: str, where: str
) -> None:
    town = settled
    scope = f"/subscriptions/{town.subscription}{where}"
    for principal in (principal_of(town, "kubelet"), town.azure.app_identity.object_id):
        body = body_of(town, role, principal, "ServicePrincipal")
        said = refusal(as_app(town).create, scope, str(uuid.uuid4()), body)
        assert "ABAC condition not fulfilled" in said


def test_azure_lets_the_app_give_nothing_to_people(settled: Town) -> None:
    town = settled
    person = town.azure.world.directory.create("somebody", kind="User")
    body = body_of(town, NETWORK_CONTRIBUTOR, person.object_id, "User")
    refusal(as_app(town).create, town.subnet, str(uuid.uuid4()), body)
    del body["properties"]["principalType"]
    refusal(as_app(town).create, town.subnet, str(uuid.uuid4()), body)


def test_azure_lets_the_app_take_no_administrators_role_away(settled: Town) -> None:
    town = settled
    owner = next(
        each
        for each in town.azure.role_assignments.of_principal(town.azure.operator.object_id)
        if each.scope == f"/subscriptions/{town.subscription}"
    )
    refusal(as_app(town).delete, owner.scope, owner.name)
    assert town.azure.role_assignments.named(owner.name)


def test_azure_lets_the_app_not_lift_its_own_condition(settled: Town) -> None:
    town = settled
    for ours in town.azure.role_assignments.of_principal(town.azure.app_identity.object_id):
        kept = body_of(town, ours.role_guid, ours.principal_id, "ServicePrincipal")
        refusal(as_app(town).create, ours.scope, ours.name, kept)
        refusal(as_app(town).delete, ours.scope, ours.name)


def test_azure_lets_the_app_write_no_role_and_nothing_where_it_may_not_grant(
    found_town: Found,
) -> None:
    """With the scopes of the template, in place of the whole subscription."""
    town = Rightful(found_town).town
    body = body_of(town, ACR_PULL, town.azure.app_identity.object_id, "ServicePrincipal")
    elsewhere = f"/subscriptions/{town.subscription}/resourceGroups/clusters"
    refusal(as_app(town).create, elsewhere, str(uuid.uuid4()), body)
    refusal(as_app(town).create, elsewhere.partition("/resourceG")[0], str(uuid.uuid4()), body)
    assert as_app(town).create(town.registry, str(uuid.uuid4()), body).scope == town.registry
