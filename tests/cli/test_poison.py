"""`poison` lists what was refused or failed, puts it back on its queue, and drops it."""

import json
from collections.abc import Iterator

import pytest
from azure.storage.queue import QueueClient, TextBase64DecodePolicy

from shared.event_grid import without_claims
from shared.queues import EVENTS, RECONCILE, REQUESTS
from shared.rejections import EVENT_UNREADABLE, Rejection
from shared.store import Store
from tests.cli import records
from tests.typed import Type

REQUEST = b'{"requestId": "r-9",\n "resourceGroup": "team", "name": "one"}'
FAILED = Rejection(
    "Poisoned", "", "failed five times", records.NOW, "r-9", text=REQUEST, queue=REQUESTS
)
REFUSED = Rejection(
    "UnknownProfile", "profile", "no such", records.NOW, "r-8", text=b'{"a": 1}', queue=REQUESTS
)
TURN = Rejection(
    "RecordDamaged",
    "",
    "cannot be read",
    records.NOW,
    text=records.cluster_id("two").encode(),
    queue=RECONCILE,
)
EVENT = Rejection(
    "Poisoned",
    "",
    "failed five times",
    records.NOW,
    text=without_claims("Microsoft.Resources.ResourceWriteSuccess", records.cluster_id("three")),
    queue=EVENTS,
)


@pytest.fixture
def reconcile_queue(storage: str) -> Iterator[QueueClient]:
    with QueueClient.from_connection_string(
        storage, RECONCILE, message_decode_policy=TextBase64DecodePolicy()
    ) as queue:
        queue.create_queue()
        yield queue


def keep(store: Store, *rejections: Rejection) -> None:
    for rejection in rejections:
        store.reject(rejection)


def texts(queue: QueueClient) -> list[str]:
    return [message.content for message in queue.peek_messages(max_messages=32)]


def test_each_kept_message_is_a_line_with_its_queue_reason_cluster_and_text(
    grantkeeper: Type, store: Store
) -> None:
    keep(store, FAILED, TURN)
    answer = grantkeeper("poison", "list")
    _, *lines = answer.out.splitlines()
    assert any(FAILED.id in line and "team/one" in line and REQUESTS in line for line in lines)
    assert any(TURN.id in line and "managedClusters/two" in line for line in lines)
    assert '{"requestId": "r-9",' in answer.out
    assert '"resourceGroup"' not in answer.out
    assert answer.code == 0


def test_json_has_the_whole_text_and_tells_what_failed_from_what_was_refused(
    grantkeeper: Type, store: Store
) -> None:
    keep(store, FAILED, REFUSED)
    found = json.loads(grantkeeper("poison", "list", "--json").out)
    shown = {each["requestId"]: each for each in found["messages"]}
    assert found["apiVersion"] == "grantkeeper/v1"
    assert shown["r-9"]["text"] == REQUEST.decode()
    assert (shown["r-9"]["poisoned"], shown["r-8"]["poisoned"]) == (True, False)
    assert shown["r-9"]["cluster"] == "team/one"
    assert shown["r-9"]["obstacle"] == ""


def test_a_fresh_account_keeps_no_message(grantkeeper: Type) -> None:
    answer = grantkeeper("poison", "list")
    assert (answer.code, answer.out) == (0, "No message is kept: none was refused or failed.\n")
    assert grantkeeper("poison", "retry", "--all").code == 0


def test_a_message_is_put_back_on_its_queue_as_it_was_and_kept_no_longer(
    grantkeeper: Type, store: Store, requests_queue: QueueClient, reconcile_queue: QueueClient
) -> None:
    keep(store, FAILED, TURN, REFUSED)
    answer = grantkeeper("poison", "retry", FAILED.id.upper())
    assert (answer.code, answer.out) == (0, f"Sent {FAILED.id} to {REQUESTS}\n")
    assert grantkeeper("poison", "retry", TURN.id).code == 0
    assert texts(requests_queue) == [REQUEST.decode()]
    assert texts(reconcile_queue) == [records.cluster_id("two")]
    assert list(store.rejections()) == [REFUSED]


def test_all_are_those_that_failed_and_a_refused_one_is_put_back_by_its_id(
    grantkeeper: Type, store: Store, requests_queue: QueueClient, reconcile_queue: QueueClient
) -> None:
    keep(store, FAILED, REFUSED)
    assert grantkeeper("poison", "retry", "--all").code == 0
    assert texts(requests_queue) == [REQUEST.decode()]
    assert list(store.rejections()) == [REFUSED]
    assert grantkeeper("poison", "retry", REFUSED.id).code == 0
    assert texts(requests_queue) == [REQUEST.decode(), '{"a": 1}']


@pytest.mark.parametrize(
    ("text", "queue", "why"),
    [
        (b"\xff\xfe", REQUESTS, "not UTF-8"),
        (b"x" * (48 * 1024 + 1), REQUESTS, "too long"),
        (b"", REQUESTS, "no text"),
        (b"text", "", "none of our queues"),
        (b"text", "somewhere", "none of our queues"),
    ],
)
def test_what_cannot_be_sent_is_said_and_kept(
    grantkeeper: Type,
    store: Store,
    requests_queue: QueueClient,
    text: bytes,
    queue: str,
    why: str,
) -> None:
    odd = Rejection("Poisoned", "", "failed", records.NOW, text=text, queue=queue)
    keep(store, odd)
    answer = grantkeeper("poison", "retry", odd.id)
    assert answer.code == 1
    assert why in answer.out
    assert [each.id for each in store.rejections()] == [odd.id]
    assert texts(requests_queue) == []


def test_the_longest_text_that_is_kept_as_sendable_is_sent(
    grantkeeper: Type, store: Store, requests_queue: QueueClient
) -> None:
    keep(store, Rejection("Poisoned", "", "", records.NOW, text=b"x" * 48 * 1024, queue=REQUESTS))
    assert grantkeeper("poison", "retry", "--all").code == 0
    assert texts(requests_queue) == ["x" * 48 * 1024]


def test_nothing_is_forgotten_when_there_is_no_queue(grantkeeper: Type, store: Store) -> None:
    keep(store, FAILED)
    answer = grantkeeper("poison", "retry", "--all")
    assert answer.code == 4
    assert [each.id for each in store.rejections()] == [FAILED.id]


def test_an_event_is_shown_by_what_it_is_about_and_put_back(
    grantkeeper: Type, store: Store, storage: str
) -> None:
    keep(store, EVENT)
    assert "managedClusters/three" in grantkeeper("poison", "list").out
    with QueueClient.from_connection_string(
        storage, EVENTS, message_decode_policy=TextBase64DecodePolicy()
    ) as queue:
        queue.create_queue()
        answer = grantkeeper("poison", "retry", "--all")
        assert (answer.code, answer.out) == (0, f"Sent {EVENT.id} to {EVENTS}\n")
        assert texts(queue) == [EVENT.text.decode()]
    assert list(store.rejections()) == []


def test_an_event_that_was_not_kept_cannot_be_put_back(grantkeeper: Type, store: Store) -> None:
    text = b"7 bytes, not kept"
    unreadable = Rejection(EVENT_UNREADABLE, "", "", records.NOW, text=text, queue=EVENTS)
    keep(store, unreadable)
    answer = grantkeeper("poison", "retry", unreadable.id)
    assert (answer.code, "the message was not kept" in answer.out) == (1, True)
    assert list(store.rejections()) == [unreadable]


def test_an_unknown_id_changes_nothing(
    grantkeeper: Type, store: Store, requests_queue: QueueClient
) -> None:
    keep(store, FAILED)
    for command in ("retry", "drop"):
        answer = grantkeeper("poison", command, FAILED.id, "0123456789ab")
        assert answer.code == 3
        assert "0123456789ab: no such message" in answer.err
    assert [each.id for each in store.rejections()] == [FAILED.id]
    assert texts(requests_queue) == []


def test_a_dropped_message_is_gone(
    grantkeeper: Type, store: Store, requests_queue: QueueClient
) -> None:
    keep(store, FAILED, REFUSED)
    answer = grantkeeper("poison", "drop", FAILED.id)
    assert (answer.code, answer.out) == (0, f"Dropped {FAILED.id}\n")
    assert list(store.rejections()) == [REFUSED]
    assert texts(requests_queue) == []


@pytest.mark.parametrize("arguments", [(), ("--all", "0123456789ab")])
def test_retry_takes_ids_or_all(grantkeeper: Type, arguments: tuple[str, ...]) -> None:
    assert grantkeeper("poison", "retry", *arguments).code == 2


def test_what_a_terminal_would_obey_is_shown_instead(grantkeeper: Type, store: Store) -> None:
    keep(store, Rejection("InvalidId", "", "", records.NOW, text=b"\x1b[2J", queue=RECONCILE))
    out = grantkeeper("poison", "list").out
    assert "\x1b" not in out
    assert "\\x1b[2J" in out


def test_a_text_is_shown_as_it_is_whatever_its_brackets_and_colons_mean_elsewhere(
    grantkeeper: Type, store: Store
) -> None:
    text = '{"a": ["[bold]", "[/x]", ":key:"]}'
    keep(store, Rejection("Poisoned", "", "", records.NOW, text=text.encode(), queue=REQUESTS))
    assert text in grantkeeper("poison", "list").out
