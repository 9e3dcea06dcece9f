"""A process is known by its pid and start time; only that one is ever ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.stack.process import Identity, identify, start_time, wait_until

SLEEPER = "import time; time.sleep(600)"
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
WITH_CHILD = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


def python(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def identity_of(process: subprocess.Popen[str]) -> Identity:
    identity = identify(process.pid)
    assert identity is not None
    return identity


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_running_process_is_alive_and_an_ended_one_is_not_even_before_it_is_reaped() -> None:
    with python(SLEEPER) as process:
        identity = identity_of(process)
        assert identity.alive()
        process.kill()
        assert wait_until(lambda: not identity.alive(), seconds=30)
        assert process.returncode is None  # nobody has collected it yet
    assert identify(process.pid) is None


def test_a_pid_that_was_given_to_another_process_is_left_alone() -> None:
    with python(SLEEPER) as stranger:
        remembered = Identity(stranger.pid, started="long ago")
        remembered.end(grace_seconds=0)
        remembered.kill()
        assert stranger.poll() is None
        stranger.kill()


def test_ending_lets_a_process_that_obeys_end_by_sigterm() -> None:
    with python(SLEEPER) as process:
        identity_of(process).end(grace_seconds=30)
        assert process.wait(timeout=30) == -15


def test_ending_kills_a_process_that_ignores_sigterm_after_the_grace() -> None:
    with python(STUBBORN) as process:
        assert first_line(process) == "deaf"
        identity_of(process).end(grace_seconds=0.2)
        assert process.wait(timeout=30) == -9


@pytest.mark.parametrize("how", ["end", "kill"])
def test_children_end_with_their_parent(how: str) -> None:
    with python(WITH_CHILD) as process:
        child = identify(int(first_line(process)))
        assert child is not None
        identity = identity_of(process)
        if how == "end":
            identity.end(grace_seconds=30)
        else:
            identity.kill()
        assert wait_until(lambda: not child.alive(), seconds=30)


def test_ending_what_has_ended_already_is_harmless() -> None:
    with python("pass") as process:
        process.wait(timeout=30)
    Identity(process.pid, "before").end(grace_seconds=0)


def test_without_proc_the_start_time_comes_from_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    exists = Path.exists
    monkeypatch.setattr(
        Path, "exists", lambda path: exists(path) and not str(path).startswith("/proc/")
    )
    mine = start_time(os.getpid())
    assert mine is not None
    assert ":" in mine  # a clock time, which /proc does not give
    assert start_time(os.getpid()) == mine


def test_waiting_ends_when_the_condition_holds_or_the_time_is_over() -> None:
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), seconds=30)
    assert not wait_until(lambda: False, seconds=0)
