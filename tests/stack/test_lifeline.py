"""A lifeline ends what is tied to it when its owner is gone, in whatever way."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.stack.lifeline import Lifeline
from infra.stack.part import ROOT
from infra.stack.process import identify, wait_until

SLEEPER = "import time; time.sleep(600)"
OWNER = f"""
import signal, sys, time
from pathlib import Path
from infra.stack.lifeline import Lifeline
from infra.stack.part import Launch, Part
from infra.stack.stack import ready_line
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and that is inherited
serve = 'print("ready http://localhost:1", flush=True); ' + {SLEEPER!r}
launch = Launch((sys.executable, "-c", serve), ready_line)
part = Part("server", Path(sys.argv[1]), lambda: launch, Lifeline())
part.start()
print(part.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_part_ends_with_an_owner_that_could_not_stop_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        part = identify(int(owner.stdout.readline()))
        assert part is not None
        owner.send_signal(number)
    assert wait_until(lambda: not part.alive(), seconds=30)


def test_closing_ends_what_is_tied_and_nothing_else() -> None:
    def sleeper() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", SLEEPER], start_new_session=True)

    with sleeper() as tied, sleeper() as free:
        identity = identify(tied.pid)
        assert identity is not None
        with Lifeline() as lifeline:
            lifeline.tie(identity)
        assert tied.wait(timeout=30) == -signal.SIGKILL
        assert free.poll() is None
        free.kill()
