"""The command line: help, and settings with which the host does not start."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions_host.__main__ import main
from tests.functions_host.running_host import DEADLINE

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "infra.functions_host", *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )


@pytest.fixture
def app_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "host.json").write_text('{"version": "2.0"}')
    code = (
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.timer_trigger(arg_name='tick', schedule='0 * * * * *')\n"
        "def tock(tick: func.TimerRequest) -> None: ...\n"
    )
    (folder / "function_app.py").write_text(code)
    return folder


def test_help_teaches() -> None:
    done = run("--help")
    assert done.returncode == 0
    for word in ("--settings", "--lease", "ready http://localhost:PORT", "/admin/functions/NAME"):
        assert word in done.stdout


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    done = run(str(tmp_path / "nowhere"))
    assert (done.returncode, "is not a folder" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--port", "70000", "must be 0 to 65535"),
        ("--port", "http", "must be 0 to 65535"),
        ("--lease", "0", "must be 1 to 604800"),
        ("--lease", "long", "must be 1 to 604800"),
    ],
)
def test_a_number_out_of_bounds_is_told_with_its_flag_and_the_bounds(
    app_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flag: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["functions_host", str(app_dir), flag, value])
    with pytest.raises(SystemExit):
        main()
    assert f"argument {flag}: {said}" in capsys.readouterr().err


def test_a_broken_host_json_stops_the_start(app_dir: Path) -> None:
    (app_dir / "host.json").write_text("{")
    done = run(str(app_dir), "--port", "0", "--state-dir", str(app_dir))
    assert (done.returncode, done.stdout) == (2, "")
    assert "host.json is not JSON" in done.stderr


def test_the_hosts_own_storage_is_required(app_dir: Path) -> None:
    done = run(str(app_dir), "--port", "0", "--state-dir", str(app_dir))
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing value for AzureWebJobsStorage" in done.stderr


def test_a_port_in_use_is_told(app_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(str(app_dir), "--port", str(port), "--state-dir", str(app_dir))
    assert (done.returncode, f"cannot listen on port {port}" in done.stderr) == (2, True)


def test_missing_settings_files_are_told(app_dir: Path) -> None:
    done = run(str(app_dir), "--settings", str(app_dir / "none.json"))
    assert (done.returncode, "none.json" in done.stderr) == (2, True)


def test_local_settings_in_the_app_folder_are_found(app_dir: Path) -> None:
    values = {"IsEncrypted": False, "Values": {"AzureWebJobsStorage": "not a connection string"}}
    (app_dir / "local.settings.json").write_text(json.dumps(values))
    done = run(str(app_dir), "--port", "0", "--state-dir", str(app_dir))
    assert done.returncode == 2
    assert "AzureWebJobsStorage is not a storage connection string" in done.stderr
