"""A request that cannot be met becomes a rejection that says why, and nothing else."""

from typing import Any

import pytest

from shared import queues
from tests.flow.conftest import Found
from tests.flow.town import POLICY, Town

OTHER = "11111111-2222-3333-4444-555555555555"


def test_a_known_request_id_with_another_body_is_rejected_and_changes_nothing(town: Town) -> None:
    town.request(parameters={"nodeCount": 2})
    town.request(parameters={"nodeCount": 5})
    town.request("c2", requestId="r-c1")
    town.run_until(town.ready)
    assert town.cluster().pools[0]["count"] == 2
    assert {(r.reason, r.field, r.request_id) for r in town.rejections()} == {
        ("RequestIdConflict", "requestId", "r-c1")
    }
    assert len(town.rejections()) == 2
    assert len(town.azure.clusters.all()) == 1


def test_another_request_for_a_cluster_is_rejected_and_its_id_stays_free(town: Town) -> None:
    town.request()
    town.run(1)
    town.request(requestId="r-2", parameters={"nodeCount": 9})
    town.run(1)
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.field) == ("ClusterExists", "name")
    town.request("c2", requestId="r-2")
    town.run_until(lambda: town.ready("c2"))
    assert town.cluster().pools[0]["count"] == 3


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"profile": "gold"}, "UnknownProfile", "profile"),
        ({"parameters": {"nodeCount": 11}}, "ParameterOutOfBounds", "parameters.nodeCount"),
        ({"parameters": {"nodeCount": "3"}}, "ParameterOutOfBounds", "parameters.nodeCount"),
        ({"parameters": {"sku": "x"}}, "UnknownParameter", "parameters.sku"),
        ({"parameters": {"subnet": "/subscriptions/x/.."}}, "ParameterOutOfBounds",
         "parameters.subnet"),
        ({"servicePrincipal": "x"}, "InvalidRequest", "servicePrincipal"),
        ({"name": "no spaces"}, "InvalidRequest", "name"),
        ({"name": "-x"}, "InvalidRequest", "name"),
        ({"name": "../x"}, "InvalidRequest", "name"),
        ({"name": "x" * 64}, "InvalidRequest", "name"),
        ({"resourceGroup": "a/../b"}, "InvalidRequest", "resourceGroup"),
        ({"resourceGroup": "a%2e%2e"}, "InvalidRequest", "resourceGroup"),
        ({"resourceGroup": "g#"}, "InvalidRequest", "resourceGroup"),
        ({"resourceGroup": "g?x=1"}, "InvalidRequest", "resourceGroup"),
        ({"location": "West US 2"}, "InvalidRequest", "location"),
        ({"subscriptionId": OTHER}, "SubscriptionNotManaged", "subscriptionId"),
        ({"subscriptionId": "mine"}, "InvalidRequest", "subscriptionId"),
        ({"apiVersion": "grantkeeper/v2"}, "InvalidRequest", "apiVersion"),
        ({"requestId": ""}, "InvalidRequest", "requestId"),
        ({"tags": {"a\u202eb": "x"}}, "InvalidRequest", "tags"),
        ({"tags": {"a": 1}}, "InvalidRequest", "tags[...]"),
    ],
)  # fmt: skip
def test_a_rejection_reaches_the_table_and_nothing_reaches_arm(
    town: Town, changes: dict[str, Any], reason: str, field: str
) -> None:
    town.request(**{"requestId": "r-c1", **changes})
    (letter,) = town.post.letters
    town.run(1)
    (rejection,) = town.rejections()
    assert (rejection.reason, rejection.field) == (reason, field)
    assert rejection.message
    assert (rejection.text, rejection.queue) == (letter.text.encode(), queues.REQUESTS)
    assert rejection.request_id == ("" if field == "requestId" else "r-c1")
    assert town.calls() == 0
    assert town.post.letters == []


@pytest.mark.parametrize(
    "text", ["", "hello", "[" * 60_000, '{"a":' * 12_000, "x" * 65_537, "null", '{"a": NaN}']
)
def test_what_is_not_a_request_is_kept_with_its_text(town: Town, text: str) -> None:
    town.post.put(queues.REQUESTS, text)
    town.run(1)
    (rejection,) = town.rejections()
    assert rejection.reason in {"NotJson", "TooLarge", "InvalidRequest"}
    assert text.encode().startswith(rejection.text)
    assert town.calls() == 0


def test_a_bad_message_delays_no_other(town: Town) -> None:
    for number in range(20):
        town.request(f"bad{number}", profile="none", requestId=f"bad-{number}")
        town.post.put(queues.REQUESTS, f"not JSON {number}")
    town.request()
    town.run(0.25)
    assert town.cluster().provisioning_state == "Creating"
    assert len(town.rejections()) == 40


def test_a_name_policy_does_not_manage_is_rejected(found_town: Found) -> None:
    town = found_town(POLICY.read_bytes() + b'clusters: ["team-*"]\n')
    town.request()
    town.request("Team-1")
    town.run_until(lambda: town.ready("Team-1"))
    assert [(r.reason, r.field) for r in town.rejections()] == [("ClusterNotManaged", "name")]
    assert [c.name for c in town.azure.clusters.all()] == ["Team-1"]
