"""Events on their way to a real listener: a webhook on a loopback port."""

from __future__ import annotations

import json

import pytest

from infra.emulator.event_subscriptions import WebHook
from tests.emulator_access.stage import CLUSTER_WRITE, Stage
from tests.emulator_access.webhook import Webhook, eventually, serving


def test_a_webhook_that_answers_the_handshake_receives_events(
    stage: Stage, webhook: Webhook
) -> None:
    stage.subscribe_webhook(webhook)
    subject = stage.finish()
    eventually(webhook.subjects, "the event arrives")
    handshake, notification = webhook.received
    assert handshake.headers["aeg-event-type"] == "SubscriptionValidation"
    assert notification.path == "/events?code=secret"
    assert notification.headers["aeg-subscription-name"] == "CLUSTERS"
    assert notification.headers["aeg-delivery-count"] == "0"
    event = notification.body[0]
    assert event["subject"] == event["data"]["resourceUri"] == subject
    assert event["eventType"] == "Microsoft.Resources.ResourceWriteSuccess"
    assert event["data"]["operationName"] == CLUSTER_WRITE
    assert "httpRequest" not in event["data"]


def test_a_webhook_that_fails_the_handshake_receives_nothing(
    stage: Stage, webhook: Webhook
) -> None:
    webhook.shakes_hands = False
    stage.subscribe_webhook(webhook)
    assert stage.state == "Failed"
    stage.finish()
    assert webhook.subjects() == []


def test_cloud_events_shake_hands_by_options_and_arrive_one_by_one(
    stage: Stage, webhook: Webhook
) -> None:
    stage.subscribe_webhook(webhook, eventDeliverySchema="CloudEventSchemaV1_0")
    stage.finish()
    eventually(webhook.notifications, "the event arrives")
    handshake, notification = webhook.received
    assert handshake.method == "OPTIONS"
    assert notification.headers["content-type"].startswith("application/cloudevents+json")
    assert notification.body["specversion"] == "1.0"
    assert notification.body["type"] == "Microsoft.Resources.ResourceWriteSuccess"


def test_a_failing_webhook_is_tried_again_on_the_schedule(stage: Stage, webhook: Webhook) -> None:
    stage.subscribe_webhook(webhook)
    webhook.answers.extend([500, 202])
    stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.advance(9)
    assert len(webhook.notifications()) == 1
    stage.advance(1)
    eventually(lambda: stage.event_grid.delivery.delivered, "the retry arrives")
    counts = [each.headers["aeg-delivery-count"] for each in webhook.received[1:]]
    assert counts == ["0", "1"]
    assert stage.world.next_due() is None


def test_a_404_waits_five_minutes(stage: Stage, webhook: Webhook) -> None:
    stage.subscribe_webhook(webhook)
    webhook.answers.append(404)
    stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.advance(299)
    assert len(webhook.notifications()) == 1
    stage.advance(1)
    eventually(lambda: len(webhook.notifications()) == 2, "the retry arrives")


def test_a_listener_that_was_down_gets_the_event_once_it_is_up(stage: Stage) -> None:
    with serving() as down:
        stage.subscribe_webhook(down)
    subject = stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    with serving(down.port) as up:
        stage.advance(10)
        eventually(up.subjects, "the retry arrives")
    assert up.subjects() == [subject]


def test_a_retry_goes_where_the_subscription_points_now(stage: Stage, webhook: Webhook) -> None:
    with serving() as gone:
        stage.subscribe_webhook(gone)
    subject = stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.subscribe_webhook(webhook)
    stage.advance(10)
    eventually(webhook.subjects, "the retry arrives")
    assert webhook.subjects() == [subject]


def test_what_is_bound_for_a_deleted_subscription_is_dropped(
    stage: Stage, webhook: Webhook
) -> None:
    stage.subscribe_webhook(webhook)
    webhook.answers.append(500)
    stage.finish()
    eventually(lambda: stage.world.next_due() is not None, "a retry is planned")
    stage.event_grid.unsubscribe("clusters")
    stage.advance(86_400)
    assert stage.world.next_due() is None
    stage.subscribe_webhook(webhook)
    later = stage.finish("later")
    eventually(lambda: later in webhook.subjects(), "the later event arrives")
    assert len(webhook.subjects()) == 2


def test_only_events_that_pass_the_filter_are_delivered(stage: Stage, webhook: Webhook) -> None:
    operations = {
        "operatorType": "StringIn",
        "key": "Data.OperationName",
        "values": [CLUSTER_WRITE.lower()],
    }
    stage.subscribe_webhook(
        webhook,
        filter={
            "includedEventTypes": ["Microsoft.Resources.ResourceWriteSuccess"],
            "advancedFilters": [operations],
        },
    )
    stage.finish("other", operation="Microsoft.Network/virtualNetworks/write")
    stage.finish("failed", status="Failed")
    wanted = stage.finish("wanted")
    eventually(webhook.subjects, "the event arrives")
    assert webhook.subjects() == [wanted]
    assert len(stage.event_grid.published) == 3


def test_what_is_shown_of_a_subscription_holds_no_keys(stage: Stage, webhook: Webhook) -> None:
    stage.subscribe_webhook(webhook)
    shown = json.dumps(stage.event_grid.subscriptions()["clusters"].to_json("clusters"))
    assert "secret" not in shown
    assert "/events" in shown


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "ftp://127.0.0.1/x", "http://127.0.0.1.example.com/", "x"]
)
def test_events_never_leave_the_machine(url: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        WebHook(url)


@pytest.mark.parametrize("port", ["0", "70000", "x"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)port|endpointUrl"):
        WebHook(f"http://127.0.0.1:{port}/")


def test_updates_and_deletes_say_so(stage: Stage) -> None:
    stage.finish(existed=True)
    stage.finish(
        operation="Microsoft.ContainerService/managedClusters/delete",
        status="Canceled",
        existed=True,
    )
    update, delete = stage.event_grid.take()
    assert update["data"]["httpRequest"]["method"] == "PUT"
    assert delete["eventType"] == "Microsoft.Resources.ResourceDeleteCancel"
    assert delete["data"]["httpRequest"]["method"] == "DELETE"
    assert stage.event_grid.take() == []
