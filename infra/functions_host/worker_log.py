"""Sends the app's log records to the host with the invocation they belong to."""

from __future__ import annotations

import logging

from .channel import Channel
from .wire import LogRecord, ToWorker
from .worker_context import Invocations


class ChannelHandler(logging.Handler):
    """The root logger's handler in the worker."""

    def __init__(self, channel: Channel[ToWorker], invocations: Invocations) -> None:
        super().__init__()
        self._channel = channel
        self._invocations = invocations

    def emit(self, record: logging.LogRecord) -> None:
        """Send `record`; the host drops it when no invocation is running here."""
        try:
            self._channel.send(
                LogRecord(
                    record.levelname, self.format(record), self._invocations.current_function()
                )
            )
        except OSError:
            pass  # the host is gone; the channel's thread ends this process
        except Exception:  # noqa: BLE001 - logging must not fail the function (logging's own rule)
            self.handleError(record)
