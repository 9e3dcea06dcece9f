"""What a custom topic is told of a life; each event is one, however often it comes."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

import function_app
from infra.emulator import Emulator, Knobs, ManualClock, certificates
from infra.emulator.clusters import Outcome
from infra.emulator.faults import Fault
from infra.emulator.server import EmulatorServer
from shared.roles import NETWORK_CONTRIBUTOR
from tests.flow.conftest import Found
from tests.flow.ground import assign
from tests.flow.test_permissions import PROBING
from tests.flow.town import POLICY, Town

NO_NETWORKS = POLICY.read_bytes().replace(b"net-*", b"other-*")


class Topic:
    """A custom topic: an emulator of its own, behind TLS, which bad weather may strike."""

    def __init__(self, emulator: Emulator, url: str) -> None:
        self._emulator = emulator
        self._url = url

    def follow(self, town: Town) -> Town:
        """The topic that this town's product tells."""
        town.publish_to(f"{self._url}/topics/life/api/events", self._emulator.keys.topic)
        return town

    def goes_down(self) -> None:
        self._emulator.faults.add(Fault("status", path="/topics/", status=503))

    def comes_back(self) -> None:
        self._emulator.faults.clear()

    def events(self) -> list[dict[str, Any]]:
        """What was told, once each: receivers drop an id that they have had."""
        told = self._emulator.custom_topics.events("life")
        return list({event["id"]: event for event in reversed(told)}.values())[::-1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The data of the events of this kind."""
        return [e["data"] for e in self.events() if e["type"] == f"Grantkeeper.{kind}"]

    def kinds(self) -> list[str]:
        return [event["type"].removeprefix("Grantkeeper.") for event in self.events()]


@pytest.fixture
def topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    emulator = Emulator(Knobs(), ManualClock())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.ensure(tmp_path)))
    with EmulatorServer(emulator, certificates.server_context(tmp_path)) as server:
        yield Topic(emulator, server.url)


@pytest.fixture
def told_town(found_town: Found, topic: Topic) -> Callable[..., Town]:
    """Founds a town whose product tells the topic."""
    return lambda *policy, **knobs: topic.follow(found_town(*policy, **knobs))


CREATION = ["ClusterRequested", "ClusterCreating", "GrantWritten", "GrantWritten", "AccessReady"]


def test_a_whole_life_is_told_in_order(told_town: Callable[..., Town], topic: Topic) -> None:
    town = told_town()
    town.request(parameters={"subnet": town.subnet})
    town.run_until(lambda: town.ready() and town.record().settled)
    assert topic.kinds() == CREATION
    lost = next(p for p in town.record().grants if p.grant.role == NETWORK_CONTRIBUTOR)
    town.arm("DELETE", lost.assignment_id, version="2022-04-01")
    town.app.queues.wake(town.id_of())
    town.run_until(lambda: not town.ready(), minutes=20)
    town.run_until(lambda: town.ready() and town.record().settled)
    again = topic.kinds()[len(CREATION) :]
    assert sorted(again) == ["AccessLost", "AccessReady", "GrantWritten"]
    assert again[-1] == "AccessReady"
    town.delete_cluster()
    town.run_until(lambda: town.status("ClusterProvisioned")[1] == "Deleted", minutes=30)
    assert topic.kinds()[len(CREATION) + 3 :] == ["AccessLost", "ClusterDeleted"]


def test_ready_is_told_with_its_evidence_and_with_each_grants_delays(
    told_town: Callable[..., Town], topic: Topic
) -> None:
    town = told_town(PROBING)
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready)
    (ready,) = topic.of("AccessReady")
    assert ready["evidence"] == "Probe"
    assert ready["requestId"] == "r-c1"
    for grant, progress in zip(ready["grants"], town.record().grants, strict=True):
        assert grant["scope"] == progress.grant.scope
        assert grant["evidence"] == "Probe"
        assert 300 <= grant["effectiveSeconds"] < 3600


def test_crashes_and_duplicates_tell_nothing_that_is_new(
    told_town: Callable[..., Town], topic: Topic
) -> None:
    town = told_town()
    town.request(parameters={"subnet": town.subnet})
    while not town.ready():
        town.azure.advance(30)
        due = [x for x in town.post.letters if x.at <= town.clock.now()]
        for letter in due:
            town.post.letters.remove(letter)
            town.deliver_and_crash(letter)
        town.run(0.5)
        town.app.queues.wake(town.id_of())
    assert sorted(topic.kinds()) == sorted(CREATION)


def test_a_refused_grant_is_told_with_the_line_for_an_administrator(
    told_town: Callable[..., Town], topic: Topic
) -> None:
    town = told_town(NO_NETWORKS)
    town.make_cluster()
    town.run(10)
    (refused,) = topic.of("GrantRefused")
    assert (refused["reason"], refused["scope"]) == ("ScopeNotAllowed", town.subnet)
    assert refused["message"].startswith("az role assignment create ")
    assign(town, refused["principalId"], NETWORK_CONTRIBUTOR, town.subnet, "ServicePrincipal")
    town.run_until(town.ready)
    written = {event["scope"]: event["madeByUs"] for event in topic.of("GrantWritten")}
    assert written == {town.subnet: False, town.registry: True}


def test_a_grant_that_azure_refuses_is_told_once_while_it_is_tried_again(
    told_town: Callable[..., Town], topic: Topic
) -> None:
    town = told_town()
    locked = {"status": 409, "code": "ScopeLocked", "message": "The scope is locked."}
    town.fault("status", method="PUT", path="roleAssignments", **locked)
    town.make_cluster()
    town.run(150)
    refused = [(each["reason"], each["scope"]) for each in topic.of("GrantRefused")]
    assert refused == [("ScopeLocked", town.subnet), ("ScopeLocked", town.registry)]
    town.azure.faults.clear()
    town.run_until(town.ready)
    assert len(topic.of("GrantWritten")) == 2


def test_late_access_is_told_once_and_alerts_once_and_may_come_after_all(
    told_town: Callable[..., Town], topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    town = told_town(PROBING, effective_seconds=(5400, 5400))
    town.request(parameters={"subnet": town.subnet})
    with caplog.at_level(logging.WARNING, "shared"):
        town.run_until(town.ready, minutes=240)
    assert topic.kinds()[-2:] == ["AccessLate", "AccessReady"]
    assert topic.kinds().count("AccessLate") == 1
    alerts = [r.getMessage() for r in caplog.records if "alert=AccessLate" in r.getMessage()]
    assert len(alerts) == 1
    assert f"cluster={town.id_of()} reason=" in alerts[0]


def test_a_failed_cluster_is_told(told_town: Callable[..., Town], topic: Topic) -> None:
    town = told_town()
    town.azure.clusters.expect(Outcome())
    town.request(parameters={"subnet": town.subnet})
    town.run(10)
    (failed,) = topic.of("ClusterFailed")
    assert failed["reason"] == "ProvisioningFailed"


def test_a_refused_request_is_told_once(told_town: Callable[..., Town], topic: Topic) -> None:
    town = told_town()
    for _ in range(2):
        town.request(profile="none")
    town.deliver_due()
    (rejected,) = topic.of("RequestRejected")
    assert (rejected["requestId"], rejected["reason"]) == ("r-c1", "UnknownProfile")
    assert topic.kinds() == ["RequestRejected"]


def test_a_request_for_a_cluster_that_is_there_is_told_as_rejected(
    told_town: Callable[..., Town], topic: Topic
) -> None:
    town = told_town()
    town.make_cluster()
    town.azure.event_grid.take()
    town.request()
    town.run(1, events=False, timer=False)
    (rejected,) = topic.of("RequestRejected")
    assert (rejected["requestId"], rejected["reason"]) == ("r-c1", "ClusterExists")
    assert "ClusterCreating" not in topic.kinds()


def test_a_poisoned_request_is_told_as_rejected(
    told_town: Callable[..., Town], topic: Topic
) -> None:
    told_town()
    text = json.dumps({"requestId": "r-9"}).encode()
    function_app.request_poisoned(func.QueueMessage(body=text))
    (rejected,) = topic.of("RequestRejected")
    assert (rejected["requestId"], rejected["reason"]) == ("r-9", "Poisoned")


def test_a_topic_that_is_down_delays_nothing_and_hears_all_of_it_later(
    told_town: Callable[..., Town], topic: Topic
) -> None:
    town = told_town()
    topic.goes_down()
    town.request(parameters={"subnet": town.subnet})
    town.run_until(town.ready, minutes=15)
    town.run_until(lambda: town.record().settled)
    assert topic.events() == []
    topic.comes_back()
    town.run_until(lambda: not town.record().untold, minutes=16)
    assert topic.kinds() == CREATION
    assert town.record().settled
