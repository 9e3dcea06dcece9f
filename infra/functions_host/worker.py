"""The worker process: imports the app, runs its functions, tells the host how they ended.

Started by the host as `python -m infra.functions_host.worker FD APP_DIR`, where FD is its end
of the socket pair. Synchronous functions run in a thread pool, `async` ones on one event loop:
one that blocks stalls the others, as in Azure. When the host goes, so does this process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .app_index import IndexedFunction, index_app
from .channel import Channel
from .converters import Out, decode_input, encode_output
from .wire import Datum, Indexed, Invoke, Outcome, ToWorker
from .worker_context import InvocationContext, Invocations
from .worker_log import ChannelHandler

_HOST_IS_GONE = 1


class Worker:
    """Runs invocations until the channel ends."""

    def __init__(self, channel: Channel[ToWorker], app_dir: Path) -> None:
        self._channel = channel
        self._app_dir = app_dir
        self._invocations = Invocations()
        self._functions: dict[str, IndexedFunction] = {}
        self._loop = asyncio.new_event_loop()
        threads = int(os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT", "1000"))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self._running: set[asyncio.Task[None]] = set()

    def run(self) -> None:
        """Index the app, then serve for ever."""
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        root.addHandler(ChannelHandler(self._channel, self._invocations))
        self._channel.send(self._index())
        # Its own thread: the end of the host is noticed even while a function blocks the loop.
        threading.Thread(target=self._receive, name="channel", daemon=True).start()
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _index(self) -> Indexed:
        script = os.environ.get("PYTHON_SCRIPT_FILE_NAME") or "function_app.py"
        try:
            functions = index_app(self._app_dir, script)
        except Exception as error:  # noqa: BLE001 - user code: any failure is the app's answer
            return Indexed([], "".join(traceback.format_exception(error)))
        self._functions = {function.metadata.name: function for function in functions}
        return Indexed([function.metadata for function in functions])

    def _receive(self) -> None:
        while (request := self._channel.receive()) is not None:
            self._loop.call_soon_threadsafe(self._start, request)
        os._exit(_HOST_IS_GONE)

    def _start(self, request: Invoke) -> None:
        task = self._loop.create_task(self._invoke(request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _invoke(self, request: Invoke) -> None:
        self._invocations.enter_task(request)
        outcome = await self._outcome(request)
        self._invocations.leave(request)
        try:
            self._channel.send(outcome)
        except OSError:
            os._exit(_HOST_IS_GONE)

    async def _outcome(self, request: Invoke) -> Outcome:
        try:
            outputs = await self._run(request)
        except Exception as error:  # noqa: BLE001 - user code: any failure is the run's answer
            stack = "".join(traceback.format_tb(error.__traceback__))
            return Outcome(request.invocation_id, {}, f"{type(error).__name__}: {error}", stack)
        except (SystemExit, KeyboardInterrupt) as error:  # as in the real worker: it ends
            os._exit(_exit_status(error))
        return Outcome(request.invocation_id, outputs)

    async def _run(self, request: Invoke) -> dict[str, Datum]:
        function = self._functions[request.function]
        parameters = function.parameters
        context = InvocationContext(request, self._app_dir, self._invocations)
        arguments: dict[str, Any] = {parameters.trigger: decode_input(parameters, request)}
        outs = {name: Out() for name in parameters.outputs}
        arguments |= outs
        if parameters.takes_context:
            arguments["context"] = context
        if function.is_async:
            returned = await function.call(**arguments)
        else:
            returned = await self._loop.run_in_executor(
                self._threads, self._call_in_thread, function, request, arguments
            )
        values = {name: out.get() for name, out in outs.items()}
        if returned is not None and parameters.returns is None:
            raise RuntimeError(
                f"function {request.function!r} without a $return binding returned a non-None value"
            )
        types = dict(parameters.outputs)
        if parameters.returns is not None:
            values["$return"], types["$return"] = returned, parameters.returns
        return {
            name: encode_output(types[name], value)
            for name, value in values.items()
            if value is not None
        }

    def _call_in_thread(
        self, function: IndexedFunction, request: Invoke, arguments: dict[str, Any]
    ) -> Any:
        with self._invocations.in_thread(request):
            return function.call(**arguments)


def _exit_status(error: BaseException) -> int:
    code = error.code if isinstance(error, SystemExit) else 1
    if code is None:
        return 0
    return code if isinstance(code, int) else 1


def main() -> None:
    """Take the channel's file descriptor and the app folder from the command line, and serve."""
    end = socket.socket(fileno=int(sys.argv[1]))
    end.set_inheritable(False)  # a process started by the app must not keep the channel open
    Worker(Channel(end, ToWorker), Path(sys.argv[2])).run()


if __name__ == "__main__":
    main()
