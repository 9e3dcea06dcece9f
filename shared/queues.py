"""Only importer of azure.storage.queue: messages to our own queues, in base64 as is customary.

A message on `reconcile` is the bare text of a cluster's id: a JSON object's members would
overwrite the trigger's metadata (azure-functions-python-worker#1373).
"""

import math
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64EncodePolicy

from shared.resource_id import ClusterId
from shared.settings import WorkStorage

REQUESTS = "cluster-requests"
RECONCILE = "reconcile"
EVENTS = "cluster-events"
OURS = (REQUESTS, RECONCILE, EVENTS)
LONGEST_TEXT = 48 * 1024  # bytes: in base64 it is the 64 KiB that a message may have

_RETRIES: dict[str, Any] = {"initial_backoff": 1, "increment_base": 1, "retry_total": 3}


def connect(storage: WorkStorage, credential: TokenCredential | None, **sdk: Any) -> "Queues":
    """Queues of the work account. `credential` serves when there is no connection string."""
    if storage.connection_string:
        service = QueueServiceClient.from_connection_string(
            storage.connection_string, **_RETRIES, **sdk
        )
    else:
        service = QueueServiceClient(
            storage.queue_service_uri, credential=credential, **_RETRIES, **sdk
        )
    return Queues(service)


class Queues:
    """The queues of the work account."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._service = service
        self._requests = self._queue(REQUESTS)
        self._reconcile = self._queue(RECONCILE)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def wake(self, cluster: ClusterId, delay: timedelta = timedelta(0)) -> Callable[[], None]:
        """Put a turn of this cluster on the queue, visible after `delay` (whole seconds, rounded
        up; at most 7 days, learn.microsoft.com/rest/api/storageservices/put-message).

        Returns how to take the message back, which does nothing once somebody else has it.
        """
        seconds = min(math.ceil(delay.total_seconds()), 7 * 24 * 3600 - 1)
        sent = self._reconcile.send_message(str(cluster), visibility_timeout=max(seconds, 0))
        return partial(self._take_back, str(sent.id), str(sent.pop_receipt))

    def submit(self, request: bytes) -> None:
        """Put a request on the queue, as a platform team would."""
        self._requests.send_message(request.decode())

    def put_back(self, name: str, text: str) -> None:
        """Put the text of a message that failed on its queue once more (`LONGEST_TEXT`)."""
        self._queue(name).send_message(text)

    def lengths(self) -> dict[str, int]:
        """About how many messages our queues hold, and those of their poison queues that exist,
        whether they are visible yet or not."""
        return {
            queue.name: self._queue(queue.name).get_queue_properties().approximate_message_count
            or 0
            for queue in self._service.list_queues()
            if queue.name.removesuffix("-poison") in OURS
        }

    def _take_back(self, message_id: str, pop_receipt: str) -> None:
        try:
            self._reconcile.delete_message(message_id, pop_receipt)
        except HttpResponseError:
            return  # somebody has it, or storage is ill: a spare turn does no harm

    def _queue(self, name: str) -> QueueClient:
        return self._service.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy())
