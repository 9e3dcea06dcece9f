"""No role assignment leaves for ARM that policy does not allow, by what is about to be sent."""

import json
from contextlib import closing
from typing import Any

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest
from azure.mgmt.authorization.v2022_04_01 import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from infra.emulator import Emulator, EmulatorTransport
from infra.emulator.knobs import Knobs
from shared.egress import EgressGuard, allowed
from shared.errors import Terminal
from shared.resource_id import Scope
from tests.unit.test_egress import (
    ASSIGNMENT,
    CLUSTER,
    DEFINITIONS,
    ENDPOINT,
    GROUP,
    NAME,
    NETWORK,
    REGISTRY,
    SUB,
    SUBNET,
)

ROLE = "4d97b98b-1d4f-4787-a291-c67834d212e7"
OTHER_ROLE = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ROLE_ID = f"/subscriptions/{SUB}/{DEFINITIONS}/{ROLE}"


def network_contributor_on_subnets(role: str, scope: Scope) -> bool:
    """A policy of one role on the subnets of one network."""
    return role == ROLE and str(scope).startswith(f"{NETWORK}/subnets/")


def assigning(body: str | bytes | None, path: str = f"{SUBNET}/{ASSIGNMENT}") -> str:
    """What becomes of a request to assign a role: `sent`, or why not."""
    guard = EgressGuard(ENDPOINT, network_contributor_on_subnets)
    sent = HttpRequest("PUT", f"{ENDPOINT}{path}?api-version=2022-04-01")
    sent.body = body
    try:
        guard.on_request(PipelineRequest(sent, PipelineContext(None)))
    except Terminal as refusal:
        return refusal.reason
    return "sent"


def assignment(**changes: Any) -> str:
    """The body of an assignment that policy allows, with changes."""
    usual = {
        "roleDefinitionId": ROLE_ID,
        "principalId": NAME,
        "principalType": "ServicePrincipal",
    }
    return json.dumps({"properties": {**usual, **changes}})


def test_an_assignment_that_policy_allows_is_sent() -> None:
    assert assigning(assignment()) == "sent"
    assert assigning(assignment().encode()) == "sent"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (assignment(roleDefinitionId=ROLE_ID.replace(ROLE, OTHER_ROLE)), SUBNET),
        (assignment(roleDefinitionId=f"{ROLE_ID}/"), SUBNET),
        (assignment(roleDefinitionId=f"{ROLE_ID}?x={ROLE}"), SUBNET),
        (assignment(roleDefinitionId=None), SUBNET),
        (assignment(roleDefinitionId=[ROLE]), SUBNET),
        (assignment(principalType="User"), SUBNET),
        (assignment(principalType="Group"), SUBNET),
        (assignment(principalType="serviceprincipal"), SUBNET),
        (assignment(principalType=None), SUBNET),
        (assignment(), REGISTRY),
        (assignment(), GROUP),
        (assignment(), NETWORK),
        (assignment(), CLUSTER),
        (assignment(), f"{GROUP}/providers/Microsoft.Odd/things/x"),
    ],
)
def test_an_assignment_that_policy_does_not_allow_is_not_sent(body: str, path: str) -> None:
    """Though each of the paths is on the list."""
    assert allowed("PUT", f"{ENDPOINT}{path}/{ASSIGNMENT}", ENDPOINT)
    assert assigning(body, f"{path}/{ASSIGNMENT}") == "EgressRefused"


@pytest.mark.parametrize(
    "body",
    [
        None, "", b"", "null", "[]", "3", '"x"', "{}", "<html>", b"\xff", '{"properties": null}',
        '{"properties": []}', '{"properties": {}}', assignment()[:-1], f"[{assignment()}]",
        json.dumps({"properties": {"roleDefinitionId": ROLE_ID}}),
        json.dumps({"properties": {"principalType": "ServicePrincipal"}}),
    ],
)  # fmt: skip
def test_a_body_that_is_no_assignment_is_not_sent(body: str | bytes | None) -> None:
    assert assigning(body) == "EgressRefused"


def test_no_assignment_leaves_through_the_real_sdk_that_policy_does_not_allow() -> None:
    azure, guard = Emulator(Knobs()), EgressGuard(ENDPOINT, network_contributor_on_subnets)
    credential = azure.credential(azure.app_identity)
    body = RoleAssignmentCreateParameters(
        role_definition_id=ROLE_ID, principal_id=NAME, principal_type="User"
    )
    sdk: dict[str, Any] = {"transport": EmulatorTransport(azure), "per_retry_policies": [guard]}
    with (
        closing(azure),
        AuthorizationManagementClient(credential, SUB, **sdk) as client,
        pytest.raises(Terminal, match="EgressRefused"),
    ):
        client.role_assignments.create(SUBNET, NAME, body)
    assert azure.world.ledger.entries == []
