"""The demo as a newcomer runs it: it passes, and leaves nothing running in any outcome."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.stack.part import ROOT
from infra.stack.stack import Stack

pytestmark = pytest.mark.e2e

DEADLINE_SECONDS = 240


def demo(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "infra.demo", "--folder", str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def running(folder: Path) -> list[str]:
    return [part.name for part in Stack(folder).parts if part.alive()]


def test_it_passes_and_leaves_its_result_and_nothing_running(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        shown, errors = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0, shown + errors
    assert "Both clusters are Ready" in shown
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["passed"], result["faults"], result["rejections"]) == (True, [], [])
    assert {cluster["name"] for cluster in result["clusters"]} == {"payments", "research"}
    assert len(result["roleAssignments"]) == 10
    descriptions = [
        each["properties"].get("description") or "" for each in result["roleAssignments"]
    ]
    assert sum(text.startswith("grantkeeper") for text in descriptions) == 9
    assert "$ az role assignment create --assignee-object-id" in shown
    assert running(tmp_path) == []


def test_an_impatient_end_stops_everything_and_a_second_demo_has_to_wait(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        assert any("platform team" in line for line in process.stdout)
        with demo(tmp_path) as second:
            assert "Another demo runs" in second.communicate(timeout=DEADLINE_SECONDS)[1]
        assert second.returncode == 1
        assert running(tmp_path) == ["azurite", "emulator", "host"]
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 130
    assert running(tmp_path) == []
