"""The command measures, shows and writes; what it measures is not judged here."""

import json
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import main


def test_figures_are_shown_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.json"
    figures = ["--only", "arm_repeat", "lateness", "--seeds", "1", "--json", str(file)]
    monkeypatch.setattr(sys, "argv", ["bench", *figures])
    assert main() == 0
    shown = capsys.readouterr()
    rows = json.loads(shown.out)
    names = {row["name"] for row in rows if row["value"] is not None}
    assert names == {"arm_repeat.read", "arm_repeat.probe", "lateness.mean", "lateness.p99"}
    assert "arm_repeat.read" in shown.err
    assert file.read_text() == shown.out


def test_a_figure_that_does_not_exist_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--only", "speed"])
    with pytest.raises(SystemExit):
        main()
    assert "invalid choice: 'speed'" in capsys.readouterr().err
