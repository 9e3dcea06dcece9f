"""The queue trigger over real storage: what becomes of each message."""

import base64
import json
from collections.abc import Callable, Iterator

import pytest

from tests.functions_host.running_host import App, RunningHost, eventually, running

MakeApp = Callable[..., App]
pytestmark = pytest.mark.e2e

# One host serves most tests: every function has a queue of its own.
CODE = """
logging.error("at import")
met = __import__("asyncio").Event()

@app.queue_trigger(arg_name="msg", queue_name="%WORK_QUEUE%", connection="Work")
def work(msg: func.QueueMessage) -> None:
    saw(work=msg.get_body().decode(), id=msg.id, count=msg.dequeue_count,
        inserted=str(msg.insertion_time))

@app.queue_trigger(arg_name="msg", queue_name="failing", connection="Work")
def failing(msg: func.QueueMessage) -> None:
    saw(failing=msg.get_body().decode(), count=msg.dequeue_count)
    if msg.get_body() == b"fail":
        raise ValueError("failed as asked")

@app.queue_trigger(arg_name="msg", queue_name="meet", connection="Work")
async def meet(msg: func.QueueMessage, context: func.Context) -> None:
    if msg.get_body() == b"first":
        await met.wait()
    else:
        met.set()
    saw(meet=context.function_name,
        on_main_thread=threading.current_thread() is threading.main_thread())

@app.queue_trigger(arg_name="msg", queue_name="copy", connection="Work")
@app.queue_output(arg_name="out", queue_name="Copied", connection="Work")
def copy(msg: func.QueueMessage, out: func.Out[str]) -> None:
    out.set(msg.get_body().decode())
    if msg.get_body() == b"fail":
        raise ValueError("as asked")

@app.queue_trigger(arg_name="msg", queue_name="copied", connection="Work")
def copied(msg: func.QueueMessage) -> None:
    saw(copied=msg.get_body().decode())

@app.queue_trigger(arg_name="msg", queue_name="returning", connection="Work")
def returning(msg: func.QueueMessage):
    return "unasked"

@app.queue_trigger(arg_name="msg", queue_name="odd", connection="Work")
def odd(msg: func.QueueMessage) -> None:
    raise ValueError("odd " + chr(0xd800))

@app.queue_trigger(arg_name="msg", queue_name="late", connection="Work")
def late(msg: str) -> None:
    saw(late=msg)

@app.queue_trigger(arg_name="queue_msg", queue_name="refused", connection="Work")
def refused(queue_msg: func.QueueMessage) -> None:
    saw(refused=True)

@app.queue_trigger(arg_name="msg", queue_name="logging", connection="Work")
def logger(msg: func.QueueMessage, context) -> None:
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
QUEUES = ("queue-runs-work", "failing", "meet", "copy", "returning", "odd", "refused", "logging")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, azurite: str) -> App:
    made = App(tmp_path_factory.mktemp("queues"), CODE, azurite)
    made.settings["WORK_QUEUE"] = "Queue-Runs-Work"
    for name in QUEUES:
        made.make_queue(name)
    return made


@pytest.fixture(scope="module")
def host(app: App) -> Iterator[RunningHost]:
    with running(app) as started:
        yield started


def test_a_message_that_succeeds_is_gone(app: App, host: RunningHost) -> None:
    app.send("queue-runs-work", "hello")
    (entry,) = eventually(lambda: app.seen(work="hello"), "a run")
    eventually(lambda: app.count("queue-runs-work") == 0, "the message is deleted")
    assert entry["count"] == 1
    assert entry["inserted"].endswith("+00:00")
    host.logs("Executing 'Functions.work' (Reason='New queue message detected on ")
    host.logs("Executed 'Functions.work' (Succeeded")
    assert host.ready_line == f"ready {host.url}"


def test_a_failing_message_runs_five_times_and_goes_to_poison(app: App, host: RunningHost) -> None:
    app.send("failing", "fail")
    app.send("failing", "fine")
    (text,) = eventually(lambda: app.texts("failing-poison"), "a poison message")
    assert base64.b64decode(text) == b"fail"
    assert [entry["count"] for entry in app.seen(failing="fail")] == [1, 2, 3, 4, 5]
    eventually(lambda: app.count("failing") == 0, "the original is deleted")
    assert len(app.seen(failing="fine")) == 1
    host.logs("MaxDequeueCount of 5")
    host.logs("Exception: ValueError: failed as asked")


def test_text_that_is_not_base64_goes_to_poison_unseen_and_unchanged(
    app: App, host: RunningHost
) -> None:
    app.send("queue-runs-work", '{"plain": "json"}', raw=True)

    def poisoned() -> bool:
        return '{"plain": "json"}' in app.texts("queue-runs-work-poison")

    eventually(poisoned, "a poison message")
    assert app.seen(work='{"plain": "json"}') == []


def test_members_of_a_json_body_override_what_the_function_sees(
    app: App, host: RunningHost
) -> None:
    body = json.dumps({"id": "job-7"})
    app.send("queue-runs-work", body)
    (entry,) = eventually(lambda: app.seen(work=body), "a run")
    assert entry["id"] == "job-7"
    undecodable = json.dumps({"dequeueCount": "abc"})
    poison = base64.b64encode(undecodable.encode()).decode()
    app.send("queue-runs-work", undecodable)
    eventually(lambda: poison in app.texts("queue-runs-work-poison"), "it cannot be decoded")
    assert not app.seen(work=undecodable)
    host.logs("cannot convert value of field 'DequeueCount'")


@pytest.mark.parametrize("body", ["", r'{"id": "\ud800"}', "[" * 40_000, "\0", '{"id": "\\u0000"}'])
def test_odd_bodies_reach_the_function(app: App, host: RunningHost, body: str) -> None:
    app.send("queue-runs-work", body)
    eventually(lambda: app.seen(work=body), "a run")


def test_an_error_that_is_no_valid_text_still_fails_the_run(app: App, host: RunningHost) -> None:
    app.send("odd", "x")
    eventually(lambda: app.texts("odd-poison"), "the message is poison")
    host.logs("Exception: ValueError: odd \ufffd")


def test_async_functions_share_one_loop(app: App, host: RunningHost) -> None:
    app.send("meet", "first")
    app.send("meet", "second")
    eventually(lambda: len(app.seen(meet="meet", on_main_thread=True)) == 2, "both met")


def test_outputs_are_written_after_success_only(app: App, host: RunningHost) -> None:
    app.send("copy", "fail")
    eventually(lambda: app.texts("copy-poison"), "the failed message is poison")
    app.send("copy", '[1,{"a":2}]')

    def copies() -> list[str]:
        return sorted(entry["copied"] for entry in app.seen() if "copied" in entry)

    eventually(lambda: copies() == ["1", '{\n  "a": 2\n}'], "both outputs, and no others")


def test_a_returned_value_without_a_return_binding_fails_the_run(
    app: App, host: RunningHost
) -> None:
    app.send("returning", "x")
    eventually(lambda: app.texts("returning-poison"), "the message is poison")
    host.logs("without a $return binding returned a non-None value")


def test_a_queue_made_later_is_noticed(app: App, host: RunningHost) -> None:
    app.make_queue("late")
    app.send("late", "text")
    eventually(lambda: app.seen(late="text"), "a run with the raw text")


def test_a_refused_function_leaves_the_others_running(app: App, host: RunningHost) -> None:
    app.send("refused", "x")
    app.send("queue-runs-work", "beside a refused one")
    eventually(lambda: app.seen(work="beside a refused one"), "a run")
    status, body = host.call("/admin/functions/refused/status")
    assert (status, b"queue_msg is invalid" in body) == (200, True)
    assert app.count("refused") == 1
    assert not app.seen(refused=True)
    host.logs("refused: queueTrigger, refused: The binding name queue_msg is invalid")
    host.logs("work: queueTrigger on queue 'queue-runs-work'")


def test_only_lines_logged_inside_a_run_are_shown(app: App, host: RunningHost) -> None:
    app.send("logging", "x")
    host.logs("Executed 'Functions.logger' (Succeeded")
    assert "[Function.logger.User] inside" in host.log
    assert "[Function.logger.User] WARNING: marked" in host.log
    assert "unmarked" not in host.log
    assert "at import" not in host.log


def test_a_failing_message_comes_back_after_its_visibility_timeout(make_app: MakeApp) -> None:
    code = """
    @app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
    def work(msg: func.QueueMessage) -> None:
        saw(count=msg.dequeue_count)
        raise ValueError("as asked")
    """
    app = make_app(code, visibilityTimeout="00:00:01", maxDequeueCount=2)
    app.make_queue("work")
    app.send("work", "fail")
    with running(app) as host:
        # Its lease of ten minutes alone would bring it back too late.
        eventually(lambda: app.texts("work-poison"), "a poison message")
        assert [entry["count"] for entry in app.seen()] == [1, 2]
        host.logs("MaxDequeueCount of 2")
        assert host.stop() == 0


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
    began = ["began" in entry for entry in app.seen()]
    running_at = [sum(1 if b else -1 for b in began[: at + 1]) for at in range(len(began))]
    assert max(running_at) <= 3
    assert len(began) == 10
