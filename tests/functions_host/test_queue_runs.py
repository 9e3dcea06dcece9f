"""The queue trigger over real storage: what becomes of each message."""

import base64
import json
from collections.abc import Callable

import pytest

from tests.functions_host.running_host import App, eventually, running

MakeApp = Callable[..., App]
pytestmark = pytest.mark.e2e

SEEING = """
@app.queue_trigger(arg_name="msg", queue_name="%WORK_QUEUE%", connection="Work")
def work(msg: func.QueueMessage) -> None:
    body = msg.get_body().decode()
    saw(body=body, id=msg.id, count=msg.dequeue_count, inserted=str(msg.inserted_on)
        if hasattr(msg, "inserted_on") else str(msg.insertion_time))
    if body == "fail":
        raise ValueError("as asked")
"""


def test_a_message_that_succeeds_is_gone(make_app: MakeApp) -> None:
    app = make_app(SEEING)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "hello")
        (entry,) = eventually(app.seen, "a run")
        eventually(lambda: app.count("work") == 0, "the message is deleted")
        assert entry["count"] == 1
        assert entry["inserted"].endswith("+00:00")
        host.logs("Executing 'Functions.work' (Reason='New queue message detected on 'work'.'")
        host.logs("Executed 'Functions.work' (Succeeded")
        assert host.ready_line == f"ready {host.url}"
        assert host.stop() == 0


def test_a_failing_message_runs_five_times_and_goes_to_poison(make_app: MakeApp) -> None:
    app = make_app(SEEING, visibilityTimeout="00:00:01")
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "fail")
        app.send("work", "fine")
        (text,) = eventually(lambda: app.texts("work-poison"), "a poison message")
        assert base64.b64decode(text) == b"fail"
        assert [entry["count"] for entry in app.seen(body="fail")] == [1, 2, 3, 4, 5]
        assert len(app.seen(body="fine")) == 1
        eventually(lambda: app.count("work") == 0, "the original is deleted")
        host.logs("MaxDequeueCount of 5")
        host.logs("Exception: ValueError: as asked")


def test_text_that_is_not_base64_goes_to_poison_unseen_and_unchanged(make_app: MakeApp) -> None:
    app = make_app(SEEING)
    app.make_queue("work")
    with running(app):
        app.send("work", '{"plain": "json"}', raw=True)
        texts = eventually(lambda: app.texts("work-poison"), "a poison message")
        assert texts == ['{"plain": "json"}']
        assert app.seen() == []


def test_members_of_a_json_body_override_what_the_function_sees(make_app: MakeApp) -> None:
    app = make_app(SEEING, maxDequeueCount=2)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", json.dumps({"id": "job-7"}))
        (entry,) = eventually(app.seen, "a run")
        assert entry["id"] == "job-7"
        app.send("work", json.dumps({"dequeueCount": "abc"}))
        eventually(lambda: app.texts("work-poison"), "a body that cannot be decoded is poison")
        assert len(app.seen()) == 1
        host.logs("cannot convert value of field 'DequeueCount'")


def test_functions_run_side_by_side_up_to_the_limit(make_app: MakeApp) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    def work(msg: func.QueueMessage) -> None:
        saw(began=msg.get_body().decode())
        wait_for("gate")
        saw(ended=msg.get_body().decode())
    """
    app = make_app(code, batchSize=2, newBatchThreshold=1)
    app.make_queue("work")
    for number in range(5):
        app.send("work", str(number))
    with running(app):
        # Two are taken; that is above the threshold of one, so no more are taken.
        eventually(lambda: len(app.seen()) == 2, "two runs at once")
        app.let("gate")
        eventually(lambda: app.count("work") == 0, "all are done")
    began = [("began" in entry) for entry in app.seen()]
    running_at = [sum(1 if b else -1 for b in began[: at + 1]) for at in range(len(began))]
    assert max(running_at) <= 3
    assert len(began) == 10


def test_async_functions_share_one_loop(make_app: MakeApp) -> None:
    code = """
    import asyncio
    met = asyncio.Event()
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    async def work(msg: func.QueueMessage, context: func.Context) -> None:
        if msg.get_body() == b"first":
            await met.wait()
        else:
            met.set()
        saw(body=msg.get_body().decode(), name=context.function_name,
            thread=threading.current_thread() is threading.main_thread())
    """
    app = make_app(code)
    app.make_queue("work")
    with running(app):
        app.send("work", "first")
        app.send("work", "second")
        eventually(lambda: len(app.seen(thread=True, name="work")) == 2, "both met")


def test_outputs_are_written_after_success_only(make_app: MakeApp) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    @app.queue_output(arg_name="out", queue_name="Done", connection="Work")
    def work(msg: func.QueueMessage, out: func.Out[str]) -> None:
        out.set(msg.get_body().decode())
        if msg.get_body() == b"fail":
            raise ValueError("as asked")

    @app.queue_trigger(arg_name="msg", queue_name="done", connection="Work")
    def done(msg: func.QueueMessage) -> None:
        saw(done=msg.get_body().decode())
    """
    app = make_app(code, maxDequeueCount=1)
    app.make_queue("work")
    with running(app):
        app.send("work", "fail")
        eventually(lambda: app.texts("work-poison"), "the failed message is poison")
        app.send("work", '[1,{"a":2}]')
        eventually(lambda: len(app.seen()) == 2, "both outputs arrived")
    assert sorted(entry["done"] for entry in app.seen()) == ["1", '{\n  "a": 2\n}']


def test_a_returned_value_without_a_return_binding_fails_the_run(make_app: MakeApp) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    def work(msg: func.QueueMessage):
        return "unasked"
    """
    app = make_app(code, maxDequeueCount=1)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "x")
        eventually(lambda: app.texts("work-poison"), "the message is poison")
        host.logs("without a $return binding returned a non-None value")


def test_a_queue_made_later_is_noticed(make_app: MakeApp) -> None:
    app = make_app(SEEING)
    with running(app):
        app.make_queue("work")
        app.send("work", "late")
        eventually(app.seen, "a run")


def test_a_refused_function_leaves_the_others_running(make_app: MakeApp) -> None:
    code = """
    @app.queue_trigger(arg_name="queue_msg", queue_name="other", connection="Work")
    def refused(queue_msg: func.QueueMessage) -> None:
        saw(refused=True)
    """
    app = make_app(SEEING + "\n" + "\n".join(line[4:] for line in code.splitlines()))
    app.make_queue("work")
    app.make_queue("other")
    with running(app) as host:
        app.send("other", "x")
        app.send("work", "x")
        eventually(app.seen, "a run")
        status, body = host.call("/admin/functions/refused/status")
        assert (status, b"queue_msg is invalid" in body) == (200, True)
        assert app.count("other") == 1
        assert not app.seen(refused=True)


def test_only_lines_logged_inside_a_run_are_shown(make_app: MakeApp) -> None:
    code = """
    logging.error("at import")
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    def work(msg: func.QueueMessage, context) -> None:
        logging.info("inside")
        def elsewhere(mark):
            if mark:
                context.thread_local_storage.invocation_id = context.invocation_id
            logging.warning("marked" if mark else "unmarked")
        for mark in (False, True):
            thread = threading.Thread(target=elsewhere, args=(mark,))
            thread.start()
            thread.join()
    """
    app = make_app(code)
    app.make_queue("work")
    with running(app) as host:
        app.send("work", "x")
        host.logs("Executed 'Functions.work' (Succeeded")
        assert "[Function.work.User] inside" in host.log
        assert "[Function.work.User] WARNING: marked" in host.log
        assert "unmarked" not in host.log
        assert "at import" not in host.log
