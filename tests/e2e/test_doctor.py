"""`doctor` finds a running deployment well, typed as an operator types it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.stack import env_file
from infra.stack.part import ROOT
from tests.e2e.deployment import Deployment, until

pytestmark = pytest.mark.e2e

LOOKED_AT = {
    "settings",
    "policy",
    "queues",
    "poison queues",
    "tables",
    "dead letters",
    "timer",
    "Azure",
    "identity: looking",
    "identity: granting",
    "identity: condition",
    "identity: no more",
    "events",
}


def diagnosis(deployment: Deployment, place: Path) -> dict[str, Any]:
    """What the command prints in a folder that has the stack's environment."""
    env_file.write(place / ".local" / "env", deployment.stack.environment)
    settings = deployment.stack.folder / "local.settings.json"
    command = [sys.executable, "-m", "grantkeeper", "doctor", "--settings", str(settings), "--json"]
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        command, cwd=place, env=plain, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.stdout, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    assert ran.returncode == {"ok": 0, "warn": 1, "fail": 2}[found["status"]]
    return found


def well(found: dict[str, Any]) -> set[str]:
    return {each["name"] for each in found["checks"] if each["status"] == "ok"}


def test_a_running_deployment_is_well(deployment: Deployment, tmp_path: Path) -> None:
    deployment.tick()
    until(lambda: well(diagnosis(deployment, tmp_path)) >= LOOKED_AT, seconds=60)
