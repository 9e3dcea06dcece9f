"""A request is taken strictly, or refused with the field and the remedy."""

import json
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messages import (
    MAX_BYTES,
    Refusal,
    decoded,
    parse_request,
)
from tests.unit.damage import clean, damaged
from tests.unit.nouns import CLUSTER, OTHER_SUB, SUB

BODY: dict[str, Any] = {
    "apiVersion": "grantkeeper/v1",
    "requestId": "caller-chosen-1",
    "profile": "default",
    "resourceGroup": "clusters",
    "name": "c1",
    "location": "westus2",
}


def parse(text: bytes) -> Any:
    return parse_request(text, (SUB, OTHER_SUB))


def encoded(**changes: Any) -> bytes:
    return json.dumps({**BODY, **changes}).encode()


def refusal_of(text: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse(text)
    return caught.value


def test_a_request_is_read() -> None:
    request = parse(encoded(parameters={"nodeCount": 3}, tags={"team": "payments"}))
    assert request.request_id == "caller-chosen-1"
    assert request.cluster_id == str(CLUSTER)
    assert request.parameters == {"nodeCount": 3}
    assert request.tags == {"team": "payments"}
    assert (request.profile, request.location) == ("default", "westus2")


def test_the_first_managed_subscription_is_the_default() -> None:
    assert SUB in parse(encoded()).cluster_id
    assert SUB in parse(encoded(subscriptionId=None)).cluster_id
    assert OTHER_SUB in parse(encoded(subscriptionId=OTHER_SUB)).cluster_id


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello",
        b"{",
        encoded(parameters={"a": float("nan")}),
        encoded(parameters={"a": float("inf")}),
        b'\xef\xbb\xbf{"apiVersion": "grantkeeper/v1"}',
        "{}".encode("utf-16"),
        b'{"requestId": "\xff"}',
        b'{"requestId": "\\ud800"}',
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_not_json_is_refused_as_such(text: bytes) -> None:
    assert refusal_of(text).reason == "NotJson"


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (b"eyJhIjogMX0=", b'{"a": 1}'),
        (b"eyJh\r\nIjogMX0=\n", b'{"a": 1}'),
        (b'{"a": 1}', b'{"a": 1}'),
        (b"/subscriptions/00000000-0000-0000-0000-000000000001", None),
        (b"{not base64}", None),
        (b"/////w==", None),  # base64, but not of UTF-8
        (b"eyJhIjogMX0", None),  # cut short
    ],
)
def test_base64_is_decoded_and_all_else_is_left(text: bytes, content: bytes | None) -> None:
    assert decoded(text) == (text if content is None else content)


@pytest.mark.parametrize("text", [b"[" * 60_000, b'{"a":' * 12_000, b'{"tags":' * 8_000])
def test_deep_nesting_is_refused(text: bytes) -> None:
    assert refusal_of(text).reason in {"NotJson", "InvalidRequest"}


@pytest.mark.parametrize("text", [b"x" * (MAX_BYTES + 1), b"[" * 200_000])
def test_more_than_64_kib_is_refused_unread(text: bytes) -> None:
    assert refusal_of(text).reason == "TooLarge"


def test_64_kib_are_read() -> None:
    text = encoded(tags={f"t{n}": "x" * 250 for n in range(200)})
    assert parse(text + b" " * (MAX_BYTES - len(text))).request_id == "caller-chosen-1"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"apiVersion": "grantkeeper/v2"}, "apiVersion"),
        ({"apiVersion": 1}, "apiVersion"),
        ({"requestId": 1}, "requestId"),
        ({"requestId": None}, "requestId"),
        ({"requestId": ""}, "requestId"),
        ({"requestId": "a b"}, "requestId"),
        ({"requestId": "-a"}, "requestId"),
        ({"requestId": "a" * 65}, "requestId"),
        ({"requestId": "a\n"}, "requestId"),
        ({"requestId": "a/b"}, "requestId"),
        ({"profile": []}, "profile"),
        ({"profile": "a\u0000"}, "profile"),
        ({"name": 3}, "name"),
        ({"name": ""}, "name"),
        ({"name": "-c"}, "name"),
        ({"name": "c."}, "name"),
        ({"name": "c/.."}, "name"),
        ({"name": "c" * 64}, "name"),
        ({"name": "\u0441"}, "name"),
        ({"resourceGroup": ".."}, "resourceGroup"),
        ({"resourceGroup": "a#"}, "resourceGroup"),
        ({"resourceGroup": "a?b"}, "resourceGroup"),
        ({"resourceGroup": "%2e%2e"}, "resourceGroup"),
        ({"location": "West US"}, "location"),
        ({"location": "westus2/../x"}, "location"),
        ({"location": "westus2\n"}, "location"),
        ({"subscriptionId": "x"}, "subscriptionId"),
        ({"subscriptionId": SUB + "/.."}, "subscriptionId"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {"a": 1.5}}, "parameters[...]"),
        ({"parameters": {"a": {"b": 1}}}, "parameters[...]"),
        ({"parameters": {"a": None}}, "parameters[...]"),
        ({"parameters": {"a" * 65: 1}}, "parameters"),
        ({"parameters": {"a": "x\u202e"}}, "parameters.a"),
        ({"parameters": {"a": "x\u0000"}}, "parameters.a"),
        ({"parameters": {"a": "x\u2066y"}}, "parameters.a"),
        ({"tags": {"a": "x\u202e"}, "parameters": {"a": 1}}, "tags.a"),
        ({"tags": {"profile": "x\u202e"}}, "tags.profile"),
        ({"tags": {"a": 1}}, "tags[...]"),
        ({"tags": {"a<b": "x"}}, "tags"),
        ({"tags": {"a" * 513: "x"}}, "tags"),
        ({"tags": {"a": "x" * 257}}, "tags"),
        ({"tags": {"a\u200f": "x"}}, "tags"),
        ({"tags": {"a": "x\r\ny"}}, "tags.a"),
    ],
)
def test_a_fault_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    refusal = refusal_of(encoded(**changes))
    assert (refusal.reason, refusal.field) == ("InvalidRequest", field)
    assert str(refusal)


@pytest.mark.parametrize("name", sorted(BODY))
def test_every_field_is_needed(name: str) -> None:
    refusal = refusal_of(json.dumps({k: v for k, v in BODY.items() if k != name}).encode())
    assert (refusal.reason, refusal.field) == ("InvalidRequest", name)


@pytest.mark.parametrize("name", ["servicePrincipal", "identity", "scope", "role", "api_version"])
def test_unknown_fields_are_refused_by_name(name: str) -> None:
    refusal = refusal_of(encoded(**{name: "x"}))
    assert refusal.reason == "InvalidRequest"
    assert name in str(refusal)


@pytest.mark.parametrize("text", [b"null", b"[]", b"3", b'"text"'])
def test_json_that_is_no_object_is_refused(text: bytes) -> None:
    assert refusal_of(text).reason == "InvalidRequest"


def test_another_subscription_is_refused() -> None:
    other = "77777777-2222-3333-4444-555555555555"
    refusal = refusal_of(encoded(subscriptionId=other))
    assert (refusal.reason, refusal.field) == ("SubscriptionNotManaged", "subscriptionId")


def test_the_sender_finds_a_refusal_by_its_request_id() -> None:
    assert refusal_of(encoded(name="-")).request_id == "caller-chosen-1"
    assert refusal_of(encoded(other=1)).request_id == "caller-chosen-1"
    assert refusal_of(encoded(requestId="a b", name=3)).request_id == ""


def test_the_digest_is_over_the_meaning() -> None:
    digest = parse(encoded(tags={"a": "1", "b": "2"})).digest
    reordered = dict(reversed({**BODY, "tags": {"b": "2", "a": "1"}}.items()))
    assert parse(json.dumps(reordered, indent=3).encode()).digest == digest
    assert parse(encoded(tags={"a": "1", "b": "2"}, name="C1")).digest == digest
    assert parse(encoded(tags={"a": "1", "b": "2"}, requestId="other")).digest == digest


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "c2"},
        {"resourceGroup": "x"},
        {"location": "eastus"},
        {"profile": "gold"},
        {"parameters": {"nodeCount": 4}},
        {"tags": {"a": "b"}},
        {"subscriptionId": OTHER_SUB},
    ],
)
def test_another_meaning_has_another_digest(changes: dict[str, Any]) -> None:
    assert parse(encoded(**changes)).digest != parse(encoded()).digest


@given(st.binary(max_size=300) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_cause_anything_but_a_refusal(text: bytes) -> None:
    with pytest.raises(Refusal):
        parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*BODY, "subscriptionId", "parameters", "tags"]), JSON))
def test_no_json_causes_anything_but_a_request_or_a_refusal(changes: dict[str, Any]) -> None:
    try:
        request = parse(encoded(**changes))
    except Refusal as refusal:
        assert refusal.reason
    else:
        assert request.cluster_id.startswith("/subscriptions/")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_no_damaged_request_causes_anything_but_a_clean_cluster_or_a_refusal(seed: int) -> None:
    """10,000 of them, a hundred from each number drawn."""
    dice = Random(seed)  # noqa: S311
    for _ in range(100):
        with suppress(Refusal):
            assert clean(parse(damaged(encoded().decode(), dice).encode()).cluster_id)
