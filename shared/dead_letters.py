"""Only importer of azure.storage.blob: the events that Event Grid gave up delivering.

It writes them into a container, as blobs SUBSCRIPTION/YYYY/M/D/H/GUID.json (learn.microsoft.com/
azure/event-grid/manage-event-delivery). They hold the claims of whoever caused the event: nothing
of their content is logged or copied.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from shared.event_grid import Events, Unreadable, events_in
from shared.settings import WorkStorage

CONTAINER = "eventgrid-deadletter"

_RETRIES: dict[str, Any] = {"initial_backoff": 1, "increment_base": 1, "retry_total": 3}
_LARGEST = 4 * 1024 * 1024  # bytes; an event has at most 1 MB (event-grid/quotas-limits)
_SET_ASIDE = "grantkeeper"  # the metadata of blobs that were looked at and could not be read


class Letter(NamedTuple):
    """A blob; `size` in bytes."""

    name: str
    size: int


def connect(
    storage: WorkStorage, credential: TokenCredential | None, **sdk: Any
) -> "DeadLetters | None":
    """The container in the work account; None where the settings name no blob service.
    `credential` serves when there is no connection string."""
    options = {**_RETRIES, **sdk}
    if storage.connection_string:
        try:
            service = BlobServiceClient.from_connection_string(storage.connection_string, **options)
        except ValueError:  # it names queues and tables only
            return None
        return DeadLetters(service)
    if not storage.blob_service_uri:
        return None
    return DeadLetters(BlobServiceClient(storage.blob_service_uri, credential, **options))


class DeadLetters:
    """The blobs of the container."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._service = service
        self._container = service.get_container_client(CONTAINER)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def exists(self) -> bool:
        """Whether there is a place for them."""
        return self._container.exists()

    def all(self) -> Iterator[Letter]:
        """The blobs that are not set aside; none while there is no container."""
        try:
            for blob in self._container.list_blobs(include=["metadata"]):
                if _SET_ASIDE not in (blob.metadata or {}):
                    yield Letter(blob.name, blob.size)
        except ResourceNotFoundError:
            return

    def read(self, letter: Letter) -> Events:
        """The events in a blob; none when it is gone. Raises `Unreadable`."""
        if letter.size > _LARGEST:
            raise Unreadable
        try:
            text = self._container.download_blob(letter.name).readall()
        except ResourceNotFoundError:
            return frozenset()
        return events_in(text)

    def delete(self, letter: Letter) -> None:
        """Delete a blob, unless another pass was faster."""
        with contextlib.suppress(ResourceNotFoundError):
            self._container.delete_blob(letter.name)

    def set_aside(self, letter: Letter) -> None:
        """Leave a blob where it is, and look at it no more."""
        with contextlib.suppress(ResourceNotFoundError):
            blob = self._container.get_blob_client(letter.name)
            blob.set_blob_metadata({_SET_ASIDE: "unreadable"})
