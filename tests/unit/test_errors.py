"""Later, or never: one row for each code."""

import pytest

from shared.errors import Failure, Terminal, Transient, classify, outlasted
from tests.unit.nouns import NOW, at


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "AnotherOperationInProgress"),
        (403, "AuthorizationFailed"),
        (409, "Conflict"),
        (412, "EtagMismatch"),
        (400, "FailedIdentityOperation"),
        (403, "LinkedAuthorizationFailed"),
        (409, "OperationNotAllowed"),
        (404, "ParentResourceNotFound"),
        (400, "PrincipalNotFound"),
        (404, "ResourceGroupNotFound"),
        (404, "ResourceNotFound"),
        (400, "ResourceQuotaExceeded"),
        (409, "RetryableErrorDueToAnotherOperation"),
        (400, "RoleAssignmentLimitExceeded"),
        (409, "ScopeLocked"),
        (429, "SubscriptionRequestsThrottled"),
        (429, "Throttled"),
        (429, "TooManyRequests"),
        (401, "ExpiredAuthenticationToken"),
        (408, None),
        (429, None),
        (500, "InternalServerError"),
        (502, None),
        (503, "ServerUnavailable"),
        (504, "GatewayTimeout"),
        (None, None),
        (200, "AnotherOperationInProgress"),
    ],
)
def test_later(status: int | None, code: str | None) -> None:
    assert isinstance(classify(status, code, "text"), Transient)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "BadRequest"),
        (400, "InvalidParameter"),
        (400, "InvalidPrincipalId"),
        (400, "RoleAssignmentUpdateNotPermitted"),
        (400, "SkuNotAvailable"),
        (400, None),
        (403, "DenyAssignmentAuthorizationFailed"),
        (403, "RequestDisallowedByPolicy"),
        (404, "RoleDefinitionDoesNotExist"),
        (404, "SubscriptionNotFound"),
        (409, "MissingSubscriptionRegistration"),
        (409, "RoleAssignmentExists"),
        (412, "PreconditionFailed"),
        (418, "NeverHeardOf"),
    ],
)
def test_never(status: int, code: str | None) -> None:
    assert isinstance(classify(status, code, "text"), Terminal)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(400, "X", "X"), (404, None, "Http404"), (503, None, "Http503"), (None, None, "NoAnswer")],
)
def test_the_reason_is_azures_own_code_where_there_is_one(
    status: int | None, code: str | None, reason: str
) -> None:
    assert classify(status, code, "").reason == reason


def test_an_operation_that_is_not_allowed_for_lack_of_quota_is_final() -> None:
    failure = classify(409, "OperationNotAllowed", "exceeding approved Total Cores Quota")
    assert isinstance(failure, Terminal)
    assert failure.reason == "QuotaExceeded"


def test_retry_after_is_kept() -> None:
    failure = classify(429, "TooManyRequests", "", 17.0)
    assert isinstance(failure, Transient)
    assert failure.retry_after == 17


@pytest.mark.parametrize(
    "code", ["RoleAssignmentLimitExceeded", "ResourceQuotaExceeded", "ScopeLocked"]
)
def test_what_needs_somebody_to_make_room_is_tried_once_an_hour(code: str) -> None:
    failure = classify(400, code, "")
    assert isinstance(failure, Transient)
    assert failure.retry_after == 3600


@pytest.mark.parametrize(
    ("reason", "seconds", "expected"),
    [
        ("AuthorizationFailed", 599, False),
        ("AuthorizationFailed", 600, True),
        ("LinkedAuthorizationFailed", 600, True),
        ("PrincipalNotFound", 6000, False),
    ],
)
def test_our_own_roles_have_ten_minutes_to_spread(
    reason: str, seconds: float, expected: bool
) -> None:
    assert outlasted(reason, NOW, at(seconds)) is expected
    assert not outlasted(reason, None, at(seconds))


def test_a_failure_reads_well() -> None:
    assert str(Failure("Code", "text")) == "Code: text"
    assert str(Failure("Code")) == "Code"
