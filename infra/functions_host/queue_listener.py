"""The queue trigger: polls one queue for one function, runs it, settles each message.

Facts: `QueueListener`, `QueueProcessor` (storage extension).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueMessage

from .backoff import PollingBackoff
from .connections import Accounts
from .console import log
from .function_checks import HostFunction
from .host_json import QueueOptions
from .invocation import Call
from .queue_lease import QueueLease, is_gone
from .queue_message import NotBase64Error, decode_body, trigger_metadata
from .queue_output import send_all
from .wakeups import Wakeups
from .wire import Binary, Outcome, Text

_LONGEST_NAME = 63


class QueueListener:
    """One function's listener. `lease` is how long a message is hidden, in seconds."""

    def __init__(
        self,
        function: HostFunction,
        accounts: Accounts,
        options: QueueOptions,
        lease: int,
        invoke: Callable[[Call], Coroutine[Any, Any, Outcome]],
        wakeups: Wakeups,
    ) -> None:
        self._function = function
        self._name = str(function.trigger["queueName"])
        connection = function.trigger.get("connection")
        self._queue = accounts.queue(connection, self._name)
        poison = f"{self._name}-poison"
        has_poison = not self._name.endswith("-poison") and len(poison) <= _LONGEST_NAME
        self._poison_queue = accounts.queue(connection, poison) if has_poison else None
        self._options = options
        self._lease = lease
        self._invoke = invoke
        self._wakeups = wakeups
        self._backoff = PollingBackoff(options.max_polling_interval, random.Random())  # noqa: S311 - jitter
        self._exists = False
        self._stopping = False
        self._wake = asyncio.Event()
        self._slot_free = asyncio.Event()
        self._processing: set[asyncio.Task[None]] = set()
        wakeups.subscribe(self._name, self._wake)

    async def run(self) -> None:
        """Poll until stopped, then wait for the messages in work.

        Raises AzureError for what the real host does not tolerate either (e.g. 403): the host
        then starts anew.
        """
        try:
            await self._poll_until_stopped()
            await self._until(0, also_when_stopping=True)
        finally:
            for task in self._processing:
                task.cancel()  # abandoned: their messages stay hidden to the end of the lease

    def stop(self) -> None:
        """Poll no more."""
        self._stopping = True
        self._wake.set()
        self._slot_free.set()

    async def _poll_until_stopped(self) -> None:
        found = False
        while not self._stopping:
            messages = await self._receive()
            if not messages:
                await self._sleep(self._backoff.delay(found))
                found = False
                continue
            found = True
            for message in messages:
                task = asyncio.create_task(self._process(message))
                self._processing.add(task)
                task.add_done_callback(self._finished)
            await self._until(self._options.new_batch_threshold)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._processing.discard(task)
        self._slot_free.set()

    async def _sleep(self, seconds: float) -> None:
        self._wake.clear()
        if self._stopping:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _until(self, most: int, also_when_stopping: bool = False) -> None:
        while len(self._processing) > most and (also_when_stopping or not self._stopping):
            self._slot_free.clear()
            await self._slot_free.wait()

    async def _receive(self) -> list[QueueMessage]:
        try:
            return await asyncio.to_thread(self._poll)
        except HttpResponseError as error:
            if not is_gone(error) and (error.status_code or 0) < 500:
                raise
            self._exists = False
            return []

    def _poll(self) -> list[QueueMessage]:
        if not self._exists:
            self._queue.get_queue_properties()  # the trigger never makes its queue
            self._exists = True
        pages = self._queue.receive_messages(
            messages_per_page=self._options.batch_size, visibility_timeout=self._lease
        ).by_page()
        return list(next(pages, ()))  # one page is one request

    async def _process(self, message: QueueMessage) -> None:
        try:
            await self._settle(message)
        except AzureError as error:
            log.warning(
                "Message '%s' of queue '%s' was not settled: %s",
                message.id,
                self._name,
                type(error).__name__,
            )

    async def _settle(self, message: QueueMessage) -> None:
        lease = QueueLease(self._queue, message, self._lease)
        count = message.dequeue_count or 1
        if count > self._options.max_dequeue_count:
            await self._poison(message, lease)
            return
        try:
            body = decode_body(message.content, self._options.base64)
        except NotBase64Error:
            await self._poison(message, lease, "its text is not base64")
            return
        outcome = await lease.hold_while(self._invoke(self._call(message, body)))
        if outcome.succeeded:
            await lease.delete()
        elif self._poison_queue is None:
            return  # it stays invisible to the end of its lease
        elif count >= self._options.max_dequeue_count:
            await self._poison(message, lease)
        else:
            await lease.release(int(self._options.visibility_timeout))

    async def _poison(self, message: QueueMessage, lease: QueueLease, why: str = "") -> None:
        if self._poison_queue is None:
            return
        reason = why or f"it has reached MaxDequeueCount of {self._options.max_dequeue_count}"
        name = self._poison_queue.queue_name
        log.warning("Moving message '%s' to queue '%s': %s.", message.id, name, reason)
        await asyncio.to_thread(send_all, self._poison_queue, [message.content])
        self._wakeups.notify(str(name))
        await lease.delete()

    def _call(self, message: QueueMessage, body: bytes) -> Call:
        binary = str(self._function.trigger.get("dataType", "")).upper() == "BINARY"
        value = Binary(body) if binary else Text(body.decode(errors="replace"))
        return Call(
            self._function,
            value,
            f"New queue message detected on '{self._name}'.",
            trigger_metadata(message, body, binary),
            f"MessageId: {message.id}, DequeueCount: {message.dequeue_count}, "
            f"InsertedOn: {message.inserted_on}",
        )
