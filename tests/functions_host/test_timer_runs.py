"""Timers of a running host."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.functions_host.running_host import App, eventually, running

MakeApp = Callable[..., App]
pytestmark = pytest.mark.e2e

YEARLY = """
@app.timer_trigger(arg_name="tick", schedule="0 0 0 1 1 *")
def yearly(tick: func.TimerRequest) -> None:
    saw(past_due=tick.past_due, status=tick.schedule_status)
"""


def test_a_missed_timer_run_is_made_up_once_at_the_start(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(YEARLY)
    status = tmp_path / "state" / "timers" / "yearly.json"
    status.parent.mkdir(parents=True)
    missed = {"Last": "2020-01-01T00:00:00+00:00", "Next": "2021-01-01T00:00:00+00:00"}
    status.write_text(json.dumps(missed | {"LastUpdated": "2020-01-01T00:00:00+00:00"}))
    with running(app):
        (entry,) = eventually(lambda: app.seen(past_due=True), "a late run")
        assert entry["status"]["Next"] == missed["Next"]
    with running(app) as host:
        host.logs("The next occurrence of 'Functions.yearly'")
    assert len(app.seen()) == 1


def test_a_timer_runs_again_and_again_and_at_startup_when_asked(make_app: MakeApp) -> None:
    code = """
    @app.timer_trigger(arg_name="tick", schedule="*/1 * * * * *")
    def tock(tick: func.TimerRequest) -> None:
        saw(tock=tick.past_due)

    @app.timer_trigger(arg_name="tick", schedule="0 0 0 1 1 *", run_on_startup=True)
    def startup(tick: func.TimerRequest) -> None:
        saw(startup=tick.past_due)
    """
    app = make_app(code)
    with running(app):
        eventually(lambda: len(app.seen(tock=False)) >= 2, "two runs")
        eventually(lambda: len(app.seen(startup=False)) == 1, "one run at startup")
