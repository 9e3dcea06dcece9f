"""The same work by the real Azure CLI and by Grantkeeper, side by side in one run.

A cluster is made with its nodes in a subnet and images from a registry, each of its two identities
gets its role, and both assignments are looked at three times: what Grantkeeper does of itself until
the cluster is Ready by reading. Both speak to the same emulator over TLS, which counts their calls.

    cpu     user and system time of az's processes, or of the Functions worker, per cluster
    calls   requests to ARM per cluster; az is told object ids, so that it asks Graph for nothing

`make bench PEER=az` installs the CLI from PyPI into an environment of its own. On other days it is
the `az` on PATH, if there is one.
"""

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.stack.part import ROOT
from tests.bench.row import Row, at_least
from tests.bench.session import Session
from tests.e2e.deployment import Deployment, until
from tests.e2e.emulated_azure import APP, GROUP

_INSTALLED = ROOT / ".local" / "peers" / "az" / "bin" / "az"
_THEIRS, _OURS = 3, 10  # clusters: az's take seconds of CPU each
_LOOKS = 3  # as policy's consecutiveReads
_POLICY = Path(__file__).parents[1] / "e2e" / "policy.yaml"
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(session: Session) -> list[Row]:
    """CPU and calls of both; one row saying so where there is no `az`."""
    az = str(_INSTALLED) if _INSTALLED.exists() else shutil.which("az")
    if az is None:
        return [Row("peer_az", None, "s", note="skipped: no az; make bench PEER=az installs one")]
    policy = session.folder / "by-reading.yaml"
    policy.write_text(_POLICY.read_text().replace("verify: loadBalancer", "verify: read"))
    with Deployment(session.folder / "peer", policy_file=policy) as deployment:
        peer = _Az(az, session.folder / "az", deployment)
        their_cpu, their_calls = peer.work()
        cpu, calls = _work(deployment)
    times = f"{their_cpu / cpu:.1f} times as much"
    return [
        Row("peer_az.cpu.grantkeeper", cpu, "s", note=f"{_OURS} clusters"),
        at_least("peer_az.cpu.az", their_cpu, "s", cpu, f"{times}; {_THEIRS} clusters"),
        Row("peer_az.calls.grantkeeper", calls, "calls"),
        at_least("peer_az.calls.az", their_calls, "calls", calls),
    ]


def _work(deployment: Deployment) -> tuple[float, float]:
    """Grantkeeper's CPU seconds and calls per cluster; the app has long been loaded."""
    deployment.ask("first")
    until(lambda: deployment.ready("first"))
    until(deployment.calm)
    names = [f"ours-{number}" for number in range(_OURS)]
    cpu, calls = _cpu_of_worker(deployment), _calls(deployment, APP)
    for name in names:
        deployment.ask(name)
    until(lambda: all(deployment.ready(name) for name in names))
    cpu, calls = _cpu_of_worker(deployment) - cpu, _calls(deployment, APP) - calls
    return cpu / _OURS, calls / _OURS


def _calls(deployment: Deployment, *callers: str, besides: tuple[str, ...] = ()) -> int:
    """How many requests these callers, or all but some, have sent to ARM."""
    listed = deployment.azure.control("GET", "/ledger")["value"]
    names = [each["caller_name"] for each in listed]
    return sum(name in callers if callers else name not in besides for name in names)


def _cpu_of_worker(deployment: Deployment) -> float:
    """User and system time, in seconds, of the one process the Functions host has started
    (proc(5), fields 14 and 15 of stat)."""
    lists = Path(f"/proc/{deployment.stack.host.pid}/task").glob("*/children")
    (worker,) = {pid for children in lists for pid in children.read_text().split()}
    fields = Path(f"/proc/{worker}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class _Az:
    """The CLI, signed in to the emulator with a folder of its own."""

    def __init__(self, program: str, folder: Path, deployment: Deployment) -> None:
        self._program = program
        self._deployment = deployment
        self._environment = _environment(deployment.stack.environment, folder)
        self._run("cloud", "register", "-n", "Emulated", "--endpoint-resource-manager",
                  self._environment["ARM_ENDPOINT"])  # fmt: skip
        self._run("cloud", "set", "-n", "Emulated")
        self._run("login", "--identity")

    def work(self) -> tuple[float, float]:
        """Its CPU seconds and calls per cluster, once it has done everything once."""
        self._make("az-first")
        cpu, calls = _cpu_of_children(), _calls(self._deployment, besides=(APP,))
        for number in range(_THEIRS):
            self._make(f"az-{number}")
        cpu, calls = _cpu_of_children() - cpu, _calls(self._deployment, besides=(APP,)) - calls
        return cpu / _THEIRS, calls / _THEIRS

    def _make(self, name: str) -> None:
        """A cluster, its two roles, and a few looks at each."""
        azure = self._deployment.azure
        self._run("aks", "create", "-g", GROUP, "-n", name, "--enable-managed-identity",
                  "--no-ssh-key", "--vnet-subnet-id", azure.subnet,
                  "--attach-acr", azure.registry, "--node-count", "1", "--yes")  # fmt: skip
        for _ in range(_LOOKS):
            for scope in (azure.subnet, azure.registry):
                found = self._run("role", "assignment", "list", "--scope", scope,
                                  "--fill-principal-name", "false")  # fmt: skip
                assert json.loads(found)

    def _run(self, *arguments: str) -> str:
        command = (self._program, *arguments)
        return subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=True
        ).stdout


def _environment(stack: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What az has to know: where Azure is, whom to trust, who it is."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    quiet = {"AZURE_CORE_COLLECT_TELEMETRY": "false", "AZURE_CORE_ONLY_SHOW_ERRORS": "true"}
    return {**inherited, **stack, **quiet, "AZURE_CONFIG_DIR": str(folder)}


def _cpu_of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
