"""Steering events through the control endpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from infra.emulator.wire import Request
from tests.emulator_access.conftest import Site
from tests.emulator_access.webhook import eventually


def control(site: Site, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """A request to the control endpoint; status and body."""
    headers = {"x-emulator-key": site.emulator.keys.control}
    content = b"" if body is None else json.dumps(body).encode()
    url = f"https://localhost/_emulator{path}"
    answer = site.emulator.handle(Request.build(method, url, headers, content))
    return answer.status, answer.body


@pytest.fixture
def subscribed(site: Site, storage: str) -> str:
    """A queue that receives every event; its connection string."""
    with QueueClient.from_connection_string(storage, "events") as queue:
        queue.create_queue()
    destination = {
        "endpointType": "StorageQueue",
        "connectionString": storage,
        "queueName": "events",
    }
    status, body = control(site, "PUT", "/event-subscriptions/all", {"destination": destination})
    assert (status, body["provisioningState"]) == (201, "Succeeded")
    return storage


def depth(connection: str) -> int:
    """How many messages the queue holds."""
    with QueueClient.from_connection_string(connection, "events") as queue:
        return queue.get_queue_properties().approximate_message_count or 0


def test_arm_writes_reach_a_subscribed_queue(site: Site, subscribed: str) -> None:
    site.assign(site.registry)
    eventually(lambda: depth(subscribed) == 1, "the event is in the queue")


def test_a_fault_on_demand_drops_the_next_event_only(site: Site, subscribed: str) -> None:
    rule = {"kind": "drop", "operationName": "Microsoft.Authorization/roleAssignments/write"}
    assert control(site, "POST", "/event-faults", rule)[0] == 201
    assert control(site, "GET", "/event-faults")[1]["value"][0]["left"] == 1
    site.assign(site.registry)
    site.assign(site.network, "Network Contributor")
    eventually(lambda: depth(subscribed) == 1, "one event is in the queue")
    assert control(site, "GET", "/event-faults")[1] == {"value": []}
    published = control(site, "GET", "/events")[1]["value"]
    writes = [e for e in published if e["data"]["operationName"] == rule["operationName"]]
    assert len(writes) == 2


def test_a_subscription_ends_when_deleted(site: Site, subscribed: str) -> None:
    assert control(site, "DELETE", "/event-subscriptions/all")[0] == 200
    assert control(site, "DELETE", "/event-subscriptions/all")[0] == 204
    assert control(site, "GET", "/event-subscriptions/all")[0] == 404
    site.assign(site.registry)
    assert control(site, "GET", "/event-subscriptions")[1] == {"value": []}
    assert depth(subscribed) == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("PUT", "/event-subscriptions/x", {"destination": {"endpointType": "Hub"}}, "Hub"),
        ("PUT", "/event-subscriptions/x", {}, "destination"),
        ("POST", "/event-faults", {"kind": "drop", "colour": 1}, "colour"),
        ("POST", "/event-faults", {"kinds": "drop"}, "kind"),
        ("POST", "/event-faults", {"kind": "drop", "count": 0}, "count"),
        ("POST", "/deny-assignments", {"scope": "/"}, "actions"),
    ],
)
def test_a_faulty_document_names_its_field(
    site: Site, method: str, path: str, body: object, named: str
) -> None:
    status, answer = control(site, method, path, body)
    assert status == 400
    assert named in answer["error"]["message"]


def test_a_deny_assignment_can_be_made_and_lifted(site: Site) -> None:
    denial = {"scope": site.group, "actions": ["*"], "displayName": "frozen"}
    status, made = control(site, "POST", "/deny-assignments", denial)
    assert status == 201
    operator = site.emulator.operator.object_id
    assert not site.emulator.access.allows(operator, "a/read", site.registry).allowed
    assert control(site, "DELETE", f"/deny-assignments/{made['name']}")[0] == 204
    assert site.emulator.access.allows(operator, "a/read", site.registry).allowed
