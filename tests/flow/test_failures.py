"""Each row of the table of failures, from ARM's answer to what people read and to the next try."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import ManagedCluster

from infra.emulator import EmulatorTransport
from infra.emulator.clusters import Outcome
from shared.answers import classified
from shared.errors import TABLE, Failure
from tests.emulator.town import cluster_body
from tests.flow.ground import message
from tests.flow.town import Town
from tests.flow.tries import (
    ASSIGNMENT,
    CLUSTER,
    HOURLY,
    ROUGHLY,
    SOON,
    ask,
    first_gap,
    first_write,
)

WHY = "Something is wrong."
ABAC = (
    "The client 'c' with object id 'o' does not have authorization or an ABAC condition not "
    "fulfilled to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '/s'."
)
LOCKED = (
    "The scope '/s' cannot perform write operation because following scope(s) are locked: '/s'. "
    "Please remove the lock and try again."
)
BLOCKED = (
    "The client 'c' with object id 'o' has permission to perform action 'x' on scope '/s'; "
    "however, it is blocked by deny assignments on the '1' linked scope(s) '/s'."
)
POLICY = "Resource 'x' was disallowed by policy. Policy identifiers: '[{...}]'."
BUSY = "Operation is not allowed: Another operation (np - Updating) is in progress"
CORES = "Operation could not be completed: it results in exceeding approved Total Cores quota."

GRANTS = [
    (409, "AnotherOperationInProgress", WHY, SOON, ""),
    (409, "Conflict", WHY, SOON, ""),
    (429, "RetryableErrorDueToAnotherOperation", WHY, SOON, ""),
    (429, "ResourceRequestsThrottled", WHY, SOON, ""),
    (429, "SubscriptionRequestsThrottled", WHY, SOON, ""),
    (429, "TooManyRequests", WHY, SOON, ""),
    (404, "NotFound", WHY, SOON, ""),
    (404, "ParentResourceNotFound", WHY, SOON, ""),
    (400, "PrincipalNotFound", WHY, SOON, ""),
    (404, "ResourceNotFound", WHY, SOON, ""),
    (403, "AuthorizationFailed", WHY, SOON, ""),
    (403, "LinkedAuthorizationFailed", WHY, SOON, ""),
    (403, "AuthorizationFailed", ABAC, HOURLY, "ConditionNotFulfilled"),
    (403, "LinkedAuthorizationFailed", BLOCKED, HOURLY, "DenyAssignment"),
    (403, "DenyAssignmentAuthorizationFailed", WHY, HOURLY, "DenyAssignment"),
    (409, "ReadOnlyDisabledSubscription", WHY, HOURLY, ""),
    (400, "RoleAssignmentLimitExceeded", WHY, HOURLY, ""),
    (409, "ScopeLocked", LOCKED, HOURLY, ""),
    (403, "RequestDisallowedByPolicy", POLICY, HOURLY, ""),
    (400, "InvalidPrincipalId", WHY, HOURLY, ""),
    (412, "PreconditionFailed", WHY, HOURLY, ""),
    (400, "RoleAssignmentUpdateNotPermitted", WHY, HOURLY, ""),
    (404, "RoleDefinitionDoesNotExist", WHY, HOURLY, ""),
    (400, "UnmatchedPrincipalType", WHY, HOURLY, ""),
]
CLUSTERS_TRIED_AGAIN = [
    (409, "AKSOperationPreempted", WHY, SOON),
    (409, "EtagMismatch", BUSY, SOON),
    (400, "FailedIdentityOperation", WHY, SOON),
    (409, "OperationNotAllowed", BUSY, SOON),
    (429, "Throttled", WHY, SOON),
    (409, "ResourceGroupBeingDeleted", WHY, SOON),
    (404, "ResourceGroupNotFound", WHY, SOON),
    (400, "CustomKubeletIdentityMissingPermissionError", WHY, SOON),
    (400, "CustomPrivateDNSZoneMissingPermissionError", WHY, SOON),
    (409, "MissingSubscriptionRegistration", "to use namespace 'Microsoft.Compute'.", HOURLY),
    (400, "ResourceQuotaExceeded", WHY, HOURLY),
    (404, "SubscriptionNotFound", WHY, HOURLY),
]
CLUSTERS_REFUSED = [
    (409, "OperationNotAllowed", CORES, "QuotaExceeded"),
    (400, "BadRequest", WHY, ""),
    (400, "ErrCode_InsufficientVCPUQuota", WHY, "QuotaExceeded"),
    (400, "InvalidParameter", WHY, ""),
    (400, "MissingRequiredParameter", WHY, ""),
    (409, "QuotaExceeded", CORES, ""),
    (403, "RequestDisallowedByPolicy", POLICY, ""),
    (409, "SkuNotAvailable", WHY, ""),
]
OF_AKS = {"EtagMismatch", "OperationNotAllowed", "Throttled"}  # errors without ARM's envelope
ELSEWHERE = {"RoleAssignmentExists"}  # success: see test_patience


def test_every_row_of_the_table_is_tried_here() -> None:
    here = {row[1] for row in [*GRANTS, *CLUSTERS_TRIED_AGAIN, *CLUSTERS_REFUSED]}
    assert here | ELSEWHERE == {row.code for row in TABLE}


@pytest.mark.parametrize(("status", "code", "text", "wait", "reason"), GRANTS)
def test_a_grant_that_fails_says_why_and_is_tried_again_in_time(
    quick: Town, status: int, code: str, text: str, wait: timedelta, reason: str
) -> None:
    town = quick
    town.fault("status", status=status, code=code, message=text, path=ASSIGNMENT)
    ask(town)
    first_write(town, "/nodes/")
    assert town.status("RolesAssigned") == ("False", reason or code)
    assert text in message(town, "RolesAssigned")
    assert wait <= first_gap(town, "/nodes/") <= wait + ROUGHLY
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)
    assert town.grants_made() == town.expected_grants("c1")


@pytest.mark.parametrize(("status", "code", "text", "wait"), CLUSTERS_TRIED_AGAIN)
def test_a_create_that_fails_says_why_and_is_tried_again_in_time(
    quick: Town, status: int, code: str, text: str, wait: timedelta
) -> None:
    town = quick
    town.fault(
        "status", status=status, code=code, message=text, flat=code in OF_AKS, method="PUT",
        path=CLUSTER,
    )  # fmt: skip
    ask(town)
    first_write(town, "managedClusters/c1")
    assert town.status("Ready") == ("False", code)
    assert wait <= first_gap(town, "managedClusters/c1") <= wait + ROUGHLY
    town.azure.faults.clear()
    town.run_until(town.ready, minutes=120)


@pytest.mark.parametrize(("status", "code", "text", "reason"), CLUSTERS_REFUSED)
def test_a_create_that_asks_for_too_much_settles_with_azures_own_text(
    quick: Town, status: int, code: str, text: str, reason: str
) -> None:
    town = quick
    town.fault("status", status=status, code=code, message=text, method="PUT", path=CLUSTER)
    ask(town)
    town.run(90)
    assert town.status("Ready") == ("False", reason or code)
    assert message(town, "Ready") == text
    assert town.calls("PUT", "managedClusters/c1") == 1
    assert town.record().settled


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"kind": "status", "status": 409, "code": "NeverHeardOf"}, "NeverHeardOf"),
        ({"kind": "html", "status": 403}, "Http403"),
    ],
)
def test_a_refusal_without_a_row_is_told_aloud_and_looked_at_hourly(
    quick: Town, caplog: pytest.LogCaptureFixture, how: dict[str, Any], reason: str
) -> None:
    town = quick
    town.fault(**how, path=ASSIGNMENT)
    ask(town)
    with caplog.at_level(logging.WARNING, "shared.answers"):
        town.run(2)
    assert town.status("RolesAssigned") == ("False", reason)
    (told,) = [text for text in caplog.messages if text.startswith("unknown=")]
    assert told.startswith(f"unknown={reason} status={how['status']} correlation_id=")
    assert HOURLY <= first_gap(town, "/nodes/") <= HOURLY + ROUGHLY


def test_an_operation_that_failed_is_told_by_the_code_in_it(quick: Town) -> None:
    """Its poll's status is 200, which says nothing."""
    town = quick
    town.azure.clusters.expect(Outcome("Failed", "QuotaExceeded", CORES))
    azure = town.azure
    with ContainerServiceClient(
        azure.credential(azure.operator), town.subscription, transport=EmulatorTransport(azure)
    ) as client:
        begun = client.managed_clusters.begin_create_or_update(
            "clusters", "c1", ManagedCluster(cluster_body())
        )
        with pytest.raises(Failure) as failed, classified():
            begun.result()
    assert (failed.value.reason, failed.value.message) == ("QuotaExceeded", CORES)
