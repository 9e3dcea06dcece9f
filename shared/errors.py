"""What went wrong, told apart: one table, a row for each of ARM's codes.

    Deferred                             not sent yet, to keep within our share of ARM's limits
    Failure
    ├── Transient(reason, retry_after)   look again; nothing is wrong with the request
    └── Terminal(reason)                 the same request fails the same way: a bug, a bad request
        ├── NeedsAdministrator           … until somebody changes something in Azure: hourly looks
        └── Unknown                      … as far as we know: a code that has no row yet

Decided on code and status. The English text is looked at only where one code means two things
(rows with `text`); should a text change, the row of its code alone still holds.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

NEEDS_ADMINISTRATOR = "NeedsAdministrator"
PRINCIPAL_MISSING = "PrincipalMissing"

# How long a refusal of our own identity may be our own role still spreading: the RBAC page's
# "up to 10 minutes" (learn.microsoft.com/azure/role-based-access-control/troubleshooting).
OWN_ROLE_GRACE = timedelta(minutes=10)
# A wrong principal cannot be told from one that is not replicated yet; nothing documents how long
# that takes. Terraform users lost 30 minutes to it (terraform-provider-azurerm#11417).
REPLICATION_GRACE = timedelta(minutes=15)
# A grant of somebody else may be spreading: the 60 minutes of learn.microsoft.com/azure/aks/
# use-managed-identity.
PREREQUISITE_GRACE = timedelta(minutes=60)


class Failure(Exception):
    """A call to Azure that failed; `reason` is Azure's own code where it has one.

    `correlation_id` is that of ARM's answer, empty when there was none. `refused` says that nothing
    was done; else it may have been.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(f"{reason}: {message}" if message else reason)
        self.reason = reason
        self.message = message
        self.correlation_id = ""
        self.refused = False


class Transient(Failure):
    """Worth another look; `retry_after` in seconds when Azure said how long to wait."""

    def __init__(self, reason: str, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(reason, message)
        self.retry_after = retry_after


class Deferred(Exception):
    """Not sent: our share of ARM's limits is used up. No failure, so nothing that catches those
    takes it for one; the same may be sent after `retry_after` seconds (`shared/budget.py`)."""

    reason = "AwaitingBudget"

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"may be sent in {retry_after:.1f} s")
        self.retry_after = retry_after


class Terminal(Failure):
    """Not worth repeating until someone changes something."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(reason, message)
        self.refused = True


class NeedsAdministrator(Terminal):
    """The request is right, but Azure is in its way: a lock, a limit, a denial."""


class Unknown(Terminal):
    """A refusal whose code has no row in the table."""


class Row(NamedTuple):
    """What a code means, and the source of that.

    `text` (lower case) has to be in the message; `reason` is shown instead of the code. What is
    still there after `grace` is no delay: it is shown as `then`, and looked at hourly.
    """

    code: str
    kind: type[Failure]
    source: str
    text: str = ""
    reason: str = ""
    grace: timedelta | None = None
    then: str = ""


_ARM = "learn.microsoft.com/azure/azure-resource-manager/"
_DEPLOYMENT = f"{_ARM}troubleshooting/common-deployment-errors"
_THROTTLING = f"{_ARM}management/request-limits-and-throttling"
_RBAC = "learn.microsoft.com/azure/role-based-access-control/troubleshooting"
_LIMITS = "learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits"
_AKS = "learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-codes/aks-error-code-page"
_ASO = "Azure/azure-service-operator v2/pkg/genericarmclient/error_classifier.go"
_ASO_AKS = "Azure/azure-service-operator v2/api/containerservice/customizations/managed_cluster"
_SUBSCRIPTIONS = "learn.microsoft.com/azure/cost-management-billing/manage/subscription-states"

# Where a code has several rows, the first whose text fits counts.
TABLE = (
    # Another operation holds the resource.
    Row("AKSOperationPreempted", Transient, _AKS),
    Row("AnotherOperationInProgress", Transient, _DEPLOYMENT),
    Row("Conflict", Transient, _DEPLOYMENT),
    Row("EtagMismatch", Transient, "Azure/terraform-azurerm-aks#604"),
    Row("FailedIdentityOperation", Transient, _ASO),
    Row("OperationNotAllowed", Terminal, _DEPLOYMENT, text="quota", reason="QuotaExceeded"),
    Row("OperationNotAllowed", Transient, "Azure/azure-workload-identity#417"),
    Row("RetryableErrorDueToAnotherOperation", Transient, _THROTTLING),
    # Too many requests: Retry-After says how long.
    Row("ResourceRequestsThrottled", Transient, "Azure/azqr#34"),
    Row("SubscriptionRequestsThrottled", Transient, _THROTTLING),
    Row("Throttled", Transient, "learn.microsoft.com/azure/aks/quotas-skus-regions"),
    Row("TooManyRequests", Transient, _THROTTLING),
    # Not there, or not to be seen yet.
    Row("NotFound", Transient, _DEPLOYMENT),
    Row("ParentResourceNotFound", Transient, _DEPLOYMENT),
    Row("PrincipalNotFound", Transient, _RBAC, grace=REPLICATION_GRACE, then=PRINCIPAL_MISSING),
    Row("ResourceGroupBeingDeleted", Transient, _DEPLOYMENT),
    Row("ResourceGroupNotFound", Transient, _DEPLOYMENT),
    Row("ResourceNotFound", Transient, _DEPLOYMENT),
    # Our own identity is refused.
    Row(
        "AuthorizationFailed", NeedsAdministrator, _RBAC,
        text="an abac condition not fulfilled", reason="ConditionNotFulfilled",
    ),
    Row("AuthorizationFailed", Transient, _RBAC, grace=OWN_ROLE_GRACE, then=NEEDS_ADMINISTRATOR),
    Row(
        "DenyAssignmentAuthorizationFailed", NeedsAdministrator,
        "learn.microsoft.com/azure/aks/node-resource-group-lockdown", reason="DenyAssignment",
    ),
    Row(
        "LinkedAuthorizationFailed", NeedsAdministrator, "Azure/ARO-RP#423",
        text="is blocked by deny assignments", reason="DenyAssignment",
    ),
    Row(
        "LinkedAuthorizationFailed", Transient, _DEPLOYMENT,
        grace=OWN_ROLE_GRACE, then=NEEDS_ADMINISTRATOR,
    ),
    # Azure is in the way.
    Row("MissingSubscriptionRegistration", NeedsAdministrator, _DEPLOYMENT),
    Row("ReadOnlyDisabledSubscription", NeedsAdministrator, _SUBSCRIPTIONS),
    Row("ResourceQuotaExceeded", NeedsAdministrator, _DEPLOYMENT),
    Row("RoleAssignmentLimitExceeded", NeedsAdministrator, _LIMITS),
    Row("ScopeLocked", NeedsAdministrator, "Azure/azure-sdk-for-java#2560"),
    Row("SubscriptionNotFound", NeedsAdministrator, "Azure/azure-cli#33657"),
    # A grant that must be there before the cluster is; it may have been made just now.
    Row(
        "CustomKubeletIdentityMissingPermissionError", Transient, _ASO_AKS,
        grace=PREREQUISITE_GRACE, then="CustomKubeletIdentityMissingPermissionError",
    ),
    Row(
        "CustomPrivateDNSZoneMissingPermissionError", Transient, _AKS,
        grace=PREREQUISITE_GRACE, then="CustomPrivateDNSZoneMissingPermissionError",
    ),
    # A bug, or a conflict with what somebody else made.
    Row("InvalidPrincipalId", Terminal, _RBAC),
    Row("PreconditionFailed", Terminal, "learn.microsoft.com/azure/aks/use-etags"),
    Row("RoleAssignmentUpdateNotPermitted", Terminal, _RBAC),
    Row("RoleDefinitionDoesNotExist", Terminal, "Azure/terraform-azurerm-caf-enterprise-scale#37"),
    Row("UnmatchedPrincipalType", Terminal, _RBAC),
    # A bad request: what it asks for is not to be had.
    Row("BadRequest", Terminal, _DEPLOYMENT),
    Row(
        "ErrCode_InsufficientVCPUQuota", Terminal, "1ChristianAlex/motordesk#14",
        reason="QuotaExceeded",
    ),
    Row("InvalidParameter", Terminal, _DEPLOYMENT),
    Row("MissingRequiredParameter", Terminal, _ASO),
    Row("QuotaExceeded", Terminal, "Azure/AKS#5808"),
    Row("RequestDisallowedByPolicy", Terminal, _DEPLOYMENT),
    Row("SkuNotAvailable", Terminal, _DEPLOYMENT),
    # Done: `Arm.assign` takes it for success, and the next look finds which one it is.
    Row("RoleAssignmentExists", Terminal, _RBAC),
)  # fmt: skip
_GRACES = {row.code: (row.grace, row.then) for row in TABLE if row.grace}


def classify(
    status: int | None, code: str | None, message: str, retry_after: float | None = None
) -> Failure:
    """The failure behind an answer; `status` is None when there was no answer at all.

    A failed long-running operation arrives with status 200, so the code counts for more than a
    status, but for those by which Azure says that it is not about the request.
    """
    row = _row(code, message)
    reason = row.reason or row.code if row else code or _unnamed(status)
    if _passes(status) or (status is not None and status < 400 and not code):
        return Transient(reason, message, retry_after)
    kind = row.kind if row else Unknown
    return Transient(reason, message, retry_after) if kind is Transient else kind(reason, message)


def outlasted(reason: str, since: datetime, now: datetime) -> str:
    """The reason to show for what has failed for so long, since `since`, that it is no delay;
    empty while it may be one."""
    grace, then = _GRACES.get(reason, (None, ""))
    return then if grace is not None and now - since >= grace else ""


def _row(code: str | None, message: str) -> Row | None:
    text = message.lower()
    return next((row for row in TABLE if row.code == code and row.text in text), None)


def _unnamed(status: int | None) -> str:
    return f"Http{status}" if status else "NoAnswer"


def _passes(status: int | None) -> bool:
    """Whether a status says that the answer is not about the request: no answer, an old token,
    throttling, a server's fault."""
    return status is None or status in {401, 408, 429} or status >= 500
