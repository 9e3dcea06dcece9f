"""The bodies others send us → nouns, or a refusal with the field and the remedy (pure).

A request's JSON is decoded strictly: unknown fields, wrong types and control characters are
refused. Of an event only the cluster it names is taken; nothing in it is believed.
"""

import base64
import binascii
import hashlib
import re
import unicodedata
from typing import Any, Literal

import msgspec
from msgspec import Struct

from shared.model import ClusterRequest
from shared.resource_id import ClusterId, InvalidId, cluster_id, parse_cluster_id

MAX_BYTES = 64 * 1024
_NAME_LIMIT = 64
_REQUEST_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_LOCATION = re.compile(r"[a-z][a-z0-9]{2,39}")
_EVENT_TYPES = re.compile(
    r"Microsoft\.Resources\.Resource(?:Write|Delete|Action)(?:Success|Failure|Cancel)"
)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ID_LIMIT = 1024
_ASSIGNMENT = re.compile(
    r"(?i)/[ -~]*/providers/Microsoft\.Authorization/roleAssignments/[-0-9a-f]{36}"
)
_CHILD = re.compile(r"(?i)/agentPools/[a-z0-9]{1,12}$")


class Refusal(ValueError):
    """A message that is not acted on: one CamelCase reason, the field at fault, what to do."""

    def __init__(self, reason: str, field: str, message: str, request_id: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field
        self.request_id = request_id


class _RequestBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    api_version: Literal["grantkeeper/v1"]
    request_id: str
    profile: str
    resource_group: str
    name: str
    location: str
    subscription_id: str | None = None
    parameters: dict[str, int | str | bool] = {}
    tags: dict[str, str] = {}


def decoded(text: bytes) -> bytes:
    """The content of a queue message: base64, as the SDKs' encoders write it, or plain text.

    One cannot be taken for the other: a request begins with `{` and an id has dashes, which base64
    has not. What is neither is returned as it is, for the refusal to keep.
    """
    try:
        content = base64.b64decode(b"".join(text.split()), validate=True)
        content.decode()
    except (binascii.Error, UnicodeDecodeError):
        return text
    return content


def parse_request(text: bytes, managed_subscriptions: tuple[str, ...]) -> ClusterRequest:
    """A request's JSON text → the request. Raises `Refusal`.

    `managed_subscriptions` are those a cluster may be made in; the first is the default. The
    digest is over the meaning, so spaces, key order and case of ids do not make another request.
    """
    if len(text) > MAX_BYTES:
        raise Refusal("TooLarge", "", f"a request has at most {MAX_BYTES} bytes")
    try:
        body = msgspec.json.decode(text, type=_RequestBody)
    except msgspec.ValidationError as error:
        raise Refusal("InvalidRequest", *_field_and_problem(error), _id_in(text)) from None
    except _UNREADABLE:
        raise Refusal(
            "NotJson", "", "the message is not a JSON object in UTF-8, nor base64 of one"
        ) from None
    return _checked(body, managed_subscriptions)


def cluster_named_by(
    event_type: object, subject: object, managed: tuple[str, ...]
) -> ClusterId | None:
    """The cluster an Event Grid event is about, if it is one of ours to look at.

    Takes events of Microsoft.Resources (learn.microsoft.com/azure/event-grid/
    event-schema-subscriptions) for a managed cluster or one of its agent pools, in a managed
    subscription. Everything else is None; a forged event may hold any JSON in place of a text.
    """
    if not (isinstance(event_type, str) and isinstance(subject, str)):
        return None
    if not _EVENT_TYPES.fullmatch(event_type):
        return None
    try:
        cluster = parse_cluster_id(_CHILD.sub("", subject))
    except InvalidId:
        return None
    return cluster if cluster.subscription_id in managed else None


def deleted_assignment(event_type: object, subject: object) -> str:
    """The id of the role assignment that an Event Grid event says was deleted, in lower case;
    empty when the event says no such thing."""
    if not (isinstance(event_type, str) and isinstance(subject, str)):
        return ""
    if event_type != "Microsoft.Resources.ResourceDeleteSuccess" or len(subject) > _ID_LIMIT:
        return ""
    return subject.lower() if _ASSIGNMENT.fullmatch(subject) else ""


def cluster_to_wake(text: str, managed: tuple[str, ...]) -> ClusterId:
    """The cluster named by a message on the reconcile queue. Raises `Refusal`."""
    try:
        cluster = parse_cluster_id(text)
    except InvalidId as error:
        raise Refusal("InvalidId", "", str(error)) from None
    if cluster.subscription_id not in managed:
        raise Refusal("SubscriptionNotManaged", "", "the cluster's subscription is not managed")
    return cluster


def _field_and_problem(error: msgspec.ValidationError) -> tuple[str, str]:
    problem, _, path = str(error).partition(" - at `$")
    named = re.search(r"(?:unknown|required) field `(\w{1,64})`", problem)
    field = path.strip("`.") or (named[1] if named else "")
    if field == "apiVersion":
        problem = "must be grantkeeper/v1"
    return field, problem


def _checked(body: _RequestBody, managed: tuple[str, ...]) -> ClusterRequest:
    def refuse(reason: str, field: str, message: str) -> Refusal:
        known = body.request_id if is_request_id(body.request_id) else ""
        return Refusal(reason, field, message, known)

    if not is_request_id(body.request_id):
        raise refuse(
            "InvalidRequest", "requestId", "1 to 64 letters, digits, '.', '_' or '-', alphanumeric "
            "at both ends")  # fmt: skip
    if not _LOCATION.fullmatch(body.location):
        raise refuse(
            "InvalidRequest", "location", "an Azure region's name in small letters, such as westus2"
        )
    for tag, value in body.tags.items():
        if len(tag) > 512 or len(value) > 256 or re.search(r"[<>%&\\?/]", tag):
            raise refuse(
                "InvalidRequest", "tags", "a tag has a name of at most 512 characters, none of "
                "them in <>%&\\?/, and a value of at most 256")  # fmt: skip
    if any(len(name) > _NAME_LIMIT for name in body.parameters):
        message = f"a parameter's name has at most {_NAME_LIMIT} characters"
        raise refuse("InvalidRequest", "parameters", message)
    if field := _unprintable(body):
        raise refuse("InvalidRequest", field, "holds control or direction characters")
    try:
        cluster = cluster_id(body.subscription_id or managed[0], body.resource_group, body.name)
    except InvalidId as error:
        field, _, problem = str(error).rpartition(": ")
        raise refuse("InvalidRequest", field or "subscriptionId", problem) from None
    if cluster.subscription_id not in managed:
        raise refuse("SubscriptionNotManaged", "subscriptionId", "not a managed subscription")
    content = (cluster.key, body.profile, body.location, body.parameters, body.tags)
    return ClusterRequest(
        request_id=body.request_id,
        cluster_id=str(cluster),
        profile=body.profile,
        location=body.location,
        digest=hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest(),
        parameters=dict(body.parameters),
        tags=body.tags,
    )


def _unprintable(body: _RequestBody) -> str:
    """The first field whose name or text has control, direction or surrogate characters."""
    texts = {
        "profile": body.profile,
        **{f"tags.{name}": value for name, value in body.tags.items()},
        **{f"parameters.{name}": str(value) for name, value in body.parameters.items()},
    }
    for field, text in texts.items():
        if any(unicodedata.category(c).startswith("C") for c in field + text):
            return field if field.isprintable() else field.partition(".")[0]
    return ""


def _id_in(text: bytes) -> str:
    """The request id of a body that is refused for something else, so the sender can find it."""
    try:
        found = msgspec.json.decode(text, type=dict[str, Any]).get("requestId", "")
    except _UNREADABLE:
        return ""
    return found if isinstance(found, str) and is_request_id(found) else ""


def is_request_id(text: str) -> bool:
    """Whether the text can be a request's id."""
    return _REQUEST_ID.fullmatch(text) is not None
