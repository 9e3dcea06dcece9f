"""`submit` sends what the app will accept, and nothing else."""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from infra.stack.process import wait_until
from shared.rejections import Rejection
from shared.store import Store
from tests.cli import records
from tests.typed import Type

REQUEST: dict[str, Any] = {
    "apiVersion": "grantkeeper/v1",
    "requestId": "r-1",
    "profile": "default",
    "resourceGroup": "team",
    "name": "one",
    "location": "westus2",
}
FLAGS = ("--name", "one", "--resource-group", "team", "--location", "westus2")


def sent(queue: QueueClient) -> list[dict[str, Any]]:
    return [json.loads(message.content) for message in queue.peek_messages(32)]


def test_flags_become_a_request_on_the_queue(
    grantkeeper: Type, requests_queue: QueueClient
) -> None:
    parameters = ("--param", "nodeCount=3", "--tag", "team=payments", "--request-id", "r-1")
    answer = grantkeeper("submit", *FLAGS, *parameters)
    assert sent(requests_queue) == [
        REQUEST
        | {
            "subscriptionId": records.SUBSCRIPTION,
            "parameters": {"nodeCount": 3},
            "tags": {"team": "payments"},
        }
    ]
    assert "r-1" in answer.out
    assert "python -m grantkeeper watch team/one" in answer.out
    assert answer.code == 0


def test_each_submit_is_a_request_of_its_own(
    grantkeeper: Type, requests_queue: QueueClient
) -> None:
    grantkeeper("submit", *FLAGS)
    grantkeeper("submit", *FLAGS)
    one, two = sent(requests_queue)
    assert one["requestId"] != two["requestId"]


def test_a_file_is_sent_as_it_is(
    grantkeeper: Type, requests_queue: QueueClient, tmp_path: Path
) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(REQUEST))
    assert grantkeeper("submit", str(file)).code == 0
    assert sent(requests_queue) == [REQUEST]


def test_standard_input_is_sent_as_it_is(
    grantkeeper: Type, requests_queue: QueueClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = io.TextIOWrapper(io.BytesIO(json.dumps(REQUEST).encode()))
    monkeypatch.setattr(sys, "stdin", text)
    assert grantkeeper("submit", "-").code == 0
    assert sent(requests_queue) == [REQUEST]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "-"}, "InvalidRequest: name: a cluster name has 1 to 63"),
        ({"location": "West US"}, "InvalidRequest: location:"),
        ({"profile": "huge"}, "UnknownProfile: profile: no such profile; there are: default"),
        ({"parameters": {"nodeCount": 11}}, "ParameterOutOfBounds: parameters.nodeCount: must be"),
        ({"parameters": {"vm": "big"}}, "UnknownParameter: parameters.vm: not in this profile"),
        ({"subscriptionId": records.SUBSCRIPTION.replace("1", "2")}, "SubscriptionNotManaged"),
        ({"servicePrincipal": "x"}, "InvalidRequest: servicePrincipal: Object contains unknown"),
        ({"apiVersion": "v1"}, "InvalidRequest: apiVersion: must be grantkeeper/v1"),
    ],
)
def test_what_the_app_would_refuse_is_not_sent(
    grantkeeper: Type,
    requests_queue: QueueClient,
    tmp_path: Path,
    change: dict[str, Any],
    complaint: str,
) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(REQUEST | change))
    answer = grantkeeper("submit", str(file))
    assert answer.code == 2
    assert answer.err.startswith(f"grantkeeper: {complaint}")
    assert sent(requests_queue) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give either a FILE or --name"),
        (["request.json", "--name", "one"], "give either a FILE or --name"),
        (["missing.json"], "missing.json: No such file"),
        (["request.json", "--param", "nodeCount=3"], "a FILE is the whole request"),
        (["request.json", "--request-id", "r-2"], "a FILE is the whole request"),
        ([*FLAGS, "--param", "nodeCount"], "--param nodeCount: expected KEY=VALUE"),
        ([*FLAGS, "--param", "nodeCount=many"], "parameters.nodeCount: must be of type integer"),
        ([*FLAGS, "--subscription", "mine"], "SUBSCRIPTION_ID: not a GUID"),
        ([*FLAGS, "--policy", "missing.yaml"], "POLICY_FILE: missing.yaml: No such file"),
        ([*FLAGS, "--wait", "--timeout", "soon"], "'soon' is not a number followed by s, m or h"),
    ],
)
def test_a_wrong_command_says_what_is_wrong(
    grantkeeper: Type, requests_queue: QueueClient, arguments: list[str], complaint: str
) -> None:
    answer = grantkeeper("submit", *arguments)
    assert answer.code == 2
    assert complaint in answer.err
    assert sent(requests_queue) == []


def test_a_dry_run_shows_the_body_and_sends_nothing(
    grantkeeper: Type, requests_queue: QueueClient
) -> None:
    answer = grantkeeper("submit", *FLAGS, "--param", "nodeCount=5", "--dry-run")
    body = json.loads(answer.out)
    assert body["identity"] == {"type": "SystemAssigned"}
    assert body["properties"]["agentPoolProfiles"][0]["count"] == 5
    assert sent(requests_queue) == []


def test_an_account_without_the_queue_is_said(grantkeeper: Type) -> None:
    answer = grantkeeper("submit", *FLAGS)
    assert answer.code == 4
    assert "is the app deployed?" in answer.err


@contextmanager
def once_sent(queue: QueueClient, act: Callable[[], object]) -> Iterator[None]:
    """Do what the app would do once a request is on the queue."""

    def wait_and_act() -> None:
        if wait_until(lambda: bool(sent(queue)), seconds=60):
            act()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    yield
    thread.join()


def test_waiting_ends_well_when_the_cluster_is_ready(
    grantkeeper: Type, requests_queue: QueueClient, store: Store
) -> None:
    store.reject(Rejection("Old", "", "of an earlier attempt", records.NOW, "r-1"))
    with once_sent(requests_queue, lambda: store.save(records.ready("one"), None)):
        answer = grantkeeper(
            "submit", *FLAGS, "--request-id", "r-1", "--wait", "--interval", "0.1s"
        )
    assert answer.code == 0
    assert "team/one is Ready (Probe): az aks get-credentials" in answer.out


def test_waiting_ends_with_the_reason_when_the_request_is_rejected(
    grantkeeper: Type, requests_queue: QueueClient, store: Store
) -> None:
    store.save(records.creating("one"), None)
    later = records.NOW + timedelta(seconds=1)
    rejection = Rejection("ClusterExists", "name", "there is a cluster", later, "r-1", text=b"x")
    with once_sent(requests_queue, lambda: store.reject(rejection)):
        answer = grantkeeper(
            "submit", *FLAGS, "--request-id", "r-1", "--wait", "--interval", "0.1s"
        )
    assert answer.code == 1
    assert "ClusterExists" in answer.out
