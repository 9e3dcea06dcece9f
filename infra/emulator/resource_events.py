"""Microsoft.Resources events: what Azure's subscription topic says about ARM writes and deletes.

Shape: learn.microsoft.com, event-grid/event-schema-subscriptions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .arm_ids import subscription_of
from .timestamps import arm_time
from .world import ArmChange, Principal

_CLAIMS = "http://schemas.microsoft.com/identity/claims"
_VERBS = {"write": ("Write", "PUT"), "delete": ("Delete", "DELETE"), "action": ("Action", "POST")}
_OUTCOMES = {"Succeeded": "Success", "Failed": "Failure", "Canceled": "Cancel"}

Event = dict[str, Any]
"""An event in the Event Grid schema."""


def resource_event(change: ArmChange, event_id: str, tenant_id: str, at: datetime) -> Event:
    """The event that one finished ARM operation raises."""
    verb, method = _VERBS[change.operation_name.rpartition("/")[2].lower()]
    subscription = subscription_of(change.resource_id)
    data: dict[str, Any] = {
        "authorization": {
            "scope": change.resource_id,
            "action": change.operation_name,
            "evidence": _evidence(change.caller),
        },
        "claims": _claims(change.caller, tenant_id),
        "correlationId": change.correlation_id,
        "resourceProvider": change.operation_name.partition("/")[0],
        "resourceUri": change.resource_id,
        "operationName": change.operation_name,
        "status": change.status,
        "subscriptionId": subscription,
        "tenantId": tenant_id,
    }
    if change.existed:
        # Documented for updates and deletes of existing resources only.
        data["httpRequest"] = {
            "clientRequestId": change.correlation_id,
            "clientIpAddress": "127.0.0.1",
            "method": method,
            "url": f"https://management.azure.com{change.resource_id}",
        }
    return {
        "subject": change.resource_id,
        "eventType": f"Microsoft.Resources.Resource{verb}{_OUTCOMES[change.status]}",
        "eventTime": arm_time(at),
        "id": event_id,
        "topic": f"/subscriptions/{subscription}",
        "dataVersion": "2",
        "metadataVersion": "1",
        "data": data,
    }


def to_cloud_event(event: Event) -> dict[str, Any]:
    """The same event in CloudEvents 1.0, mapped as Event Grid does it."""
    return {
        "specversion": "1.0",
        "id": event["id"],
        "source": event["topic"],
        "subject": event["subject"],
        "type": event["eventType"],
        "time": event["eventTime"],
        "data": event["data"],
    }


def _evidence(caller: Principal | None) -> dict[str, str]:
    if caller is None:
        return {}
    return {
        "principalId": caller.object_id.replace("-", ""),
        "principalType": caller.kind,
    }


def _claims(caller: Principal | None, tenant_id: str) -> dict[str, str]:
    """The caller's token claims; all values are text."""
    issuer = f"https://sts.windows.net/{tenant_id}/"
    claims = {
        "aud": "https://management.azure.com/",
        "iss": issuer,
        f"{_CLAIMS}/identityprovider": issuer,
        f"{_CLAIMS}/tenantid": tenant_id,
        "ver": "1.0",
    }
    if caller is not None:
        claims |= {
            "appid": caller.client_id,
            "appidacr": "2",
            f"{_CLAIMS}/objectidentifier": caller.object_id,
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier": (
                caller.object_id
            ),
        }
    return claims
