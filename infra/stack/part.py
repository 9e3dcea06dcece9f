"""One process of the stack: started until it serves, remembered on disk, ended by its identity."""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from infra.stack.lifeline import Lifeline
from infra.stack.process import Identity, identify, wait_until

ROOT = Path(__file__).resolve().parents[2]

# A part sees these of our environment and nothing else: proxies, CA bundles and AZURE_* settings
# of somebody's shell would win over the settings the stack gives to the function app.
INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL")

START_SECONDS = 60
STOP_SECONDS = 20
LOG_TAIL_LINES = 25

# Whoever starts a part may die at any moment: it becomes the program only once it is on record.
_WHEN_RECORDED = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "sh")


class PartError(Exception):
    """A part died or stayed silent; the text ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a part. A running part whose launch changed is started again."""

    command: tuple[str, ...]
    ready: Callable[[str], str | None]  # what it has logged so far -> its URL, once it serves
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""  # text of a file that it reads once, when it starts

    def fingerprint(self) -> str:
        """A digest of everything that shapes the process, without telling what it is."""
        shape = [list(self.command), sorted(self.environment.items()), self.settings]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Record:
    pid: int
    started: str
    fingerprint: str
    url: str  # empty until the part serves

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.started)


class Part:
    """A named process whose record (`NAME.json`) and log (`NAME.log`) are in the stack's folder.

    Any process may stop or restart a part which another one started. With a lifeline it ends with
    the process that holds that.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        plan: Callable[[], Launch],
        lifeline: Lifeline | None = None,
    ) -> None:
        self.name = name
        self.lifeline = lifeline
        self.log = folder / f"{name}.log"
        self._record_file = folder / f"{name}.json"
        self._plan = plan
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, of the last start; None before the first and after `stop`."""
        record = self._read()
        return None if record is None else record.pid

    @property
    def url(self) -> str:
        """The address it said it serves at; empty before the first start and after `stop`."""
        record = self._read()
        return "" if record is None else record.url

    def alive(self) -> bool:
        """Whether the process runs."""
        self._reap()
        record = self._read()
        return record is not None and record.identity.alive()

    def start(self) -> bool:
        """Run it as planned and wait until it serves; False when it already did so.

        Raises PartError when it ends, or does not serve within START_SECONDS.
        """
        launch = self._plan()
        record = self._read()
        if record and record.url and record.fingerprint == launch.fingerprint() and self.alive():
            self._tie(record.identity)
            return False
        self.stop()
        self._spawn(launch)
        return True

    def stop(self) -> None:
        """End it in good order and forget it; harmless when it does not run."""
        record = self._read()
        if record is not None:
            record.identity.end(STOP_SECONDS)
        self._reap()
        self._record_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill it and its children with SIGKILL; `start` then starts it at the same address."""
        record = self._read()
        if record is not None:
            record.identity.kill()
        self._reap()

    def restart(self) -> None:
        """Stop it in good order and start it again."""
        self.stop()
        self.start()

    def _spawn(self, launch: Launch) -> None:
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as go:
            with os.fdopen(reading) as gate, self.log.open("ab") as log:
                log_start = log.tell()
                self._child = subprocess.Popen(
                    (*_WHEN_RECORDED, *launch.command),
                    cwd=ROOT,
                    env=self._environment(launch),
                    stdin=gate,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            identity = identify(self._child.pid)
            if identity is None:
                raise self._failure("ended at once", log_start)
            record = _Record(identity.pid, identity.started, launch.fingerprint(), url="")
            self._write(record)
            self._tie(identity)
            go.write("\n")
        self._write(replace(record, url=self._served(launch, identity, log_start)))

    @staticmethod
    def _environment(launch: Launch) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return inherited | dict(launch.environment)

    def _served(self, launch: Launch, identity: Identity, log_start: int) -> str:
        """Wait until it serves; its URL. Stops it and raises PartError when it does not."""

        def settled() -> bool:
            return launch.ready(self._logged(log_start)) is not None or not identity.alive()

        in_time = wait_until(settled, START_SECONDS)
        url = launch.ready(self._logged(log_start))
        if url is None or not identity.alive():
            why = "ended before it was ready" if in_time else f"not ready in {START_SECONDS} s"
            self.stop()
            raise self._failure(why, log_start)
        return url

    def _tie(self, identity: Identity) -> None:
        if self.lifeline is not None:
            self.lifeline.tie(identity)

    def _logged(self, since: int) -> str:
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def _failure(self, why: str, log_start: int) -> PartError:
        tail = self._logged(log_start).splitlines()[-LOG_TAIL_LINES:]
        return PartError("\n".join([f"{self.name} {why}; {self.log} ends:", *tail]))

    def _reap(self) -> None:
        """Collect our own child's exit status, so that it does not stay a zombie."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def _read(self) -> _Record | None:
        try:
            return _Record(**json.loads(self._record_file.read_text()))
        except FileNotFoundError:
            return None

    def _write(self, record: _Record) -> None:
        # Written aside and renamed: a crash in between must not leave half a record.
        aside = self._record_file.with_suffix(".new")
        aside.write_text(json.dumps(asdict(record)))
        aside.replace(self._record_file)
