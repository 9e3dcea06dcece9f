"""A topic that fails: turns go on, and what it has not taken is sent again."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.eventgrid import EventGridPublisherClient
from msgspec.structs import replace

from infra.emulator import Emulator, Knobs, ManualClock, certificates
from infra.emulator.faults import Fault
from infra.emulator.server import EmulatorServer
from shared import settings
from shared.conditions import merge
from shared.lifecycle import Lifecycle, connect
from shared.model import Event
from shared.rejections import Rejection
from tests.unit.nouns import NOW, SUB, at, record

BEFORE = record()
READY = record(conditions=merge((), {"Ready": ("True", "Probe", "")}, NOW))
LATE = record(
    conditions=merge((), {"PermissionsEffective": ("False", "WindowExceeded", "late: x")}, NOW)
)
REJECTION = Rejection("UnknownProfile", "profile", "no such profile", NOW, "r-1")


class Topic:
    """A custom topic that bad weather may strike, and its publisher."""

    def __init__(self, emulator: Emulator, publisher: Lifecycle) -> None:
        self._emulator = emulator
        self.publisher = publisher

    def fails(self, **how: Any) -> None:
        self._emulator.faults.add(Fault(path="/topics/", **how))

    def works(self) -> None:
        self._emulator.faults.clear()

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self._emulator.custom_topics.events("life")]


@pytest.fixture
def topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    emulator = Emulator(Knobs(), ManualClock())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.ensure(tmp_path)))
    with EmulatorServer(emulator, certificates.server_context(tmp_path)) as server:
        environment = {
            "MANAGED_SUBSCRIPTIONS": SUB,
            "Work": "UseDevelopmentStorage=true",
            "EVENTGRID_TOPIC_ENDPOINT": f"{server.url}/topics/life/api/events",
            "EVENTGRID_TOPIC_KEY": emulator.keys.topic,
        }
        with closing(connect(settings.read(environment), NoToken())) as publisher:
            yield Topic(emulator, publisher)


class NoToken:
    """What azure-identity does when the token endpoint answers with a page of HTML."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        raise json.JSONDecodeError("Expecting value", "<html>", 0)


def ids(untold: tuple[Event, ...]) -> list[str]:
    return [event["id"] for event in untold]


def test_what_the_topic_takes_is_not_kept(topic: Topic) -> None:
    assert topic.publisher.publish(BEFORE, READY, NOW) == ()
    assert len(topic.ids) == 1


@pytest.mark.parametrize(
    "weather",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 429, "retry_after": 3600},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 400},
        {"kind": "html", "status": 502},
        {"kind": "reset"},
    ],
)
def test_what_the_topic_does_not_take_is_kept_and_sent_again(
    topic: Topic, weather: dict[str, Any]
) -> None:
    topic.fails(**weather)
    untold = topic.publisher.publish(BEFORE, READY, NOW)
    assert len(untold) == 1
    assert topic.ids == []
    topic.works()
    kept = replace(READY, untold=untold)
    assert topic.publisher.publish(kept, kept, at(60)) == ()
    assert topic.ids == ids(untold)


def test_an_answer_that_is_lost_makes_a_duplicate_with_the_same_id(topic: Topic) -> None:
    topic.fails(kind="reset_after_commit", count=1)
    kept = replace(READY, untold=topic.publisher.publish(BEFORE, READY, NOW))
    topic.publisher.publish(kept, kept, at(60))
    assert len(topic.ids) == 2
    assert len(set(topic.ids)) == 1


def test_a_topic_that_failed_is_left_alone_for_a_minute(topic: Topic) -> None:
    topic.fails(kind="status", count=1)
    first = topic.publisher.publish(BEFORE, READY, NOW)
    both = topic.publisher.publish(BEFORE, replace(LATE, untold=first), at(59))
    assert len(both) == 2
    assert topic.ids == []
    kept = replace(LATE, untold=both)
    assert topic.publisher.publish(kept, kept, at(60)) == ()
    assert topic.ids == ids(both)


def test_a_topic_that_never_answers_ends_the_wait_itself() -> None:
    """The connection is taken, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/api/events"
        client = EventGridPublisherClient(url, AzureKeyCredential("key"))
        with closing(Lifecycle(client, timeout=0.1)) as publisher:
            assert len(publisher.publish(BEFORE, READY, NOW)) == 1


def test_a_topic_that_gives_no_token_ends_no_turn() -> None:
    environment = {
        "MANAGED_SUBSCRIPTIONS": SUB,
        "Work": "UseDevelopmentStorage=true",
        "EVENTGRID_TOPIC_ENDPOINT": "https://topic.westus2-1.eventgrid.azure.net/api/events",
    }
    with closing(connect(settings.read(environment), NoToken())) as lifecycle:
        assert len(lifecycle.publish(BEFORE, READY, NOW)) == 1


def test_what_is_too_large_is_not_sent_for_ever(topic: Topic) -> None:
    topic.fails(kind="status", status=413)
    assert topic.publisher.publish(BEFORE, READY, NOW) == ()


def test_no_more_is_kept_than_a_record_has_room_for(topic: Topic) -> None:
    topic.fails(kind="status")
    untold: tuple[Event, ...] = ()
    for number in range(200):
        after = replace(READY, resource_uid=f"uid-{number}", untold=untold)
        untold = topic.publisher.publish(BEFORE, after, NOW)
    assert 20 < len(untold) < 200
    assert untold[-1]["data"]["resourceUid"] == "uid-199"


def test_a_refused_request_is_told(topic: Topic) -> None:
    topic.publisher.rejected(REJECTION)
    assert len(topic.ids) == 1


def test_a_topic_that_is_down_does_not_hold_up_a_refusal(topic: Topic) -> None:
    topic.fails(kind="status")
    topic.publisher.rejected(REJECTION)
    assert topic.ids == []


def test_without_a_topic_nothing_is_kept() -> None:
    assert Lifecycle(None).publish(BEFORE, replace(READY, untold=({"id": "1"},)), NOW) == ()


def test_lateness_is_an_alert_in_the_log_once_also_without_a_topic(
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher = Lifecycle(None)
    with caplog.at_level(logging.WARNING):
        publisher.publish(BEFORE, LATE, NOW)
        publisher.publish(LATE, LATE, at(60))
    assert [line.getMessage() for line in caplog.records] == [
        f"alert=AccessLate cluster={LATE.cluster_id} reason=WindowExceeded"
    ]
