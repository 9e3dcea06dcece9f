"""One worker process as the host holds it: its channel, its index, its end."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from .channel import Channel
from .wire import Indexed, Invoke, LogRecord, Outcome, ToHost

_PACKAGE_ROOT = Path(__file__).parents[len(str(__package__).split("."))]
_INDEXING_LIMIT = 60.0  # seconds, as for the real host's FunctionsMetadataRequest


class WorkerProcess:
    """A running worker. Made by `start_worker`; used on the event loop only."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        channel: Channel[ToHost],
        on_message: Callable[[Outcome | LogRecord], None],
    ) -> None:
        self._process = process
        self._channel = channel
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._indexed: asyncio.Future[Indexed] = self._loop.create_future()
        self._receiver = threading.Thread(target=self._receive, name="worker", daemon=True)
        self._receiver.start()
        self.condemned = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def indexed(self) -> Indexed:
        """What it found in the app; an index with an error when it died or took too long."""
        try:
            async with asyncio.timeout(_INDEXING_LIMIT):
                return await self._indexed
        except TimeoutError:
            return Indexed([], f"indexing took longer than {_INDEXING_LIMIT:.0f} s")

    def send(self, request: Invoke) -> None:
        """Send `request`. To a worker that has ended it is lost, as in the real host."""
        try:
            self._channel.send(request)
        except OSError:
            return

    async def exit_status(self) -> int:
        """Wait for its end; a signal's number is negative. Releases all it held."""
        status = await self._process.wait()
        self._channel.close()
        await asyncio.to_thread(self._receiver.join)
        return status

    def kill(self) -> None:
        """End it at once; nothing tells the app (the real worker is not told either)."""
        self.condemned = True
        if self._process.returncode is None:
            self._process.kill()

    def _receive(self) -> None:
        while (message := self._channel.receive()) is not None:
            self._loop.call_soon_threadsafe(self._take, message)
        self._loop.call_soon_threadsafe(self._take, Indexed([], "the worker process ended"))

    def _take(self, message: ToHost) -> None:
        if not isinstance(message, Indexed):
            self._on_message(message)
        elif not self._indexed.done():
            self._indexed.set_result(message)


async def start_worker(
    app_dir: Path,
    environment: Mapping[str, str],
    on_message: Callable[[Outcome | LogRecord], None],
) -> WorkerProcess:
    """Start a worker for the app in `app_dir`, its working directory.

    It is in a session of its own, so that Ctrl-C reaches the host alone, and what it prints goes
    to stderr.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        path = os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), environment.get("PYTHONPATH")]))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-u",  # what a function prints is seen at once
            "-P",  # the app folder comes first on sys.path, but only once the worker is loaded
            "-m",
            f"{__package__}.worker",
            str(theirs.fileno()),
            str(app_dir),
            cwd=app_dir,
            env={**environment, "PYTHONPATH": path},
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            start_new_session=True,
        )
    return WorkerProcess(process, Channel(ours, ToHost), on_message)
