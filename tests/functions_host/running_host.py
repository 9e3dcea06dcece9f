"""Runs the host as a process with a small app, and waits for what can be seen of it."""

import base64
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from azure.storage.queue import QueueClient

from infra.stack.lifeline import Lifeline
from infra.stack.process import identify

DEADLINE = 60.0  # seconds; generous, for slow machines
BUNDLE = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}
Seen = TypeVar("Seen")

# Every sample app starts like this: `saw(...)` tells the test what happened in a function.
_PROLOGUE = """\
import json, logging, os, sys, threading, time
import azure.functions as func

def saw(**what):
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps({**what, "pid": os.getpid()}) + "\\n")

def wait_for(name):
    while not os.path.exists(os.path.join(os.path.dirname(os.environ["SEEN"]), name)):
        time.sleep(0.02)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""


def eventually(look: Callable[[], Seen], what: str) -> Seen:
    """What `look` returns once it is true. Fails the test after the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {DEADLINE:.0f} s: {what}")


class App:
    """An app folder with a `function_app.py`, its settings, and what it saw."""

    def __init__(self, folder: Path, code: str, storage: str, **queues: Any) -> None:
        self.folder = folder / "app"
        self.folder.mkdir()
        self.storage = storage
        self.seen_file = folder / "seen.jsonl"
        self.settings = {
            "AzureWebJobsStorage": storage,
            "Work": storage,
            "SEEN": str(self.seen_file),
            "WORK_QUEUE": "work",
        }
        options = {"visibilityTimeout": "00:00:00", "maxPollingInterval": "00:00:00.2"} | queues
        self.host_json: dict[str, Any] = {
            "version": "2.0",
            "extensionBundle": BUNDLE,
            "extensions": {"queues": options},
        }
        self._code = _PROLOGUE + textwrap.dedent(code)

    def write(self) -> Path:
        """Write code, host.json and settings as they are now; the file of the settings."""
        (self.folder / "function_app.py").write_text(self._code, encoding="utf-8")
        (self.folder / "host.json").write_text(json.dumps(self.host_json))
        settings = self.folder.parent / "settings.json"
        settings.write_text(json.dumps({"IsEncrypted": False, "Values": self.settings}))
        return settings

    def queue(self, name: str) -> QueueClient:
        """A client of the queue, as plain as the host's own."""
        return QueueClient.from_connection_string(self.storage, name)

    def make_queue(self, name: str) -> None:
        """Make the queue: a trigger never does."""
        with self.queue(name) as queue:
            queue.create_queue()

    def send(self, name: str, text: str, raw: bool = False) -> None:
        """Send `text`, as base64 unless `raw`."""
        with self.queue(name) as queue:
            queue.send_message(text if raw else base64.b64encode(text.encode()).decode())

    def texts(self, name: str) -> list[str]:
        """The raw texts of the visible messages; none when there is no such queue."""
        with self.queue(name) as queue:
            try:
                return [str(message.content) for message in queue.peek_messages(32)]
            except Exception as error:
                if getattr(error, "status_code", None) == 404:
                    return []
                raise

    def count(self, name: str) -> int:
        """How many messages the queue holds, hidden ones too."""
        with self.queue(name) as queue:
            return int(queue.get_queue_properties().approximate_message_count or 0)

    def seen(self, **like: Any) -> list[dict[str, Any]]:
        """What the functions saw so far, in order; only entries that have these members."""
        if not self.seen_file.exists():
            return []
        entries = [json.loads(line) for line in self.seen_file.read_text().splitlines()]
        return [each for each in entries if like.items() <= each.items()]

    def let(self, name: str) -> None:
        """Let the functions that `wait_for` this name go on."""
        (self.seen_file.parent / name).touch()


class RunningHost:
    """A host process that has said it is ready."""

    def __init__(self, app: App, lifeline: Lifeline, *flags: str) -> None:
        settings = app.write()
        state = app.folder.parent / "state"
        command = [sys.executable, "-m", "infra.functions_host", str(app.folder)]
        command += ["--port", "0", "--settings", str(settings), "--state-dir", str(state), *flags]
        kept = ("PATH", "HOME", "TMPDIR")
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={name: os.environ[name] for name in kept if name in os.environ},
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        identity = identify(self.process.pid)
        assert identity is not None
        lifeline.tie(identity)
        self._log: list[str] = []
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline().strip()
        self.url = self.ready_line.removeprefix("ready ")

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        self._log.extend(iter(self.process.stderr.readline, ""))

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return "".join(self._log)

    def logs(self, text: str) -> None:
        """Wait until it has logged `text`."""
        eventually(lambda: text in self.log, f"{text!r} in the log:\n{self.log}")

    def call(
        self, path: str, body: bytes | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, bytes]:
        """Status and body of a request; underscores in header names become dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, body, named, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as reply:  # noqa: S310
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def stop(self) -> int:
        """End it by SIGTERM if it still runs; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        status = self.process.wait(timeout=DEADLINE)
        self._reader.join(DEADLINE)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return status


@contextmanager
def running(app: App, *flags: str) -> Iterator[RunningHost]:
    """A host for `app`, stopped at the end, and killed if the tests are."""
    with Lifeline() as lifeline:
        host = RunningHost(app, lifeline, *flags)
        try:
            assert host.ready_line, f"ended with {host.wait()} before it was ready:\n{host.log}"
            yield host
        finally:
            host.stop()
