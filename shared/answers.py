"""ARM's answers, in our nouns; the SDKs' errors as ours."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError
from azure.core.pipeline import PipelineResponse

from shared.deny_assignments import DenyAssignment
from shared.errors import Transient, Unknown, classify
from shared.permissions import Permissions, RoleDefinition

# The second is azure-identity's when the token endpoint answers with a page of HTML; the others are
# azure-core's, which decodes every answer too, when JSON is not in UTF-8 or nested deeply.
_SUCCESS = range(200, 300)
_UNREADABLE = (msgspec.DecodeError, json.JSONDecodeError, UnicodeDecodeError, RecursionError)
_REFUSALS = frozenset(range(400, 500)) - {408}  # of a request that timed out, nobody knows
_LONGEST_WAIT = 3600.0  # seconds; what needs longer is looked at hourly anyway
_log = logging.getLogger(__name__)


class Written(msgspec.Struct, frozen=True):
    """ARM's answer to a write: the id that names what was written, empty when something else
    that serves was there already (`existed`)."""

    id: str
    correlation_id: str
    existed: bool = False


class CommandEnd(msgspec.Struct, frozen=True):
    """How a run command ended: `exit_code` is None when AKS could not run it; `reason` says why."""

    exit_code: int | None
    output: str
    reason: str


class Answer:
    """Keeps the headers of a call's answer, whatever its status: the `raw_response_hook`."""

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}

    def __call__(self, response: PipelineResponse[Any, Any]) -> None:
        self.headers = response.http_response.headers

    @property
    def correlation_id(self) -> str:
        """That of the answer."""
        return correlation_id(self.headers)


def deny_assignment(found: Any) -> DenyAssignment:
    """A deny assignment, from the SDK's model of one."""
    return DenyAssignment(
        id=str(found.id),
        name=str(found.deny_assignment_name),
        scope=str(found.scope),
        principals=tuple(str(each.id).lower() for each in found.principals or ()),
        excluded=tuple(str(each.id).lower() for each in found.exclude_principals or ()),
        permissions=tuple(map(_permissions, found.permissions or ())),
        this_scope_only=bool(found.do_not_apply_to_child_scopes),
    )


def role_definition(role: str, found: Any) -> RoleDefinition:
    """The definition of a role (GUID), from the SDK's model of one."""
    return RoleDefinition(
        role=role,
        name=str(found.role_name),
        custom=found.role_type != "BuiltInRole",
        permissions=tuple(map(_permissions, found.permissions or ())),
    )


@contextmanager
def classified() -> Iterator[None]:
    """Turn the SDKs' errors into ours. Raises `Transient` or `Terminal`."""
    try:
        yield
    except HttpResponseError as error:
        headers: Mapping[str, str] = getattr(error.response, "headers", {})
        message = (error.error.message if error.error else None) or error.message
        failure = classify(error.status_code, code(error), message, retry_after(headers))
        if isinstance(error, DecodeError) and error.status_code in _SUCCESS:
            failure = Transient("UnreadableAnswer", type(error).__name__)
        failure.correlation_id = correlation_id(headers)
        failure.refused = error.status_code in _REFUSALS
        if isinstance(failure, Unknown):
            _log.warning(
                "unknown=%s status=%s correlation_id=%s",
                failure.reason,
                error.status_code,
                failure.correlation_id,
            )
        raise failure from error
    except AzureError as error:
        raise Transient("NoAnswer", type(error).__name__) from error
    except _UNREADABLE as error:
        raise Transient("UnreadableAnswer", type(error).__name__) from error


def code(error: HttpResponseError) -> str | None:
    """ARM's own code for what went wrong."""
    return error.error.code if error.error else None


def correlation_id(headers: Mapping[str, str]) -> str:
    """What ARM knows a call by, in the activity log too (`az monitor activity-log list
    --correlation-id`); empty when the answer does not say."""
    return headers.get("x-ms-correlation-request-id", "")


def _permissions(block: Any) -> Permissions:
    patterns = (block.actions, block.not_actions, block.data_actions, block.not_data_actions)
    return Permissions(*(tuple(each or ()) for each in patterns))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until Azure wants to be asked again, at most an hour; None when it does not say.

    The forms that azure-core knows (azure/core/pipeline/policies/_utils.py): Retry-After in seconds
    or as a date, or milliseconds under two names. A date counts from the `Date` of the same answer,
    so that our clock does not matter.
    """
    seconds = _number(headers.get("Retry-After", ""))
    if seconds is None:
        seconds = _between(headers.get("Date", ""), headers.get("Retry-After", ""))
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(headers.get(name, ""))
        if seconds is None and milliseconds is not None:
            seconds = milliseconds / 1000
    return None if seconds is None else min(seconds, _LONGEST_WAIT)


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() else None


def _between(start: str, end: str) -> float | None:
    """Seconds from one HTTP date to another; None unless both are dates in this order."""
    try:
        seconds = (parsedate_to_datetime(end) - parsedate_to_datetime(start)).total_seconds()
    except (TypeError, ValueError):  # no date, or only one of them says its zone
        return None
    return max(seconds, 0.0)
