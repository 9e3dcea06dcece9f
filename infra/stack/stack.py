"""The local stack as one thing: Azurite, the emulator of Azure and the Functions host."""

import fcntl
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from infra.stack import app_settings, azurite, env_file, event_subscription, ports, rights
from infra.stack.lifeline import Lifeline
from infra.stack.part import ROOT, Launch, Part

ACCOUNT = "grantkeeper"
DEFAULT_POLICY = ROOT / "infra" / "stack" / "policy.yaml"

# A queue trigger never creates its queue; on Azure the deployment makes these.
QUEUES = tuple(
    f"{name}{end}"
    for name in ("cluster-requests", "reconcile", event_subscription.QUEUE)
    for end in ("", "-poison")
)

# Azure's minutes as seconds; flags given later win.
_EMULATOR_FLAGS = (
    *("--provisioning-seconds", "2-4"),
    *("--effective-seconds", "5-20"),
    *("--knob", "update_seconds=1-2"),
    *("--knob", "deletion_seconds=1-2"),
    *("--knob", "group_deletion_seconds=1-2"),
    *("--knob", "run_command_seconds=1-2"),
    *("--knob", "principal_replication_seconds=2"),
    *("--knob", "app_roles=[]"),  # it has the template's roles
)

# What the emulator tells the app alone; the stack's environment is the operator's.
_APP_ONLY = ("APP_IDENTITY_HEADER", "AZURE_CLIENT_ID")

_PORTS = (*azurite.SERVICES, "emulator", "host")


class Stack:
    """Three parts, their state and logs in one folder.

    `start` starts what does not run and restarts what was planned otherwise; `stop` ends all of
    it, whoever started it. The data lives until `stop`. As a context manager it does both, and the
    parts end with this process even if nothing can be cleaned up any more.

    `emulator_flags` and `host_flags` go to the two programs as they are (the emulator makes
    clusters in 2 to 4 seconds, and grants effective in 5 to 20, unless they say otherwise);
    `settings` are added to, or replace, those the app gets. With `hosts` the app is scaled out: so
    many hosts work on the same storage, and events go to the first, or with `event_delivery`
    "queue" to whoever takes them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        app_dir: Path = ROOT,
        policy_file: Path = DEFAULT_POLICY,
        emulator_flags: Sequence[str] = (),
        host_flags: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        hosts: int = 1,
        event_delivery: event_subscription.Delivery = "function",
    ) -> None:
        self.folder = folder.resolve()
        self._app_dir = app_dir.resolve()
        self._policy_file = policy_file.resolve()
        self._emulator_flags = tuple(emulator_flags)
        self._host_flags = tuple(host_flags)
        self._settings = dict(settings or {})
        self._event_delivery = event_delivery
        self.azurite = Part("azurite", self.folder, self._plan_azurite)
        self.emulator = Part("emulator", self.folder, self._plan_emulator)
        self.host = Part("host", self.folder, self._plan_host)
        self._more_hosts = tuple(
            Part(name, self.folder, partial(self._plan_host, name))
            for name in (f"host{number}" for number in range(2, hosts + 1))
        )
        self.parts = (self.azurite, self.emulator, self.host, *self._more_hosts)

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            lifeline = opened.enter_context(Lifeline())
            for part in self.parts:
                part.lifeline = lifeline
            opened.callback(self.stop)
            self.start()
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to use the running stack as its operator: names of `.local/env`."""
        emulator = env_file.read(self._emulator_env)
        return {name: text for name, text in emulator.items() if name not in _APP_ONLY} | {
            "HOST_URL": self.host.url,
            "WORK_STORAGE": self._storage(),
            "POLICY_FILE": str(self._policy_file),
            "NO_PROXY": "localhost,127.0.0.1",
        }

    def start(self) -> None:
        """Bring every part up, in order; harmless when they are.

        Raises PartError when one does not come up, and stops the others then.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            try:
                self._start()
            except BaseException:
                self._stop()
                raise

    def stop(self) -> None:
        """End every part, in reverse order, and drop the data; harmless when down.

        Logs stay until the next start.
        """
        if self.folder.exists():
            with self._alone():
                self._stop()

    def _start(self) -> None:
        running = [part.name for part in self.parts if part.alive()]
        if not running:
            for part in self.parts:
                part.log.unlink(missing_ok=True)
        in_use = [*running, *(azurite.SERVICES if self.azurite.name in running else ())]
        ports.remember(self._ports_file, _PORTS, in_use)
        self.azurite.start()
        self._make_queues()
        self._make_container()
        self.emulator.start()
        emulator = env_file.read(self._emulator_env)
        rights.give(emulator, self._policy_file)
        for host in (self.host, *self._more_hosts):
            host.start()
        event_subscription.register(emulator, self.host.url, self._storage(), self._event_delivery)

    def _stop(self) -> None:
        for part in reversed(self.parts):
            part.stop()
        shutil.rmtree(self.folder / "azurite", ignore_errors=True)

    def _plan_azurite(self) -> Launch:
        return azurite.launch([ACCOUNT], ports.recall(self._ports_file), self.folder / "azurite")

    def _plan_emulator(self) -> Launch:
        command = (
            *(sys.executable, "-m", "infra.emulator"),
            *("--port", self._port("emulator")),
            *("--env-file", str(self._emulator_env)),
            *("--state-dir", str(self.folder / "emulator")),
            *_EMULATOR_FLAGS,
            *self._emulator_flags,
        )
        return Launch(command, ready_line)

    def _plan_host(self, name: str = "host") -> Launch:
        emulator = env_file.read(self._emulator_env)
        values = app_settings.values(emulator, self._storage(), self._policy_file) | self._settings
        file = self.folder / "local.settings.json"
        file.touch(mode=0o600)
        settings = app_settings.local_settings(values)
        file.write_text(settings)
        command = (
            *(sys.executable, "-m", "infra.functions_host", str(self._app_dir)),
            *("--settings", str(file)),
            *("--port", self._port(name) if name in _PORTS else "0"),
            *("--state-dir", str(self.folder / name)),
            *self._host_flags,
        )
        return Launch(command, ready_line, settings=settings + self._policy_file.read_text())

    def _port(self, name: str) -> str:
        return str(ports.recall(self._ports_file)[name])

    @property
    def _ports_file(self) -> Path:
        return self.folder / "ports.json"

    @property
    def _emulator_env(self) -> Path:
        return self.folder / "emulator.env"

    def _storage(self) -> str:
        return azurite.connection_string(self.azurite.url, ACCOUNT)

    def _make_queues(self) -> None:
        with QueueServiceClient.from_connection_string(self._storage()) as service:
            for queue in QUEUES:
                try:
                    service.create_queue(queue)
                except ResourceExistsError:
                    continue

    def _make_container(self) -> None:
        with BlobServiceClient.from_connection_string(self._storage()) as service:
            try:
                service.create_container(event_subscription.DEAD_LETTERS).close()
            except ResourceExistsError:
                return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time change this stack; another one waits."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def ready_line(log: str) -> str | None:
    """The URL of the line `ready URL`, which the emulator and the host print once they serve."""
    for line in log.splitlines(keepends=True):
        if line.startswith("ready ") and line.endswith("\n"):
            return line.removeprefix("ready ").strip()
    return None
