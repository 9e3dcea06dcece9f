"""What went wrong, told apart: later, or never. One table, by ARM code and status.

    Failure
    ├── Transient(reason, retry_after)   look again; nothing is wrong with the request
    └── Terminal(reason)                 the same request will fail the same way

Decided on code and status, never on English text, but for the one code that means two things
(409 OperationNotAllowed: another operation, or quota). Sources: the code column of
learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and
role-based-access-control/troubleshooting; Azure Service Operator's error_classifier.go.
"""

from datetime import datetime, timedelta

# How long a refusal of our own identity may be our own role still spreading: the RBAC page's
# "up to 10 minutes" (learn.microsoft.com/azure/role-based-access-control/troubleshooting).
OWN_ROLE_GRACE = timedelta(minutes=10)
NEEDS_ADMINISTRATOR = "NeedsAdministrator"


class Failure(Exception):
    """A call to Azure that failed; `reason` is Azure's own code where it has one.

    `correlation_id` is that of ARM's answer, empty when there was none.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(f"{reason}: {message}" if message else reason)
        self.reason = reason
        self.message = message
        self.correlation_id = ""


class Transient(Failure):
    """Worth another look; `retry_after` in seconds when Azure said how long to wait."""

    def __init__(self, reason: str, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, message)
        self.retry_after = retry_after


class Terminal(Failure):
    """Not worth repeating until someone changes something."""


_LATER = frozenset(
    {
        "AnotherOperationInProgress",
        "AuthorizationFailed",  # our own role may still be spreading; see `outlasted`
        "Conflict",
        "EtagMismatch",
        "FailedIdentityOperation",
        "LinkedAuthorizationFailed",
        "OperationNotAllowed",
        "ParentResourceNotFound",
        "PrincipalNotFound",  # a fresh identity that has not been replicated
        "ResourceGroupNotFound",  # also said of a fresh group that has not been replicated
        "ResourceNotFound",
        "ResourceQuotaExceeded",
        "RetryableErrorDueToAnotherOperation",
        "RoleAssignmentLimitExceeded",
        "ScopeLocked",
        "SubscriptionRequestsThrottled",
        "Throttled",
        "TooManyRequests",
    }
)
_OURS_REFUSED = frozenset({"AuthorizationFailed", "LinkedAuthorizationFailed"})
_SLOW = frozenset({"ResourceQuotaExceeded", "RoleAssignmentLimitExceeded", "ScopeLocked"})
_SLOW_SECONDS = 3600.0


def classify(
    status: int | None, code: str | None, message: str, retry_after: float | None = None
) -> Failure:
    """The failure behind an answer; `status` is None when there was no answer at all.

    A failed long-running operation arrives with status 200, so the code is looked at first.
    """
    reason = code or (f"Http{status}" if status else "NoAnswer")
    if code == "OperationNotAllowed" and "quota" in message.lower():
        return Terminal("QuotaExceeded", message)
    if code in _LATER or status is None or status in {401, 408, 429} or status >= 500:
        slow = _SLOW_SECONDS if code in _SLOW else None
        return Transient(reason, message, retry_after or slow)
    return Terminal(reason, message)


def outlasted(reason: str, since: datetime | None, now: datetime) -> bool:
    """Whether a refusal of our own identity has lasted too long to be propagation."""
    return reason in _OURS_REFUSED and since is not None and now - since >= OWN_ROLE_GRACE
