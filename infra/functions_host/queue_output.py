"""The queue output binding: what a function set becomes messages, after it has succeeded.

Facts: `FunctionBinding` (host) for the JSON handling, **not** what one might hope: text that
looks like JSON is parsed and written indented, and a JSON array becomes several messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient

from .connections import Accounts
from .function_checks import HostFunction
from .queue_message import encode_body
from .wakeups import Wakeups
from .wire import Binary, Datum, HttpInput, HttpOutput, Text


class OutputError(Exception):
    """An output could not be written: the invocation fails."""


class QueueOutputs:
    """Writes the queue outputs of succeeded invocations."""

    def __init__(self, accounts: Accounts, base64: bool, wakeups: Wakeups) -> None:
        self._accounts = accounts
        self._base64 = base64
        self._wakeups = wakeups

    async def write(self, function: HostFunction, outputs: Mapping[str, Datum]) -> None:
        """Send every queue output of `function`. Raises OutputError; some may be sent by then."""
        for binding in function.outputs:
            datum = outputs.get(str(binding["name"]))
            if binding["type"] == "queue" and datum is not None:
                await self._send(binding, datum)

    async def _send(self, binding: Mapping[str, Any], datum: Datum) -> None:
        name = str(binding["queueName"])
        try:
            bodies = [encode_body(body, self._base64) for body in messages_of(datum)]
            queue = self._accounts.queue(binding.get("connection"), name)
            await asyncio.to_thread(send_all, queue, bodies)
        except (AzureError, ValueError, TypeError, RecursionError) as error:
            raise OutputError(
                f"Error while handling parameter {binding['name']} after function returned: {error}"
            ) from error
        self._wakeups.notify(name)


def send_all(queue: QueueClient, texts: list[str]) -> None:
    """Send `texts` to `queue`, making the queue when it is missing. Raises AzureError."""
    for text in texts:
        try:
            queue.send_message(text)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):  # another sender was faster
                queue.create_queue()
            queue.send_message(text)


def messages_of(datum: Datum) -> list[str | bytes]:
    """The message bodies `datum` stands for. Raises ValueError for broken JSON."""
    if isinstance(datum, Binary):
        return [datum.value]
    if isinstance(datum, HttpInput | HttpOutput):
        raise TypeError("an HTTP message cannot be put on a queue")
    if isinstance(datum, Text) and not _looks_like_json(datum.value):
        return [datum.value]
    document = json.loads(datum.value)
    return [_body(item) for item in document] if isinstance(document, list) else [_body(document)]


def _looks_like_json(text: str) -> bool:
    text = text.strip()
    return (text[:1], text[-1:]) in (("{", "}"), ("[", "]"))


def _body(item: object) -> str:
    return item if isinstance(item, str) else json.dumps(item, indent=2, ensure_ascii=False)
