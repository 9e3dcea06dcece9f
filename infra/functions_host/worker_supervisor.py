"""Keeps a worker running: sends it invocations, times them out, restarts it after a crash.

Facts: `RpcFunctionInvocationDispatcher` (three errors within 30 minutes recycle the host, 10 s
between restarts, exit status 0 is not restarted) and `FunctionTimeoutException` handling (2 s of
grace, then the process is killed with everything in it).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from .console import log
from .wire import Indexed, Invoke, LogRecord, Outcome
from .worker_process import WorkerProcess, start_worker

_MOST_ERRORS = 3
_ERROR_WINDOW = 30 * 60.0
_BETWEEN_RESTARTS = 10.0
_TIMEOUT_GRACE = 2.0
_QUIET_RESTART = 200  # the exit status by which a worker asks to be restarted

_STOPPED = "HostStoppedException: the host is stopping"


class WorkerSupervisor:
    """One worker at a time. Sets `gave_up` after too many crashes. Times in seconds."""

    def __init__(
        self,
        app_dir: Path,
        environment: Mapping[str, str],
        function_timeout: float | None,
        on_log: Callable[[LogRecord], None],
        gave_up: asyncio.Event,
    ) -> None:
        self._app_dir = app_dir
        self._environment = environment
        self._timeout = function_timeout
        self._worker: WorkerProcess | None = None
        self._ready = asyncio.Event()
        self._waiting: dict[str, tuple[WorkerProcess, asyncio.Future[Outcome]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[float] = []
        self._restarted: float | None = None
        self._stopped = False
        self._on_log = on_log
        self._gave_up = gave_up

    async def start(self) -> Indexed:
        """Start the worker and return what it indexed."""
        worker = await start_worker(self._app_dir, self._environment, self._take)
        self._worker = worker
        indexed = await worker.indexed()
        self._spawn(self._watch(worker))
        self._ready.set()
        return indexed

    async def invoke(self, request: Invoke) -> Outcome:
        """Run `request` on the worker, as soon as there is one, and wait for its end."""
        await self._ready.wait()
        worker = self._worker
        if worker is None or self._stopped:
            return Outcome(request.invocation_id, error=_STOPPED)
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting[request.invocation_id] = (worker, ended)
        worker.send(request)
        try:
            async with asyncio.timeout(self._timeout):
                return await ended
        except TimeoutError:
            log.error(
                "Timeout value of %s exceeded by function 'Functions.%s' (Id: '%s').",
                _clock(self._timeout or 0),
                request.function,
                request.invocation_id,
            )
            self._condemn(worker)
            return Outcome(
                request.invocation_id,
                error="FunctionTimeoutException: Timeout value of "
                f"{_clock(self._timeout or 0)} was exceeded by function: {request.function}",
            )
        finally:
            del self._waiting[request.invocation_id]

    async def stop(self) -> None:
        """Kill the worker with whatever still runs in it, and wait for its end."""
        self._stopped = True
        self._ready.set()  # who waits for a worker is told at once that there will be none
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._worker is not None:
            self._worker.kill()
            await self._worker.exit_status()
        for owner, _ in list(self._waiting.values()):
            self._fail_all(owner, _STOPPED)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take(self, message: Outcome | LogRecord) -> None:
        if isinstance(message, Outcome):
            _, ended = self._waiting.get(message.invocation_id, (None, None))
            if ended is not None and not ended.done():
                ended.set_result(message)
        elif message.function is not None:  # without an invocation it is dropped
            self._on_log(message)

    def _condemn(self, worker: WorkerProcess) -> None:
        if not worker.condemned:
            worker.condemned = True
            self._ready.clear()
            self._spawn(self._replace(worker))

    async def _replace(self, worker: WorkerProcess) -> None:
        await asyncio.sleep(_TIMEOUT_GRACE)
        worker.kill()
        await self._restart()

    async def _watch(self, worker: WorkerProcess) -> None:
        status = await worker.exit_status()
        if worker.condemned:
            return  # other runs in it are noticed by nobody until their own timeout
        log.error("Language Worker Process exited. Pid=%s, status=%s.", worker.pid, status)
        if status == 0:
            return
        self._ready.clear()
        self._fail_all(worker, f"WorkerProcessExitException: python exited with code {status}")
        if status != _QUIET_RESTART and self._too_many_errors():
            log.error(
                "Exceeded language worker restart retry count for runtime: python. "
                "Shutting down and proactively recycling the Functions Host to recover."
            )
            self._gave_up.set()
            return
        await self._restart()

    def _fail_all(self, worker: WorkerProcess, error: str) -> None:
        for invocation_id, (owner, ended) in self._waiting.items():
            if owner is worker and not ended.done():
                ended.set_result(Outcome(invocation_id, error=error))

    def _too_many_errors(self) -> bool:
        now = time.monotonic()
        self._errors = [at for at in self._errors if now - at < _ERROR_WINDOW] + [now]
        return len(self._errors) >= _MOST_ERRORS

    async def _restart(self) -> None:
        now = time.monotonic()
        if self._restarted is not None:
            await asyncio.sleep(max(0.0, self._restarted + _BETWEEN_RESTARTS - now))
        self._restarted = time.monotonic()
        indexed = await self.start()
        if indexed.error:
            log.error("Worker failed to index functions after its restart: %s", indexed.error)


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"
