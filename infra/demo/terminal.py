"""The operator's commands, typed by the demo: `python -m grantkeeper …`."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

from infra.demo.rest import Json
from infra.stack.part import ROOT


class Operator:
    """Somebody at a terminal whose environment is the stack's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **environment}

    def type(self, *arguments: str) -> int:
        """Run a command, with its output on this terminal; its exit code."""
        sys.stdout.write(f"\n$ python -m grantkeeper {' '.join(arguments)}\n")
        sys.stdout.flush()
        return subprocess.run(
            self._command(*arguments), cwd=ROOT, env=self._environment, check=False
        ).returncode

    def status(self) -> Json:
        """What `status --json` says. Raises subprocess.CalledProcessError when it fails."""
        answer = subprocess.run(
            self._command("status", "--json"),
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        found: Json = json.loads(answer.stdout)
        return found

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "grantkeeper", *arguments]
