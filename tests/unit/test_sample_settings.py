"""The sample for `func start`, and the page of settings, have all that the code reads."""

import json
import re
from pathlib import Path

import pytest

from shared import settings

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
OF_THE_HOST = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "FLEET_SCHEDULE"}


def read_by_the_code() -> set[str]:
    """The names in shared/settings.py: in capitals, and the connection's."""
    source = Path(settings.__file__).read_text()
    return set(re.findall(r'"((?:[A-Z]+_)+[A-Z]+|Work(?:__\w+)?)"', source))


def documented() -> set[str]:
    page = (ROOT / "docs/operations.md").read_text()
    rows = re.findall(r"^\| (`[^|]+) \| (?:yes|no|one of|these two) \|", page, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_the_sample_has_every_setting_but_those_that_stand_for_its_connection_string() -> None:
    by_identity = {name for name in read_by_the_code() if name.startswith("Work__")}
    assert set(SAMPLE) == read_by_the_code() - by_identity | OF_THE_HOST


def test_the_sample_is_what_holds_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # as `func start` does
    least = {name: SAMPLE[name] for name in ("Work", "MANAGED_SUBSCRIPTIONS", "POLICY_FILE")}
    assert settings.read(SAMPLE) == settings.read(least)


def test_every_setting_that_is_read_is_documented() -> None:
    assert read_by_the_code() - documented() == set()
