"""How much memory the Functions worker keeps: idle, and once it has taken a cluster to Ready.

    worker_memory = VmRSS of the worker process (proc(5)), MB of 10^6 bytes

on the whole local stack: Azurite, the emulator over TLS, the Functions host, whose worker imports
the app as the real one does. Floor: a Python that has imported azure.functions, in the same run.
Goal for the idle worker: 32 MB. The timer is silenced, for its first tick would end the idling.
"""

import re
import subprocess
import sys
from pathlib import Path

from infra.stack.part import ROOT
from infra.stack.stack import Stack
from tests.bench.local_cluster import take_to_ready
from tests.bench.row import Row, at_most
from tests.bench.session import Session

_NEVER = "0 0 0 1 1 *"
_GOAL_IDLE = 32.0
_STATUS = Path("/proc/self/status")
_FLOOR = f"import azure.functions; print(open('{_STATUS}').read())"


def measure(session: Session) -> list[Row]:
    """Idle and Ready; one row saying so where there is no /proc."""
    if not _STATUS.exists():
        return [Row("worker_memory", None, "MB", note="skipped: there is no /proc")]
    floor = _resident(_output_of(_FLOOR))
    with Stack(session.folder / "stack", settings={"FLEET_SCHEDULE": _NEVER}) as stack:
        status = _worker_status(stack)
        idle = _resident(status.read_text())
        take_to_ready(stack.environment)
        ready = _resident(status.read_text())
    return [
        at_most("worker_memory.idle", idle, "MB", floor, _GOAL_IDLE, "the app is indexed"),
        Row("worker_memory.ready", ready, "MB", floor=floor, note="one cluster is Ready"),
    ]


def _worker_status(stack: Stack) -> Path:
    """/proc/PID/status of the one process that the Functions host has started."""
    lists = Path(f"/proc/{stack.host.pid}/task").glob("*/children")
    (worker,) = {pid for children in lists for pid in children.read_text().split()}
    return Path(f"/proc/{worker}/status")


def _resident(status: str) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise ValueError("no VmRSS: the process has ended")
    return int(found[1]) * 1024 / 1e6


def _output_of(code: str) -> str:
    command = (sys.executable, "-c", code)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
