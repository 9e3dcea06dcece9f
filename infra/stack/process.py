"""Processes by identity: a pid alone may have been given to a stranger; a pid with its start time
has not."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, now and for ever. `started` is opaque: compare it, nothing else."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this very process still runs; one that ended and waits to be reaped does not."""
        return start_time(self.pid) == self.started

    def end(self, grace_seconds: float) -> None:
        """End the process and then its whole group: SIGTERM, and SIGKILL after the grace.

        SIGTERM goes to the leader only, which ends its children in its own order. The process must
        lead its group (`start_new_session`). No error if it is gone already.
        """
        if self.alive():
            _signal(os.kill, self.pid, signal.SIGTERM)
            wait_until(lambda: not self.alive(), grace_seconds)
            self._kill_group()

    def kill(self) -> None:
        """Kill the process and its whole group at once, as a crash of the machine would."""
        if self.alive():
            self._kill_group()

    def _kill_group(self) -> None:
        _signal(os.killpg, self.pid, signal.SIGKILL)
        wait_until(lambda: not self.alive(), seconds=10)


def identify(pid: int) -> Identity | None:
    """The identity of a running process; None when it ended."""
    started = start_time(pid)
    return None if started is None else Identity(pid, started)


def start_time(pid: int) -> str | None:
    """When the process started, in its system's own words; None when there is no such process.

    From /proc/PID/stat (proc(5): field 3 is the state, 20 the number of threads, 22 the start in
    ticks since boot) or, where there is no /proc, from ps.
    """
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        fields = stat.rpartition(")")[2].split()
        # A killed leader is a zombie while its threads still end, and hold their ports until then.
        ended = fields[0] in "ZX" and int(fields[20 - 3]) <= 1
        return None if ended else fields[22 - 3]
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return None if not answer or answer[0].startswith("Z") else " ".join(answer[1:])


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for the condition; False when it still does not hold after that many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _signal(send: Callable[[int, int], None], target: int, number: int) -> None:
    try:
        send(target, number)
    except ProcessLookupError:
        return
