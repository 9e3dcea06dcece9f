"""Ends processes when the one that wanted them is gone, however it went: kill -9 cleans up nothing.

The other end is `python -m infra.stack.lifeline`, which learns of its owner's end by the end of its
own input: the system closes a pipe in every outcome.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from infra.stack.process import Identity

_ROOT = Path(__file__).resolve().parents[2]


class Lifeline:
    """What is tied to it is killed when this process closes it, or ends."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self._pipe = os.fdopen(writing, "w")
        with os.fdopen(reading) as ours:
            self._watcher = subprocess.Popen(
                (sys.executable, "-m", "infra.stack.lifeline"),
                cwd=_ROOT,
                stdin=ours,
                start_new_session=True,  # Ctrl-C at a terminal is for the owner alone
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def tie(self, process: Identity) -> None:
        """Let the process, the leader of its group, live no longer than this one."""
        self._pipe.write(f"{process.pid} {process.started}\n")
        self._pipe.flush()

    def close(self) -> None:
        """Kill what is tied and still runs."""
        self._pipe.close()
        self._watcher.wait()


def watch(owner: TextIO) -> None:
    """Collect identities until the owner's end, then kill the latest first."""
    lines = [line.rstrip("\n").partition(" ") for line in owner]
    for pid, _, started in reversed(lines):
        Identity(int(pid), started).kill()


if __name__ == "__main__":
    watch(sys.stdin)
