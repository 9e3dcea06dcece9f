"""Queue messages: base64, the metadata a body overrides, what an output becomes."""

import json
from datetime import UTC, datetime

import pytest
from azure.storage.queue import QueueMessage

from infra.functions_host.queue_message import (
    NotBase64Error,
    decode_body,
    encode_body,
    trigger_metadata,
)
from infra.functions_host.queue_output import messages_of
from infra.functions_host.wire import Binary, Datum, Json, Text


def message() -> QueueMessage:
    made = QueueMessage(content="unused")
    made.id, made.pop_receipt, made.dequeue_count = "storage-id", "receipt", 1
    made.inserted_on = made.next_visible_on = datetime(2026, 11, 23, 4, 54, 34, 291220, UTC)
    made.expires_on = None
    return made


def metadata(body: str, binary: bool = False) -> dict[str, str]:
    entries = trigger_metadata(message(), body.encode(), binary)
    return {name: str(datum.value) for name, datum in entries.items() if hasattr(datum, "value")}


@pytest.mark.parametrize(
    ("text", "body"),
    [("aGVsbG8=", b"hello"), (" aGVs\nbG8= ", b"hello"), ("", b""), ("/w==", b"\xff")],
)
def test_base64_is_decoded_ignoring_white_space(text: str, body: bytes) -> None:
    assert decode_body(text, is_base64=True) == body


@pytest.mark.parametrize("text", ["hello!", '{"a": 1}', "aGVsbG8", "aGVsbG8=x", "ÄÖ"])
def test_what_is_not_base64_is_told_apart(text: str) -> None:
    with pytest.raises(NotBase64Error):
        decode_body(text, is_base64=True)


def test_without_an_encoding_text_is_text() -> None:
    assert decode_body("hello!", is_base64=False) == b"hello!"
    assert encode_body("hello!", is_base64=False) == "hello!"


def test_metadata_describe_the_message() -> None:
    found = metadata("hello")
    assert found["Id"] == "storage-id"
    assert found["DequeueCount"] == "1"
    assert found["QueueTrigger"] == "hello"
    assert json.loads(found["InsertionTime"]) == "2026-11-23T04:54:34.291220+00:00"
    assert json.loads(found["ExpirationTime"]).startswith("9999-12-31")


def test_members_of_a_json_body_replace_metadata_ignoring_case() -> None:
    found = metadata('{"ID": "job-7", "dequeueCount": "abc", "new": {"a": 1}}')
    assert found["Id"] == "job-7"
    assert found["DequeueCount"] == "abc"
    assert json.loads(found["new"]) == {"a": 1}


@pytest.mark.parametrize(
    "body", ['{"id": null}', '{"id": [1]}', '["id"]', "{broken", '"id"', "[" * 48_000]
)
def test_nulls_lists_and_other_json_replace_nothing(body: str) -> None:
    assert metadata(body)["Id"] == "storage-id"


def test_a_binary_body_replaces_nothing() -> None:
    assert metadata('{"id": "job-7"}', binary=True)["Id"] == "storage-id"


@pytest.mark.parametrize(
    ("datum", "messages"),
    [
        (Text("plain"), ["plain"]),
        (Text('{"a":1}'), ['{\n  "a": 1\n}']),
        (Text('[1,"two",{"b":2}]'), ["1", "two", '{\n  "b": 2\n}']),
        (Json('["a","{\\"b\\":1}"]'), ["a", '{"b":1}']),
        (Json('{"id": null, "body": "x"}'), ['{\n  "id": null,\n  "body": "x"\n}']),
        (Binary(b"raw"), [b"raw"]),
    ],
)
def test_an_output_becomes_the_messages_the_real_host_writes(
    datum: Datum, messages: list[str | bytes]
) -> None:
    assert messages_of(datum) == messages


def test_an_output_that_only_looks_like_json_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        messages_of(Text("{not json}"))
