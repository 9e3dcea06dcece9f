"""The host process: the HTTP endpoint, and one job host after another until told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping

from .admin import PING, Admin
from .console import log
from .front_door import FrontDoor
from .http_message import HttpReply, HttpRequest
from .http_server import HttpServer
from .job_host import HostOptions, JobHost
from .keys import Keys
from .settings import SettingsError

_START_LIMIT = 30.0  # seconds a request waits for the job host before it gets a 503
_LONGEST_PAUSE = 120.0  # seconds between two job hosts that fail
_HEALTHY_AFTER = 120.0  # seconds after which a job host counts as having worked


class Host:
    """Owns the HTTP server and the current job host."""

    def __init__(
        self, options: HostOptions, environment: Mapping[str, str], keys: Keys | None
    ) -> None:
        self._options = options
        self._environment = environment
        self._job: JobHost | None = None
        self._running = asyncio.Event()
        self._stopping = asyncio.Event()
        self._restart = asyncio.Event()
        self._front_door = FrontDoor(Admin(self._restart.set), keys)

    async def run(self, port: int, ready: Callable[[int], None]) -> None:
        """Serve until SIGTERM or SIGINT. Calls `ready` with the port once all listeners run.

        Raises SettingsError when the port is taken or host.json is not usable.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        try:
            server = HttpServer(port, self._answer)
        except OSError as error:
            raise SettingsError(f"cannot listen on port {port}: {error.strerror}") from error
        environment = {"WEBSITE_HOSTNAME": f"localhost:{server.port}", **self._environment}
        server.start()
        try:
            await self._live(environment, lambda: ready(server.port))
        finally:
            await asyncio.to_thread(server.stop)

    async def _live(self, environment: Mapping[str, str], ready: Callable[[], None]) -> None:
        pause = 1.0
        announce: Callable[[], None] | None = ready
        while not self._stopping.is_set():
            began = time.monotonic()
            job = JobHost(self._options, environment)
            try:
                if await self._started(job):
                    self._job = job
                    self._running.set()
                    log.info("Host started. State: Running")
                    if announce is not None:
                        announce()
                        announce = None
                    await _first_of(self._stopping, self._restart, job.failed)
            finally:
                self._running.clear()  # requests wait for the next job host
                await job.stop()
            if job.failed.is_set():
                pause = 1.0 if time.monotonic() - began > _HEALTHY_AFTER else pause
                log.info("The job host starts anew in %.0f s.", pause)
                await _first_of(self._stopping, self._restart, limit=pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            self._restart.clear()

    async def _started(self, job: JobHost) -> bool:
        """Start `job`; False when told to stop meanwhile."""
        starting = asyncio.create_task(job.start())
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if starting.done():
            starting.result()
            return True
        starting.cancel()
        await asyncio.wait({starting})
        return False

    async def _answer(self, request: HttpRequest) -> HttpReply:
        if request.path == PING:
            return HttpReply(200)
        try:
            async with asyncio.timeout(_START_LIMIT):
                await self._running.wait()
        except TimeoutError:
            return HttpReply.text(503, "Function host is not running.")
        job = self._job
        if job is None:
            return HttpReply.text(503, "Function host is not running.")
        return await self._front_door.answer(request, job)


async def _first_of(*events: asyncio.Event, limit: float | None = None) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(tasks, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
