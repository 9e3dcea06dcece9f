"""Queue messages on the wire: base64, and the trigger metadata a function sees.

Facts: `QueueTriggerBinding` (storage extension), `Utility.ApplyBindingData` (host).
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime

from azure.storage.queue import QueueMessage

from .wire import Datum, Json, Text

_NEVER = "9999-12-31T23:59:59.9999999+00:00"


class NotBase64Error(ValueError):
    """The text of a message is not base64 although host.json says it is."""


def decode_body(text: str, is_base64: bool) -> bytes:
    """The body of a message with this text. White space is ignored, as in .NET.

    Raises NotBase64Error.
    """
    if not is_base64:
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotBase64Error("the message text is not base64") from error


def encode_body(body: str | bytes, is_base64: bool) -> str:
    """The text of a message with this body. Raises ValueError for bytes that are no text."""
    raw = body.encode() if isinstance(body, str) else body
    return base64.b64encode(raw).decode() if is_base64 else raw.decode()


def trigger_metadata(message: QueueMessage, body: bytes, binary: bool) -> dict[str, Datum]:
    """What comes with `body`; `binary` is whether the binding has dataType BINARY.

    The top-level members of a JSON object in a text body replace entries of the same name,
    ignoring case: `{"id": "job-7"}` makes the function see that id. This is how the real host
    behaves (azure-functions-python-worker #1373), a trap a local host must not hide.
    """
    metadata: dict[str, Datum] = {
        "DequeueCount": Json(str(message.dequeue_count)),
        "Id": Text(str(message.id)),
        "PopReceipt": Text(str(message.pop_receipt)),
        "InsertionTime": _moment(message.inserted_on),
        "ExpirationTime": _moment(message.expires_on),
        "NextVisibleTime": _moment(message.next_visible_on),
    }
    try:
        metadata["QueueTrigger"] = Text(body.decode())
    except UnicodeDecodeError:
        return metadata
    return metadata if binary else _overridden(metadata, body.decode())


def _moment(moment: datetime | None) -> Datum:
    text = _NEVER if moment is None else moment.astimezone(UTC).isoformat()
    return Json(json.dumps(text))


def _overridden(metadata: dict[str, Datum], text: str) -> dict[str, Datum]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return metadata
    if not isinstance(document, dict):
        return metadata
    spelling = {name.lower(): name for name in metadata}
    for name, value in document.items():
        if value is None or isinstance(value, list):
            continue
        key = spelling.setdefault(name.lower(), name)
        metadata[key] = _member(value)
    return metadata


def _member(value: object) -> Datum:
    if isinstance(value, dict):
        return Json(json.dumps(value))
    return Text(str(value))


def by_hand_metadata(text: str) -> dict[str, Datum]:
    """The metadata of a run by hand: no id, no receipt, never dequeued."""
    metadata: dict[str, Datum] = {"DequeueCount": Json("0"), "QueueTrigger": Text(text)}
    return _overridden(metadata, text)
