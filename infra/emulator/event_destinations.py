"""Carrying one event to one destination: a webhook over HTTP, or a storage queue.

Wire: learn.microsoft.com, event-grid/webhook-event-delivery, cloud-event-schema and
delivery-and-retry; queue messages are the base64 text of one event.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobClient
from azure.storage.queue import QueueClient

from .event_subscriptions import EventSubscription, StorageBlob, StorageQueue, WebHook
from .resource_events import Event, to_cloud_event

_ORIGIN = "eventgrid.azure.net"


class DeliveryError(Exception):
    """An attempt that did not succeed; `status` 0 means no HTTP answer at all."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def deliver(
    name: str, subscription: EventSubscription, event: Event, count: int, timeout: float
) -> None:
    """Make one attempt, the `count`-th from 0, within `timeout` wall seconds.

    Raises DeliveryError unless the webhook answers 200 to 204, or the queue takes the message.
    """
    is_cloud_event = subscription.event_delivery_schema == "CloudEventSchemaV1_0"
    document = to_cloud_event(event) if is_cloud_event else event
    match subscription.destination:
        case StorageQueue() as queue:
            _enqueue(queue, document, timeout)
        case WebHook() as hook:
            kind = "cloudevents+json" if is_cloud_event else "json"
            headers = {
                "Content-Type": f"application/{kind}; charset=utf-8",
                "aeg-event-type": "Notification",
                "aeg-subscription-name": name.upper(),
                "aeg-delivery-count": str(count),
                "aeg-data-version": str(event.get("dataVersion", "")),
                "aeg-metadata-version": str(event.get("metadataVersion", "")),
            }
            body = document if is_cloud_event else [document]
            status, _, _ = _exchange(hook, "POST", headers, body, timeout)
            if not 200 <= status <= 204:
                raise DeliveryError(status, f"answered {status}")


def shake_hands(
    name: str, subscription: EventSubscription, validation: Event, timeout: float
) -> None:
    """Prove that a webhook wants the events; queues need no proof.

    Event Grid schema: the validation event must be answered with 200 and its code. CloudEvents: an
    OPTIONS request must be answered with WebHook-Allowed-Origin. Raises DeliveryError otherwise.
    """
    if not isinstance(subscription.destination, WebHook):
        return
    if subscription.event_delivery_schema == "CloudEventSchemaV1_0":
        headers = {"WebHook-Request-Origin": _ORIGIN}
        status, answer, _ = _exchange(subscription.destination, "OPTIONS", headers, None, timeout)
        if status != 200 or answer.get("webhook-allowed-origin") not in (_ORIGIN, "*"):
            raise DeliveryError(status, f"OPTIONS answered {status} without our origin")
        return
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "aeg-event-type": "SubscriptionValidation",
        "aeg-subscription-name": name.upper(),
        "aeg-delivery-count": "0",
    }
    status, _, content = _exchange(subscription.destination, "POST", headers, [validation], timeout)
    if status != 200 or _validation_response(content) != validation["data"]["validationCode"]:
        raise DeliveryError(status, f"the validation event was answered {status} without its code")


def keep(destination: StorageBlob, name: str, letters: list[dict[str, Any]]) -> None:
    """Write events that were given up as one blob (event-grid/manage-event-delivery). What the
    container does not take is lost, as on Azure after four hours; raises AzureError then."""
    with BlobClient.from_connection_string(
        destination.connection_string, destination.blob_container_name, name, retry_total=0
    ) as blob:
        blob.upload_blob(json.dumps(letters).encode())


def _exchange(
    hook: WebHook, method: str, headers: Mapping[str, str], body: Any, timeout: float
) -> tuple[int, dict[str, str], bytes]:
    """One request with its status, headers (lower-case names) and body."""
    parts = urlsplit(hook.endpoint_url)
    host = parts.hostname or ""
    connection = (
        http.client.HTTPSConnection(
            host, parts.port, timeout=timeout, context=ssl.create_default_context()
        )
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=timeout)
    )
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    content = None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, target or "/", content, dict(headers))
        answer = connection.getresponse()
        received = {k.lower(): v for k, v in answer.getheaders()}
        return answer.status, received, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(0, f"{type(error).__name__}") from error
    finally:
        connection.close()


def _validation_response(content: bytes) -> str | None:
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer.get("validationResponse") if isinstance(answer, dict) else None


def _enqueue(destination: StorageQueue, document: Mapping[str, Any], timeout: float) -> None:
    text = base64.b64encode(json.dumps(document).encode()).decode()
    try:
        with QueueClient.from_connection_string(
            destination.connection_string,
            destination.queue_name,
            retry_total=0,
            connection_timeout=timeout,
            read_timeout=timeout,
        ) as queue:
            lives = destination.queue_message_time_to_live_in_seconds
            queue.send_message(text, time_to_live=lives)
    except HttpResponseError as error:
        raise DeliveryError(error.status_code or 0, type(error).__name__) from error
    except (AzureError, ValueError) as error:
        raise DeliveryError(0, type(error).__name__) from error
