"""The lines that run in the cluster, in a real shell with a kubectl that notes what it is told."""

import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from shared import probe_commands

PULL = probe_commands.pull("shared.azurecr.io", "ab12")
BALANCE = probe_commands.load_balancer("nodes", "ab12")

KUBECTL = """#!/bin/sh
echo "$1 $2" >> "$NOTES"
test "$1" != create || cat >> "$NOTES.made"
case "$1 $2" in
  "create --filename") test "$REFUSES" != create || exit 1; printf uid-1 ;;
  "get pods") printf "$CODE" ;;
  "get events") echo '{"items": [{"reason": "EnsuredLoadBalancer"}]}' ;;
  "logs "*) echo "Your cluster can pull images"; test -z "$KILLED" || kill -TERM "$PPID" ;;
esac
"""


class Shell:
    """A shell that finds this kubectl."""

    def __init__(self, folder: Path) -> None:
        self._notes = folder / "notes"
        kubectl = folder / "kubectl"
        kubectl.write_text(KUBECTL)
        kubectl.chmod(0o755)
        self._environment = {"PATH": f"{folder}:{os.environ['PATH']}", "NOTES": str(self._notes)}

    def run(self, line: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {"CODE": "0", "REFUSES": "", "KILLED": "", **self._environment, **variables}
        return subprocess.run(
            ["sh", "-c", line],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        return self._notes.read_text().splitlines()

    @property
    def made(self) -> str:
        return (self._notes.parent / "notes.made").read_text()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.parametrize("code", [0, 60])
def test_the_pull_check_ends_as_its_pod_did_and_removes_it(shell: Shell, code: int) -> None:
    done = shell.run(PULL, CODE=str(code))
    assert (done.returncode, done.stdout) == (code, "Your cluster can pull images\n")
    assert done.stderr == ""
    remove = "delete jobs,services"
    assert shell.calls == [remove, "create --filename", "get pods", "logs --namespace", remove]


def test_the_load_balancers_events_are_told_and_it_is_removed(shell: Shell) -> None:
    done = shell.run(BALANCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "EnsuredLoadBalancer" in done.stdout
    assert '"uid":"uid-1"' in shell.made
    remove = "delete jobs,services"
    assert shell.calls[-2:] == ["get events", remove]


@pytest.mark.parametrize("line", [PULL, BALANCE])
def test_what_cannot_be_made_has_an_exit_code_of_its_own(shell: Shell, line: str) -> None:
    assert shell.run(line, REFUSES="create").returncode == 125
    assert shell.calls[-1] == "delete jobs,services"


def test_a_line_that_is_asked_to_stop_removes_what_it_made(shell: Shell) -> None:
    assert shell.run(PULL, KILLED="yes").returncode in {143, -signal.SIGTERM}
    assert shell.calls[-1] == "delete jobs,services"


@pytest.mark.parametrize("line", [PULL, BALANCE])
def test_all_that_is_made_ends_by_itself_within_five_minutes(shell: Shell, line: str) -> None:
    shell.run(line)
    assert '"activeDeadlineSeconds":220,"ttlSecondsAfterFinished":60' in shell.made
    assert shell.made.count('"kind":"Job","metadata"') == 1
    assert shell.made.count('"grantkeeper-probe":"ab12"') == shell.made.count('"labels"')


def test_every_line_is_one_line() -> None:
    for line in (PULL, BALANCE, probe_commands.listen()):
        assert "\n" not in line
        assert shlex.split(line)
