"""What every request to ARM passes on its way out, whichever client sends it.

Nothing here waits: a call is never repeated on an error status, so that a turn never sleeps.
"""

from typing import Any

from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy

from shared.settings import Settings

_TIMEOUTS = {"connection_timeout": 5, "read_timeout": 20}

# Innermost, so that redirects and what the SDKs' own policies send are judged as well.
Policies = list[SansIOHTTPPolicy]  # type: ignore[type-arg]


def options(settings: Settings, policies: Policies, **sdk: Any) -> dict[str, Any]:
    """The options of a client of ARM, whose every request passes these policies in this order.
    `sdk` has the last word."""
    return {
        "base_url": settings.arm_endpoint,
        "credential_scopes": [f"{settings.audience}/.default"],
        "per_retry_policies": policies,
        # Only a connection that failed is tried again; a status never is, or Retry-After would
        # be slept off inside the turn (azure-core _retry.py: it is honoured for any status).
        "retry_policy": RetryPolicy(
            retry_total=2, retry_connect=2, retry_read=2, retry_status=0, retry_backoff_factor=0.2
        ),
        **_TIMEOUTS,
        **sdk,
    }
