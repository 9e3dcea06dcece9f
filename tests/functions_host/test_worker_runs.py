"""What becomes of messages when the worker or the host dies, and of a function that hangs."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.functions_host import job_host
from tests.functions_host.running_host import App, eventually, running

MakeApp = Callable[..., App]
pytestmark = pytest.mark.e2e

WAITING = """
@app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
def work(msg: func.QueueMessage) -> None:
    saw(body=msg.get_body().decode(), count=msg.dequeue_count)
    wait_for("gate")
    saw(ended=msg.get_body().decode())
"""


def gone(pid: int) -> bool:
    """Whether the process has ended (or only waits to be collected)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_worker_is_replaced_and_its_message_runs_again(make_app: MakeApp) -> None:
    app = make_app(WAITING)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "x")
        (first,) = eventually(app.seen, "a run")
        app.let("gate")
        os.kill(first["pid"], signal.SIGKILL)
        (ended,) = eventually(lambda: app.seen(ended="x"), "a second run ends")
        assert [entry["count"] for entry in app.seen(body="x")] == [1, 2]
        assert ended["pid"] != first["pid"]
        host.logs("Language Worker Process exited.")
        host.logs("python exited with code -9")


def test_a_worker_that_exits_with_status_0_is_not_replaced(make_app: MakeApp) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    def work(msg: func.QueueMessage) -> None:
        saw(count=msg.dequeue_count)
        sys.exit(0)
    """
    app = make_app(code)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "x")
        host.logs("status=0")
        # The run is never reported as ended: the message stays hidden.
        assert app.texts("work") == []
        assert "Executed 'Functions.work'" not in host.log
        host.process.kill()
        host.wait()
    assert len(app.seen()) == 1


def test_after_a_crash_of_the_host_a_message_waits_for_its_lease(make_app: MakeApp) -> None:
    app = make_app(WAITING)
    app.make_queue("work")
    with running(app, "--lease", "5") as host:
        app.send("work", "x")
        (first,) = eventually(app.seen, "a run")
        host.process.kill()
        host.wait()
        assert (app.texts("work"), app.count("work")) == ([], 1)
        eventually(lambda: gone(first["pid"]), "the worker ends with its host")
    app.let("gate")
    with running(app, "--lease", "5"):
        eventually(lambda: app.seen(ended="x"), "the message runs again")
    assert [entry["count"] for entry in app.seen(body="x")] == [1, 2]


def test_a_lease_is_renewed_while_the_function_runs(make_app: MakeApp) -> None:
    app = make_app(
        WAITING
        + """
@app.timer_trigger(arg_name="tick", schedule="*/1 * * * * *")
def tock(tick: func.TimerRequest) -> None:
    saw(tock=True)
"""
    )
    app.make_queue("work")
    with running(app, "--lease", "5"):
        app.send("work", "x")
        eventually(lambda: app.seen(body="x"), "a run")
        before = len(app.seen(tock=True))
        eventually(lambda: len(app.seen(tock=True)) > before + 6, "more seconds than a lease")
        app.let("gate")
        eventually(lambda: app.count("work") == 0, "the message is deleted")
    assert [entry["count"] for entry in app.seen(body="x")] == [1]


def test_a_function_that_exceeds_its_time_costs_the_worker(make_app: MakeApp) -> None:
    app = make_app(WAITING, maxDequeueCount=1)
    app.host_json["functionTimeout"] = "00:00:02"
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "x")
        eventually(lambda: app.texts("work-poison"), "the message is poison")
        (first,) = app.seen(body="x")
        host.logs("Timeout value of 00:00:02 exceeded by function 'Functions.work'")
        eventually(lambda: gone(first["pid"]), "the worker is killed")
        app.let("gate")
        app.send("work", "y")
        (second,) = eventually(lambda: app.seen(ended="y"), "a new worker runs functions")
        assert second["pid"] != first["pid"]


def test_a_blocking_async_function_does_not_keep_an_orphan_alive(make_app: MakeApp) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    async def work(msg: func.QueueMessage) -> None:
        saw(body="x")
        wait_for("never")
    """
    app = make_app(code)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "x")
        (entry,) = eventually(app.seen, "a run")
        host.process.kill()
        host.wait()
        eventually(lambda: gone(entry["pid"]), "the worker ends with its host")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_waits_for_running_functions(
    make_app: MakeApp, number: signal.Signals
) -> None:
    app = make_app(WAITING)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "x")
        (entry,) = eventually(app.seen, "a run")
        host.process.send_signal(number)
        app.send("work", "after the signal")
        app.let("gate")
        assert host.wait() == 0
        assert gone(entry["pid"])
    assert len(app.seen(ended="x")) == 1
    # Whether the second one was still taken depends on the moment; nothing is lost either way.
    assert app.count("work") + len(app.seen(ended="after the signal")) == 1


def test_stopping_does_not_wait_for_ever_and_leaves_a_message_in_work_hidden(
    make_app: MakeApp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app(WAITING)
    app.make_queue("work")
    app.write()
    monkeypatch.setattr(job_host, "_PATIENCE", 0.5)

    async def start_and_stop() -> None:
        environment = {"PATH": os.environ["PATH"], **app.settings}
        job = job_host.JobHost(job_host.HostOptions(app.folder, tmp_path, 600), environment)
        await job.start()
        await asyncio.to_thread(eventually, app.seen, "a run")
        await job.stop()

    app.send("work", "x")
    asyncio.run(start_and_stop())
    (entry,) = app.seen()
    assert gone(entry["pid"])
    assert "1 invocations did not end within" in caplog.text
    assert app.texts("work") == []
    assert app.count("work") == 1


def test_an_app_that_cannot_be_indexed_has_no_functions(make_app: MakeApp) -> None:
    app = make_app(WAITING + "\nimport no_such_module_here\n")
    app.make_queue("work")
    with running(app) as host:
        host.logs("No module named 'no_such_module_here'")
        assert host.call("/admin/functions") == (200, b"[]")
        status, body = host.call("/admin/host/status")
        assert status == 200
        assert b"no_such_module_here" in body


def test_a_storage_account_that_refuses_makes_the_host_start_anew(make_app: MakeApp) -> None:
    app = make_app(WAITING)
    wrong = ";".join(
        "AccountKey=d3Jvbmc=" if part.startswith("AccountKey") else part
        for part in app.storage.split(";")
    )
    app.settings["Work"] = wrong
    with running(app) as host:
        host.logs("An unhandled exception has occurred. Host is shutting down.")
        host.logs("The job host starts anew in 2 s.")
        assert host.stop() == 0
        assert "d3Jvbmc=" not in host.log
