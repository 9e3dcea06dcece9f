"""One life of the job host: a worker, its functions, and a listener for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from azure.core.exceptions import AzureError

from .app_environment import shadowed_modules, time_zone, worker_environment
from .connections import DEFAULT_CONNECTION, Accounts
from .console import log
from .function_checks import HTTP, QUEUE, TIMER, HostFunction, check_functions
from .host_json import read_host_json
from .invocation import Invoker
from .listing import describe
from .queue_listener import QueueListener
from .queue_output import QueueOutputs
from .settings import SettingsError
from .timer import TimerListener
from .wakeups import Wakeups
from .wire import LogRecord
from .worker_supervisor import WorkerSupervisor

_PATIENCE = 10.0  # seconds a stopping host waits for running functions


@dataclass(frozen=True)
class HostOptions:
    """The command line. `lease` in seconds."""

    app_dir: Path
    state_dir: Path
    lease: int


class JobHost:
    """Starts everything, notices when it fails, stops everything.

    `failed` is set when a listener or the worker is beyond repair: the job host then has to be
    stopped and another one started.
    """

    def __init__(self, options: HostOptions, environment: Mapping[str, str]) -> None:
        """Read host.json. Raises SettingsError when it is not usable."""
        self._options = options
        self._environment = worker_environment(environment, options.app_dir)
        self.config = read_host_json(options.app_dir, environment)
        self.failed = asyncio.Event()
        self._supervisor = WorkerSupervisor(
            options.app_dir,
            self._environment,
            self.config.function_timeout,
            self._show,
            self.failed,
        )
        self._wakeups = Wakeups()
        self._accounts = Accounts(self._environment)
        outputs = QueueOutputs(self._accounts, self.config.queues.base64, self._wakeups)
        self.invoker = Invoker(self._supervisor, outputs)
        self.functions: dict[str, HostFunction] = {}
        self.index_error: str | None = None
        self.draining = False
        self._listeners: dict[asyncio.Task[None], QueueListener | TimerListener] = {}

    async def start(self) -> None:
        """Start the worker, check its functions and start their listeners.

        Raises SettingsError when the host's own storage is not set.
        """
        for name in shadowed_modules(self._options.app_dir):
            log.warning("'%s' in the app folder hides a module the real worker needs.", name)
        indexed = await self._supervisor.start()
        self.index_error = indexed.error
        log.info("%d functions found.", len(indexed.functions))
        if indexed.error:
            log.error("Worker failed to index functions\n%s", indexed.error)
        checked = check_functions(indexed.functions, self.config, self._environment, self._accounts)
        self.functions = {function.name: function for function in checked}
        url = f"http://{self._environment.get('WEBSITE_HOSTNAME')}"
        for function in checked:
            log.info("  %s", describe(function, url, self.config.route_prefix))
        for metadata in indexed.functions:
            if metadata.has_retry_policy:
                log.warning("The retry policy of function '%s' is ignored here.", metadata.name)
        self._check_storage()
        self.resume()

    def _check_storage(self) -> None:
        """The host keeps its own state there: only HTTP functions do without."""
        if any(function.kind != HTTP for function in self.functions.values()):
            try:
                self._accounts.open(DEFAULT_CONNECTION)
            except SettingsError as error:
                raise SettingsError(
                    f"Missing value for {DEFAULT_CONNECTION}. This is required for all triggers "
                    f"other than httpTrigger. {error}"
                ) from error

    def resume(self) -> None:
        """Start the listeners."""
        self.draining = False
        for function in self.functions.values():
            if function.errors or function.disabled:
                continue
            if function.kind == QUEUE:
                self._listen(self._queue_listener(function))
            elif function.kind == TIMER:
                zone = time_zone(self._environment)
                state_dir = self._options.state_dir
                self._listen(TimerListener(function, state_dir, zone, self.invoker.invoke))

    def drain(self) -> None:
        """Start nothing more; what runs goes on."""
        self.draining = True
        for listener in self._listeners.values():
            listener.stop()

    @property
    def drained(self) -> bool:
        """Whether nothing runs any more after `drain`."""
        return self.draining and not self._listeners and not self.invoker.running

    async def stop(self) -> None:
        """Drain, wait at most 10 s, then end the worker. Messages still in work stay hidden."""
        self.drain()
        try:
            async with asyncio.timeout(_PATIENCE):
                if self._listeners:
                    await asyncio.wait(list(self._listeners))
                await self.invoker.idle()
        except TimeoutError:
            log.warning(
                "%d invocations did not end within %.0f s.", self.invoker.running, _PATIENCE
            )
        tasks = list(self._listeners)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._supervisor.stop()
        await asyncio.to_thread(self._accounts.close)

    def _show(self, record: LogRecord) -> None:
        category = f"Function.{record.function}.User"
        if self.config.log_levels.shows(category, record.level):
            prefix = "" if record.level == "INFO" else f"{record.level}: "
            log.info("[%s] %s%s", category, prefix, record.message)

    def _listen(self, listener: QueueListener | TimerListener) -> None:
        task = asyncio.create_task(self._guard(listener))
        self._listeners[task] = listener
        task.add_done_callback(self._listeners.pop)

    async def _guard(self, listener: QueueListener | TimerListener) -> None:
        try:
            await listener.run()
        except Exception as error:  # noqa: BLE001 - of whatever kind: the host starts anew
            known = isinstance(error, AzureError)
            log.error(
                "An unhandled exception has occurred. Host is shutting down. %s: %s",
                type(error).__name__,
                error,
                exc_info=not known,
            )
            self.failed.set()

    def _queue_listener(self, function: HostFunction) -> QueueListener:
        return QueueListener(
            function,
            self._accounts,
            self.config.queues,
            self._options.lease,
            self.invoker.invoke,
            self._wakeups,
        )
