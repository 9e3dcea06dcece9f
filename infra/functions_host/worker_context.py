"""Which invocation is running here: the `context` a function gets, and the logger's look-up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .wire import Invoke

_task_invocation: ContextVar[str | None] = ContextVar("invocation_id", default=None)


class Invocations:
    """The running invocations, found by task or by thread as the real worker finds them."""

    def __init__(self) -> None:
        self.thread_local = threading.local()
        self._functions: dict[str, str] = {}

    def enter_task(self, request: Invoke) -> None:
        """The current task (and those it starts) belongs to `request` from here on."""
        self._functions[request.invocation_id] = request.function
        _task_invocation.set(request.invocation_id)

    def leave(self, request: Invoke) -> None:
        """`request` has ended: what is still logged for it is dropped."""
        self._functions.pop(request.invocation_id, None)

    @contextmanager
    def in_thread(self, request: Invoke) -> Iterator[None]:
        """The current thread belongs to `request` inside this block."""
        self.thread_local.invocation_id = request.invocation_id
        try:
            yield
        finally:
            self.thread_local.invocation_id = None

    def current_function(self) -> str | None:
        """The function whose invocation runs here; None outside of any.

        A thread of the app's own has none unless it sets
        `context.thread_local_storage.invocation_id`, and its log lines are lost.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            invocation_id = getattr(self.thread_local, "invocation_id", None)
        else:
            invocation_id = _task_invocation.get()
        return self._functions.get(invocation_id) if invocation_id else None


class _TraceContext:
    def __init__(self, trace_parent: str) -> None:
        self.trace_parent = trace_parent
        self.trace_state = ""
        self.attributes: dict[str, str] = {}


class _RetryContext:
    """Without a retry policy both counts are 0."""

    retry_count = 0
    max_retry_count = 0
    rpc_exception = None


class InvocationContext:
    """The object a function gets for a parameter named `context`.

    Like the real one it only looks like `azure.functions.Context`, it is not a subclass.
    """

    def __init__(self, request: Invoke, app_dir: Path, invocations: Invocations) -> None:
        self.invocation_id = request.invocation_id
        self.function_name = request.function
        self.function_directory = str(app_dir)
        self.thread_local_storage = invocations.thread_local
        self.trace_context = _TraceContext(request.trace_parent)
        self.retry_context = _RetryContext()
