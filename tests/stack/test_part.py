"""A part of the stack: started until it serves, remembered on disk, repaired, stopped."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.stack import part as part_module
from infra.stack.part import Launch, Part, PartError
from infra.stack.process import Identity, identify, wait_until
from infra.stack.stack import ready_line

SERVER = 'import time; print("ready http://localhost:1", flush=True); time.sleep(600)'
SILENT = 'import time; print("busy", flush=True); time.sleep(600)'
BROKEN = 'raise SystemExit("no such subscription")'
DIES_WHEN_READY = 'print("ready http://localhost:1", flush=True)'


def running(code: str, settings: str = "") -> Callable[[], Launch]:
    return lambda: Launch((sys.executable, "-c", code), ready_line, settings=settings)


@contextmanager
def part_in(folder: Path, plan: Callable[[], Launch]) -> Iterator[Part]:
    part = Part("server", folder, plan)
    try:
        yield part
    finally:
        part.stop()


def test_a_started_part_serves_at_the_url_it_announced(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER)) as part:
        assert part.start()
        assert part.alive()
        assert part.url == "http://localhost:1"


def test_starting_a_running_part_changes_nothing(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER)) as part:
        part.start()
        pid = part.pid
        assert not part.start()
        assert part.pid == pid


def test_a_part_is_started_again_when_its_plan_changed(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER, settings="one policy")) as part:
        part.start()
        before = part.pid
        with part_in(tmp_path, running(SERVER, settings="another policy")) as changed:
            assert changed.start()
            assert changed.pid != before
            assert changed.alive()


def test_another_holder_of_the_folder_sees_and_stops_the_same_process(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER)) as part, part_in(tmp_path, running(SERVER)) as other:
        part.start()
        assert other.alive()
        assert (other.pid, other.url) == (part.pid, part.url)
        other.stop()
        assert not part.alive()


def test_a_killed_part_is_dead_until_it_is_started_again(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER)) as part:
        part.start()
        before = part.pid
        part.kill()
        assert not part.alive()
        assert part.start()
        assert part.alive()
        assert part.pid != before


def test_restarting_replaces_the_process(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER)) as part:
        part.start()
        before = part.pid
        part.restart()
        assert part.alive()
        assert part.pid != before


def test_a_stopped_part_is_forgotten_and_stopping_again_is_harmless(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER)) as part:
        part.start()
        part.stop()
        part.stop()
        assert not part.alive()
        assert part.pid is None
        assert part.url == ""


@pytest.mark.parametrize("code", [BROKEN, DIES_WHEN_READY])
def test_a_part_that_ends_at_once_is_reported_and_not_left_as_running(
    tmp_path: Path, code: str
) -> None:
    # It may still be seen alive for a moment after its ready line: only the end state is promised.
    with part_in(tmp_path, running(code)) as part:
        try:
            part.start()
        except PartError as error:
            assert str(part.log) in str(error)
        assert wait_until(lambda: not part.alive(), seconds=30)


def test_the_error_of_a_part_that_dies_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with part_in(tmp_path, running(BROKEN)) as part, pytest.raises(PartError) as raised:
        part.start()
    assert "no such subscription" in str(raised.value)


def test_a_part_that_never_serves_is_ended_after_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_module, "START_SECONDS", 1)
    with part_in(tmp_path, running(SILENT)) as part:
        with pytest.raises(PartError, match="not ready in 1 s"):
            part.start()
        assert not part.alive()


def test_settings_of_the_calling_shell_do_not_reach_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AzureWebJobsWork", "somebody's real account")
    code = f"import os; print(sorted(os.environ), flush=True); {SERVER}"
    with part_in(tmp_path, running(code)) as part:
        part.start()
        assert "AzureWebJobsWork" not in part.log.read_text()
        assert "'PATH'" in part.log.read_text()


def test_a_record_left_by_a_crash_is_replaced(tmp_path: Path) -> None:
    with part_in(tmp_path, running(SERVER)) as part:
        part.start()
        assert part.pid is not None
        crashed = identify(part.pid)
        assert crashed is not None
        crashed.kill()  # behind the stack's back; the record stays
        with part_in(tmp_path, running(SERVER)) as repaired:
            assert repaired.start()
            assert repaired.alive()


def test_a_start_that_is_interrupted_before_it_is_on_record_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned: list[Identity | None] = []

    def interrupted(pid: int) -> Identity | None:
        spawned.append(identify(pid))
        raise KeyboardInterrupt

    monkeypatch.setattr(part_module, "identify", interrupted)
    with part_in(tmp_path, running(SERVER)) as part:
        with pytest.raises(KeyboardInterrupt):
            part.start()
        (waiting,) = spawned
        assert waiting is not None
        assert wait_until(lambda: not waiting.alive(), seconds=30)
        assert part.log.read_text() == ""
