"""Failures told apart: what a code means, how long it may be a delay, and what is unknown."""

import re
from collections import Counter

import pytest

from shared.errors import (
    NEEDS_ADMINISTRATOR,
    TABLE,
    Failure,
    NeedsAdministrator,
    Terminal,
    Transient,
    Unknown,
    classify,
    outlasted,
)
from tests.unit.nouns import NOW, at

ABAC = "does not have authorization or an ABAC condition not fulfilled to perform action 'A'"
DENIED = "however, it is blocked by deny assignments on the '1' linked scope(s) '/s'"
BUSY = "Operation is not allowed: Another operation (np - Updating) is in progress"
CORES = "exceeding approved Total Regional Cores Quota. Current Limit: 50"


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "reason"),
    [
        (409, "AKSOperationPreempted", "", Transient, ""),
        (409, "AnotherOperationInProgress", "", Transient, ""),
        (409, "Conflict", "", Transient, ""),
        (409, "EtagMismatch", "", Transient, ""),
        (400, "FailedIdentityOperation", "", Transient, ""),
        (409, "OperationNotAllowed", BUSY, Transient, ""),
        (409, "RetryableErrorDueToAnotherOperation", "", Transient, ""),
        (409, "ResourceRequestsThrottled", "", Transient, ""),
        (409, "SubscriptionRequestsThrottled", "", Transient, ""),
        (409, "Throttled", "", Transient, ""),
        (409, "TooManyRequests", "", Transient, ""),
        (404, "NotFound", "", Transient, ""),
        (404, "ParentResourceNotFound", "", Transient, ""),
        (400, "PrincipalNotFound", "", Transient, ""),
        (409, "ResourceGroupBeingDeleted", "", Transient, ""),
        (404, "ResourceGroupNotFound", "", Transient, ""),
        (404, "ResourceNotFound", "", Transient, ""),
        (403, "AuthorizationFailed", "", Transient, ""),
        (403, "LinkedAuthorizationFailed", "", Transient, ""),
        (400, "CustomKubeletIdentityMissingPermissionError", "", Transient, ""),
        (400, "CustomPrivateDNSZoneMissingPermissionError", "", Transient, ""),
        (403, "AuthorizationFailed", ABAC, NeedsAdministrator, "ConditionNotFulfilled"),
        (403, "LinkedAuthorizationFailed", DENIED, NeedsAdministrator, "DenyAssignment"),
        (403, "DenyAssignmentAuthorizationFailed", "", NeedsAdministrator, "DenyAssignment"),
        (409, "MissingSubscriptionRegistration", "", NeedsAdministrator, ""),
        (409, "ReadOnlyDisabledSubscription", "", NeedsAdministrator, ""),
        (400, "ResourceQuotaExceeded", "", NeedsAdministrator, ""),
        (400, "RoleAssignmentLimitExceeded", "", NeedsAdministrator, ""),
        (409, "ScopeLocked", "", NeedsAdministrator, ""),
        (404, "SubscriptionNotFound", "", NeedsAdministrator, ""),
        (400, "InvalidPrincipalId", "", Terminal, ""),
        (412, "PreconditionFailed", "", Terminal, ""),
        (400, "RoleAssignmentUpdateNotPermitted", "", Terminal, ""),
        (404, "RoleDefinitionDoesNotExist", "", Terminal, ""),
        (400, "UnmatchedPrincipalType", "", Terminal, ""),
        (409, "OperationNotAllowed", CORES, Terminal, "QuotaExceeded"),
        (400, "BadRequest", "", Terminal, ""),
        (400, "ErrCode_InsufficientVCPUQuota", "", Terminal, "QuotaExceeded"),
        (400, "InvalidParameter", "", Terminal, ""),
        (400, "MissingRequiredParameter", "", Terminal, ""),
        (409, "QuotaExceeded", "", Terminal, ""),
        (403, "RequestDisallowedByPolicy", "", Terminal, ""),
        (409, "SkuNotAvailable", "", Terminal, ""),
        (409, "RoleAssignmentExists", "", Terminal, ""),
    ],
)
def test_each_code_has_its_meaning(
    status: int, code: str, message: str, kind: type[Failure], reason: str
) -> None:
    failure = classify(status, code, message)
    assert type(failure) is kind
    assert (failure.reason, failure.message) == (reason or code, message)


def test_the_table_above_has_every_row_of_the_products() -> None:
    (parameters,) = test_each_code_has_its_meaning.pytestmark  # type: ignore[attr-defined]
    here = Counter(row[1] for row in parameters.args[1])
    assert here == Counter(row.code for row in TABLE)


def test_each_row_has_a_source_that_can_be_looked_up() -> None:
    source = re.compile(r"learn\.microsoft\.com/\S+/\S+|[\w-]+/[\w-]+#\d+|[\w-]+/[\w-]+ v2/\S+")
    assert [row.code for row in TABLE if not source.fullmatch(row.source)] == []


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "ExpiredAuthenticationToken"),
        (408, None),
        (429, None),
        (429, "NeverHeardOf"),
        (429, "OperationNotAllowed"),
        (500, "InternalServerError"),
        (500, "BadRequest"),
        (502, None),
        (503, "ServerUnavailable"),
        (504, "GatewayTimeout"),
        (None, None),
        (200, None),
        (200, "AnotherOperationInProgress"),
    ],
)
def test_what_is_not_about_the_request_passes(status: int | None, code: str | None) -> None:
    assert isinstance(classify(status, code, "exceeds the quota"), Transient)


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409, 418])
def test_a_refusal_by_an_unheard_of_code_is_not_repeated_and_told(status: int) -> None:
    failure = classify(status, "NeverHeardOf", "text")
    assert isinstance(failure, Unknown)
    assert failure.reason == "NeverHeardOf"


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_refusal_without_a_code_is_not_repeated_and_told(status: int) -> None:
    failure = classify(status, None, "<html>")
    assert isinstance(failure, Unknown)
    assert failure.reason == f"Http{status}"


@pytest.mark.parametrize(
    ("status", "reason"), [(200, "Http200"), (503, "Http503"), (None, "NoAnswer")]
)
def test_what_passes_without_a_code_has_a_reason_too(status: int | None, reason: str) -> None:
    assert classify(status, None, "").reason == reason


def test_a_failed_operation_is_told_by_its_code_though_its_status_is_good() -> None:
    failure = classify(200, "QuotaExceeded", "Provisioning of resource(s) failed.")
    assert type(failure) is Terminal


def test_what_needs_an_administrator_is_not_worth_repeating() -> None:
    assert issubclass(NeedsAdministrator, Terminal)
    assert not issubclass(Unknown, NeedsAdministrator)


def test_retry_after_is_kept() -> None:
    failure = classify(429, "TooManyRequests", "", 17.0)
    assert isinstance(failure, Transient)
    assert failure.retry_after == 17


@pytest.mark.parametrize(
    ("reason", "minutes", "then"),
    [
        ("AuthorizationFailed", 10, NEEDS_ADMINISTRATOR),
        ("LinkedAuthorizationFailed", 10, NEEDS_ADMINISTRATOR),
        ("PrincipalNotFound", 15, "PrincipalMissing"),
        ("CustomKubeletIdentityMissingPermissionError", 60, ""),
        ("CustomPrivateDNSZoneMissingPermissionError", 60, ""),
    ],
)
def test_a_delay_has_its_time_and_is_none_afterwards(reason: str, minutes: int, then: str) -> None:
    assert outlasted(reason, NOW, at(minutes * 60 - 1)) == ""
    assert outlasted(reason, NOW, at(minutes * 60)) == (then or reason)


@pytest.mark.parametrize("reason", ["ResourceNotFound", "TooManyRequests", "NoAnswer", "X"])
def test_what_has_no_bound_is_waited_for(reason: str) -> None:
    assert outlasted(reason, NOW, at(hours=100)) == ""


def test_a_failure_reads_well() -> None:
    assert str(Failure("Code", "text")) == "Code: text"
    assert str(Failure("Code")) == "Code"
