"""How often a worker that keeps crashing is replaced."""

import asyncio
import os
from pathlib import Path

import pytest

from infra.functions_host import worker_supervisor
from infra.functions_host.wire import Indexed, Invoke, LogRecord, Outcome, Text
from infra.functions_host.worker_supervisor import WorkerSupervisor
from tests.functions_host.running_host import DEADLINE

CODE = """
import os
import azure.functions as func
app = func.FunctionApp()
@app.queue_trigger(arg_name="msg", queue_name="work", connection="")
def work(msg: str) -> None:
    os._exit(int(msg))
"""


async def crash_three_times(app_dir: Path, status: int) -> tuple[Indexed, list[Outcome], bool]:
    """What was indexed, how the runs ended, and whether the supervisor gave up."""
    gave_up = asyncio.Event()
    logged: list[LogRecord] = []
    environment = {"PATH": os.environ["PATH"]}
    supervisor = WorkerSupervisor(app_dir, environment, None, logged.append, gave_up)
    try:
        async with asyncio.timeout(DEADLINE):
            indexed = await supervisor.start()
            request = Text(str(status))
            outcomes = [
                await supervisor.invoke(Invoke(f"run-{number}", "work", request, {}, "00-0-0-00"))
                for number in range(3)
            ]
    finally:
        await supervisor.stop()
    return indexed, outcomes, gave_up.is_set()


@pytest.mark.e2e
@pytest.mark.parametrize(("status", "gives_up"), [(1, True), (200, False)])
def test_the_third_error_recycles_the_host_but_a_quiet_restart_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, gives_up: bool
) -> None:
    monkeypatch.setattr(worker_supervisor, "_BETWEEN_RESTARTS", 0.0)
    (tmp_path / "function_app.py").write_text(CODE)
    indexed, outcomes, gave_up = asyncio.run(crash_three_times(tmp_path, status))
    assert [function.name for function in indexed.functions] == ["work"]
    assert {outcome.error for outcome in outcomes} == {
        f"WorkerProcessExitException: python exited with code {status}"
    }
    assert gave_up is gives_up
