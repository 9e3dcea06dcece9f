"""ARM's answers, in our nouns; the SDKs' errors as ours."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError
from azure.core.pipeline import PipelineResponse

from shared.errors import Transient, classify
from shared.model import Assignment
from shared.permissions import Permissions, RoleDefinition

# The second is azure-identity's when the token endpoint answers with a page of HTML; the others are
# azure-core's, which decodes every answer too, when JSON is not in UTF-8 or nested deeply.
_SUCCESS = range(200, 300)
_UNREADABLE = (msgspec.DecodeError, json.JSONDecodeError, UnicodeDecodeError, RecursionError)


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


def assignment(found: Any) -> Assignment:
    """A role assignment, from the SDK's model of one."""
    return Assignment(
        id=str(found.id),
        principal_id=str(found.principal_id).lower(),
        role=str(found.role_definition_id).rpartition("/")[2].lower(),
        scope=str(found.scope),
        created_at=found.created_on,
        condition=str(found.condition or ""),
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
        failure = classify(error.status_code, code(error), message, _retry_after(headers))
        if isinstance(error, DecodeError) and error.status_code in _SUCCESS:
            failure = Transient("UnreadableAnswer", type(error).__name__)
        failure.correlation_id = correlation_id(headers)
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


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from Retry-After; its date form is rare on ARM and means a look at the usual time."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdigit() else None
