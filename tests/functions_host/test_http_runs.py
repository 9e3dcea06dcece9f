"""The HTTP side of a running host: Event Grid, functions, admin, keys."""

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functions_host.running_host import DEADLINE, App, RunningHost, eventually, running

MakeApp = Callable[..., App]
pytestmark = pytest.mark.e2e

CODE = """
@app.event_grid_trigger(arg_name="event")
def changed(event: func.EventGridEvent) -> None:
    saw(event=event.id, kind=type(event).__name__, subject=event.subject, data=event.get_json())
    if event.subject == "bad":
        raise ValueError("bad event")

@app.queue_trigger(arg_name="msg", queue_name="work", connection="Work")
def work(msg: func.QueueMessage) -> None:
    saw(work=msg.get_body().decode(), id=msg.id, count=msg.dequeue_count)
    if msg.get_body() == b"wait":
        wait_for("gate")

@app.timer_trigger(arg_name="tick", schedule="0 0 0 1 1 *")
def yearly(tick: func.TimerRequest) -> None:
    saw(past_due=tick.past_due, status=tick.schedule_status)

@app.route("echo/{name}", methods=["GET", "POST"])
def echo(req: func.HttpRequest) -> func.HttpResponse:
    reply = {"name": req.route_params["name"], "query": dict(req.params),
             "header": req.headers.get("x-one"), "body": req.get_body().decode()}
    headers = {"X-Two": "2"}
    return func.HttpResponse(json.dumps(reply), status_code=201, headers=headers)

@app.route("broken")
def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("as asked")

@app.route("text")
def text(req: func.HttpRequest) -> str:
    return '{"status": 418, "headers": {"x-three": "3"}, "body": "short and stout"}'

@app.route("unfit")
def unfit(req: func.HttpRequest) -> str:
    return '{"status": "teapot", "body": ""}'

@app.route("secret", auth_level=func.AuthLevel.FUNCTION)
def secret(req: func.HttpRequest) -> str:
    return "open"

@app.route("speak")
def speak(req: func.HttpRequest) -> str:
    logging.info("quiet")
    logging.warning("loud")
    return "spoken"
"""
HOOK = "/runtime/webhooks/eventgrid"


def event(subject: str = "s", **changes: Any) -> dict[str, Any]:
    moment = "2026-01-25T22:12:19.4556811Z"
    made = {"id": "e1", "topic": "t", "subject": subject, "eventType": "x", "eventTime": moment}
    return made | {"dataVersion": "2", "metadataVersion": "1", "data": {"a": 1}} | changes


def deliver(
    host: RunningHost, document: Any, kind: str = "Notification", function: str = "changed"
) -> tuple[int, bytes]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return host.call(f"{HOOK}?functionName={function}", body, aeg_event_type=kind)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, azurite: str) -> App:
    made = App(tmp_path_factory.mktemp("http"), CODE, azurite)
    made.host_json["logging"] = {"logLevel": {"Function.speak": "Warning"}}
    return made


@pytest.fixture(scope="module")
def host(app: App) -> Any:
    with running(app) as started:
        yield started


def test_the_handshake_is_answered_without_a_run(app: App, host: RunningHost) -> None:
    before = len(app.seen())
    data = {"validationCode": "512d38b6", "validationUrl": "https://example.invalid"}
    status, body = deliver(host, [event(data=data)], "SubscriptionValidation")
    assert (status, json.loads(body)) == (200, {"validationResponse": "512d38b6"})
    nested = event(data=json.dumps(data))
    assert deliver(host, nested, "subscriptionvalidation")[0] == 200
    assert len(app.seen()) == before


def test_202_means_that_every_event_has_run(app: App, host: RunningHost) -> None:
    assert deliver(host, [event(id="a1"), event(id="a2")]) == (202, b"")
    assert len(app.seen(event="a1", kind="EventGridEvent", data={"a": 1})) == 1
    assert len(app.seen(event="a2")) == 1
    assert deliver(host, event(id="a3")) == (202, b"")
    assert len(app.seen(event="a3")) == 1


def test_one_failing_event_fails_the_request_after_all_have_run(
    app: App, host: RunningHost
) -> None:
    status, body = deliver(host, [event("bad", id="b1"), event(id="b2")])
    assert (status, body) == (500, b"ValueError: bad event")
    assert len(app.seen(event="b1")) == len(app.seen(event="b2")) == 1


def test_a_cloud_event_arrives_as_one(app: App, host: RunningHost) -> None:
    cloud = {"specversion": "1.0", "id": "c1", "source": "s", "type": "t", "subject": "x"}
    assert deliver(host, cloud | {"time": "2026-01-25T22:12:19Z", "data": {}})[0] == 202
    assert len(app.seen(event="c1", kind="CloudEvent")) == 1


def test_an_event_with_half_a_character_is_delivered(app: App, host: RunningHost) -> None:
    assert deliver(host, json.dumps(event(chr(0xD800), id="u1")).encode())[0] == 202
    assert len(app.seen(event="u1", subject="\ufffd")) == 1


def test_an_event_time_that_is_not_utc_fails(host: RunningHost) -> None:
    assert deliver(host, event(eventTime="2026-01-25T22:12:19+02:00"))[0] == 500


@pytest.mark.parametrize(
    ("document", "kind", "function", "status"),
    [
        (event(), "Notification", "Changed", 404),
        (event(), "Notification", "work", 404),
        (event(), "Notification", "", 404),
        (event(), "Something", "changed", 400),
        (event(), "", "changed", 400),
        (event(), "Unsubscribe", "changed", 202),
        (b"not json", "Notification", "changed", 500),
        (b"[" * 50_000, "Notification", "changed", 500),
        (b"5", "Notification", "changed", 500),
        ([], "SubscriptionValidation", "changed", 500),
    ],
)
def test_other_requests_get_the_status_event_grid_acts_on(
    app: App, host: RunningHost, document: Any, kind: str, function: str, status: int
) -> None:
    before = len(app.seen())
    assert deliver(host, document, kind, function)[0] == status
    assert len(app.seen()) == before


def test_an_http_function_gets_the_request_and_gives_the_reply(host: RunningHost) -> None:
    status, body = host.call("/api/echo/ann?q=1&r=", b"content", x_one="1")
    assert status == 201
    expected = {"name": "ann", "query": {"q": "1", "r": ""}, "header": "1", "body": "content"}
    assert json.loads(body) == expected


@pytest.mark.parametrize(
    ("path", "method", "reply"),
    [
        ("/api/broken", "GET", (500, b"")),
        ("/api/text", "GET", (418, b"short and stout")),
        ("/api/unfit", "GET", (500, b"")),
        ("/api/none", "GET", (404, b"")),
        ("/api/echo/ann", "DELETE", (404, b"")),
        ("/admin/host/ping", "GET", (200, b"")),
        ("/admin/functions/none", "GET", (404, b"")),
        ("/admin/functions/none", "POST", (404, b"")),
        ("/admin/functions/changed/status", "GET", (200, b"{}")),
        ("/api/secret", "GET", (200, b"open")),
    ],
)
def test_each_path_has_its_reply(
    host: RunningHost, path: str, method: str, reply: tuple[int, bytes]
) -> None:
    assert host.call(path, method=method) == reply


def test_a_queue_function_runs_by_hand_without_a_message(app: App, host: RunningHost) -> None:
    body = json.dumps({"input": "by hand"}).encode()
    assert host.call("/admin/functions/work", body)[0] == 202
    (entry,) = eventually(lambda: app.seen(work="by hand"), "a run")
    assert (entry["id"], entry["count"]) == (None, 0)


def test_timers_and_event_functions_run_by_hand(app: App, host: RunningHost) -> None:
    assert host.call("/admin/functions/yearly", b'{"input": ""}')[0] == 202
    eventually(lambda: app.seen(past_due=False, status={}), "a run of the timer")
    by_hand = json.dumps({"input": json.dumps(event(id="h1"))}).encode()
    assert host.call("/admin/functions/changed", by_hand)[0] == 202
    eventually(lambda: app.seen(event="h1"), "a run for the event")
    assert host.call("/admin/functions/changed", b'{"input": "no json"}')[0] == 400
    assert host.call("/admin/functions/changed", b"null")[0] == 400


def test_keys_are_asked_for_only_with_enable_auth(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(CODE)
    with running(app, "--enable-auth") as host:
        keys = json.loads((tmp_path / "state" / "keys.json").read_text())
        hook = f"{HOOK}?functionName=changed&code="
        body = json.dumps([event()]).encode()

        def hooked(key: str) -> int:
            return host.call(hook + key, body, aeg_event_type="Notification")[0]

        assert hooked("") == hooked("wrong") == hooked("%C3%A9") == 401
        assert hooked(keys["functionKey"]) == 403
        assert hooked(keys["eventgrid_extension"]) == hooked(keys["masterKey"]) == 202
        assert host.call("/api/text")[0] == 418
        assert host.call("/api/secret")[0] == 401
        assert host.call("/api/secret", x_functions_key=keys["functionKey"]) == (200, b"open")
        assert host.call("/admin/host/status", x_functions_key=keys["functionKey"])[0] == 401
        assert host.call("/admin/host/status", x_functions_key=keys["masterKey"])[0] == 200
        assert host.call("/admin/host/ping")[0] == 200


def test_draining_stops_polling_until_resumed(make_app: MakeApp) -> None:
    app = make_app(CODE)
    app.make_queue("work")
    with running(app) as host:

        def drain_state() -> str:
            state = json.loads(host.call("/admin/host/drain/status")[1])["state"]
            assert isinstance(state, str)
            return state

        assert drain_state() == "Disabled"
        app.send("work", "wait")
        eventually(lambda: app.seen(work="wait"), "a run")
        assert host.call("/admin/host/drain", method="POST")[0] == 202
        assert drain_state() == "InProgress"
        app.let("gate")
        eventually(lambda: drain_state() == "Completed", "the run ended")
        app.send("work", "later")
        assert host.call("/admin/host/resume", method="POST")[0] == 200
        eventually(lambda: app.seen(work="later"), "polling again")


def test_a_restart_imports_the_app_again(make_app: MakeApp) -> None:
    app = make_app("saw(imported=True)\n" + CODE)
    with running(app) as host:
        assert host.call("/admin/host/restart", method="POST")[0] == 200
        eventually(lambda: len(app.seen(imported=True)) == 2, "a second import")
        assert deliver(host, event(id="r1"))[0] == 202
        assert host.stop() == 0


def test_a_chunked_body_reaches_event_grid_functions_but_not_http_ones(
    app: App, host: RunningHost
) -> None:
    def post(path: str, body: bytes) -> tuple[int, bytes]:
        address = host.url.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=DEADLINE)
        headers = {"aeg-event-type": "Notification"}
        connection.request("POST", path, iter([body[:5], body[5:]]), headers, encode_chunked=True)
        with connection.getresponse() as reply:
            answer = reply.status, reply.read()
        connection.close()
        return answer

    assert post(f"{HOOK}?functionName=changed", json.dumps(event(id="k1")).encode())[0] == 202
    assert len(app.seen(event="k1")) == 1
    assert json.loads(post("/api/echo/ann", b"content")[1])["body"] == ""


def test_a_function_may_log_less_than_info(host: RunningHost) -> None:
    assert host.call("/api/speak") == (200, b"spoken")
    host.logs("WARNING: loud")
    assert "quiet" not in host.log
