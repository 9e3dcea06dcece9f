"""`doctor` says whether Azure tells the app of clusters that change."""

from typing import Any

import pytest

from grantkeeper.connection import account_name
from tests.cli.azure import Azure
from tests.cli.deployment import TOPIC, Deployment, Diagnosed, found


def test_without_events_the_timer_is_all_there_is(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    assert azure.town.ask("DELETE", f"{azure.group}/{TOPIC}").status < 300
    told = found(diagnosed(), "warn")
    nothing = "there is no system topic of the subscription, nor of a group in it"
    assert told == {"events": f"{azure.subscription}: {nothing}"}


def test_a_topic_of_a_resource_is_no_topic_of_its_group(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    whole.events_of(f"{azure.group}/providers/Microsoft.Storage/storageAccounts/others")
    assert "there is no system topic of the subscription" in found(diagnosed(), "warn")["events"]


def test_events_of_groups_are_looked_at_group_by_group(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    whole.events_of(azure.group)
    assert "events" in found(diagnosed(), "ok")
    whole.events_of(azure.group, provisioningState="Failed")
    name = azure.group.rpartition("/")[2]
    assert (
        f"{name}: the event subscription clusters is Failed" in found(diagnosed(), "warn")["events"]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"provisioningState": "Failed"}, "is Failed"),
        ({"deadLetterWithResourceIdentity": None}, "does not keep what it gives up"),
        (
            {"destination": None},
            "no event subscription leads to the function cluster_changed or the queue "
            "cluster-events",
        ),
        (
            {"filter": {"includedEventTypes": ["Microsoft.Resources.ResourceWriteSuccess"]}},
            "does not let through Microsoft.Resources.ResourceWriteFailure",
        ),
        ({"filter": {}}, "the app is told of its own writes"),
        ({"filter": {"subjectBeginsWith": "/a"}}, "does not let through what is not below /a"),
    ],
)
def test_an_event_subscription_that_is_not_whole_is_told(
    diagnosed: Diagnosed, whole: Deployment, changes: dict[str, Any], message: str
) -> None:
    whole.events(**changes)
    assert message in found(diagnosed(), "warn")["events"]


def by_queue(account: str, queue: str = "cluster-events") -> dict[str, Any]:
    """What makes an event subscription lead to a queue, as the template has it."""
    resource = f"/…/providers/Microsoft.Storage/storageAccounts/{account}"
    properties = {"resourceId": resource, "queueName": queue}
    destination = {"endpointType": "StorageQueue", "properties": properties}
    identity = {"type": "SystemAssigned"}
    return {
        "destination": None,
        "deliveryWithResourceIdentity": {"identity": identity, "destination": destination},
    }


def test_events_that_come_by_the_queue_are_well(diagnosed: Diagnosed, whole: Deployment) -> None:
    whole.events(**by_queue(account_name(whole.work).upper()))
    assert "events" in found(diagnosed(), "ok")


@pytest.mark.parametrize(
    ("account", "queue", "message"),
    [
        ("another", "cluster-events", "clusters leads to the account another; the app reads "),
        ("another", "events", "clusters leads to the queue events"),
        ("another", "events", "no event subscription leads to the function cluster_changed or"),
    ],
)
def test_events_that_go_to_another_queue_are_told(
    diagnosed: Diagnosed, whole: Deployment, account: str, queue: str, message: str
) -> None:
    whole.events(**by_queue(account, queue))
    assert message in found(diagnosed(), "warn")["events"]
