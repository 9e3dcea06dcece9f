"""The hold on one received message: renewed while the function runs, then ended one way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueClient, QueueMessage

_GONE = frozenset({"PopReceiptMismatch", "MessageNotFound", "QueueBeingDeleted", "QueueNotFound"})
Result = TypeVar("Result")


def is_gone(error: HttpResponseError) -> bool:
    """Whether the message or its queue is not there (for us) any more."""
    return error.status_code == 404 or getattr(error, "error_code", None) in _GONE


class QueueLease:
    """Keeps the pop receipt. Each way to end it does nothing when the message is gone.

    Other errors of the storage service are raised as AzureError.
    """

    def __init__(self, queue: QueueClient, message: QueueMessage, seconds: int) -> None:
        self._queue = queue
        self._id = str(message.id)
        self._receipt = str(message.pop_receipt)
        self._seconds = seconds

    async def hold_while(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run `work`; every half lease, hide the message for a whole one again.

        After a server error it is tried again sooner (halving, not under a tenth of the lease).
        """
        task = asyncio.ensure_future(work)
        delay: float | None = self._seconds / 2
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=delay)
                if not task.done() and delay is not None:
                    delay = await self._renew(delay)
            return task.result()
        finally:
            task.cancel()

    async def _renew(self, delay: float) -> float | None:
        """Hide the message again; when to do so next, None when it is not ours any more."""
        try:
            await asyncio.to_thread(self._hide, self._seconds)
        except AzureError as error:
            if isinstance(error, HttpResponseError) and is_gone(error):
                return None
            return max(delay / 2, self._seconds / 10)
        return self._seconds / 2

    async def delete(self) -> None:
        """The message is done with."""
        await self._unless_gone(self._queue.delete_message, self._id, self._receipt)

    async def release(self, seconds: int) -> None:
        """The message comes back after `seconds`."""
        await self._unless_gone(self._hide, seconds)

    def _hide(self, seconds: int) -> None:
        # By id and receipt, not by message object: so its content is left unchanged.
        updated = self._queue.update_message(self._id, self._receipt, visibility_timeout=seconds)
        self._receipt = str(updated.pop_receipt)

    async def _unless_gone(self, change: Any, *arguments: object) -> None:
        try:
            await asyncio.to_thread(change, *arguments)
        except HttpResponseError as error:
            if not is_gone(error):
                raise
