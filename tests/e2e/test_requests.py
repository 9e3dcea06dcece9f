"""Requests that come again, contradict each other or make no sense."""

import base64
import json
from typing import Any

import pytest

from tests.e2e.deployment import RECONCILE, REQUESTS, Deployment, until

pytestmark = pytest.mark.e2e

FOREIGN = "11111111-2222-3333-4444-555555555555"
HOSTILE: list[dict[str, Any]] = [
    {"name": "../hostile"},
    {"name": "hostile/../../.."},
    {"name": "hostile#"},
    {"name": "hostile?api-version=1"},
    {"name": "hostile%2e%2e%2f"},
    {"name": "h\u00f6stile"},
    {"resourceGroup": ".."},
    {"resourceGroup": "%2e%2e"},
    {"resourceGroup": "hostile/providers/Microsoft.Authorization"},
    {"subscriptionId": FOREIGN},
    {"subscriptionId": f"{FOREIGN}/resourceGroups/x"},
    {"parameters": {"subnetId": f"/subscriptions/{FOREIGN}/../.."}},
    {"tags": {"a": "b\u202e"}},
]


def test_requests_that_are_refused_reach_nothing_in_azure(deployment: Deployment) -> None:
    before = len(deployment.azure.app_requests())
    for number, changes in enumerate(HOSTILE):
        deployment.ask("hostile", requestId=f"hostile-{number}", **changes)
    until(lambda: len(deployment.rejections("hostile-")) == len(HOSTILE))
    until(deployment.calm)
    assert len(deployment.azure.app_requests()) == before
    assert all(each.reason and each.message for each in deployment.rejections("hostile-"))
    assert {each.request_id for each in deployment.rejections("hostile-")} == {
        f"hostile-{number}" for number in range(len(HOSTILE))
    }
    assert not [record for record in deployment.records() if "hostile" in record.cluster_id]


def test_a_poison_message_is_kept_with_its_reason_and_delays_no_other(
    deployment: Deployment,
) -> None:
    huge = json.dumps(deployment.request("huge", tags={"poison-huge": "x" * 45_000}))
    unknown = json.dumps(deployment.request("unknown", servicePrincipal="poison-unknown"))
    # The host takes members of a JSON text for what it knows of the message itself.
    metadata = json.dumps(deployment.request("poison-metadata", dequeueCount="many"))
    deployment.send(REQUESTS, "poison, not JSON")
    deployment.send(REQUESTS, unknown)
    deployment.send(REQUESTS, huge)
    deployment.send(REQUESTS, metadata)
    deployment.send(RECONCILE, "poison, no id")
    deployment.ask("after-poison")
    until(lambda: deployment.ready("after-poison"))
    until(lambda: len(deployment.rejections("poison")) == 5)
    assert {(each.reason, each.text.decode()) for each in deployment.rejections("poison")} == {
        ("NotJson", "poison, not JSON"),
        ("InvalidRequest", unknown),
        ("InvalidRequest", huge),
        ("InvalidRequest", metadata),
        ("InvalidId", "poison, no id"),
    }
    assert deployment.waiting(f"{REQUESTS}-poison") == 0


def test_what_is_not_base64_is_refused_and_kept(deployment: Deployment) -> None:
    deployment.send_raw(REQUESTS, "{not base64}")
    until(lambda: deployment.rejections("{not base64}"))


def test_a_request_may_be_plain_text(deployment: Deployment) -> None:
    deployment.send_raw(REQUESTS, json.dumps(deployment.request("plain")))
    until(lambda: deployment.azure.cluster("plain"))


def test_a_message_may_be_as_large_as_a_queue_takes(deployment: Deployment) -> None:
    """64 KiB of base64 are 48 KiB of JSON; storage itself refuses more."""
    spaces = " " * (48 * 1024 - len(json.dumps(deployment.request("roomy"))))
    text = spaces + json.dumps(deployment.request("roomy"))
    assert len(base64.b64encode(text.encode())) == 64 * 1024
    deployment.send(REQUESTS, text)
    until(lambda: deployment.azure.cluster("roomy"))


def test_contradicting_requests_make_one_cluster_as_the_first_one_said(
    deployment: Deployment,
) -> None:
    for _ in range(5):
        deployment.ask("once", parameters={"nodeCount": 2})
    until(lambda: deployment.record("once"))
    deployment.ask("once", parameters={"nodeCount": 7})
    deployment.ask("another", requestId="request-once")
    deployment.ask("once", requestId="second", parameters={"nodeCount": 9})
    until(lambda: deployment.ready("once") and len(deployment.rejections('"once"')) == 2)
    until(lambda: deployment.rejections('"another"'))
    until(deployment.calm)
    found = [*deployment.rejections('"once"'), *deployment.rejections('"another"')]
    assert sorted((each.reason, each.request_id) for each in found) == [
        ("ClusterExists", "second"),
        ("RequestIdConflict", "request-once"),
        ("RequestIdConflict", "request-once"),
    ]
    cluster = deployment.azure.cluster("once")
    assert cluster and cluster["properties"]["agentPoolProfiles"][0]["count"] == 2
    assert deployment.azure.cluster("another") is None
    path = deployment.azure.id_of("once").lower()
    assert [each for each in deployment.azure.app_writes(path) if each[1] == 201] == [(path, 201)]
