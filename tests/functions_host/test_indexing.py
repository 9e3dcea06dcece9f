"""What costs an app all its functions, and what does not."""

import itertools
import sys
import textwrap
from pathlib import Path

import pytest

from infra.functions_host.app_index import index_app

_numbers = itertools.count()
_HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
_QUEUE = '@app.queue_trigger(arg_name="msg", queue_name="work", connection="")\n'


def index(folder: Path, code: str) -> list[str]:
    """The names of the functions that `code` has."""
    script = f"sample_app_{next(_numbers)}.py"
    (folder / script).write_text(textwrap.dedent(code), encoding="utf-8")
    return [function.metadata.name for function in index_app(folder, script)]


@pytest.fixture(autouse=True)
def _unchanged_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import no_such_module_here", "No module named"),
        ("def broken(:", "invalid syntax"),
        ("import os; os.environ['NOT_SET_ANYWHERE']", "NOT_SET_ANYWHERE"),
        ("x = 1", "Could not find top level function app instances"),
        (_HEAD + "application = app", "More than one FunctionApp"),
        (_HEAD + (_QUEUE + "def f(msg): ...\n") * 2, "unique function name"),
        (_HEAD + "@app.function_name('f')\ndef f(): ...", "does not have a trigger"),
        (_HEAD + _QUEUE + "def f(msg, other=1): ...", "declared in Python but not in function"),
        (_HEAD + _QUEUE + "def f(): ...", "declared in function.json but not in Python"),
        (_HEAD + _QUEUE + "def f(msg: func.EventGridEvent): ...", "do not match"),
        (_HEAD + _QUEUE + "def f(msg: int): ...", "do not match"),
        (_HEAD + _QUEUE + "def f(msg: 'NotDefined'): ...", "NotDefined"),
        (_HEAD + _QUEUE + "def f(msg: func.QueueMessage | None): ...", "issubclass"),
        (_HEAD + _QUEUE + "def f(msg: func.Out[str]): ...", "is an input binding"),
        (_HEAD + _QUEUE + "def f(msg, context: str): ...", "azure.functions.Context"),
        (
            _HEAD
            + '@app.queue_output(arg_name="out", queue_name="q", connection="")\n'
            + _QUEUE
            + "def f(msg, out: str): ...",
            "not a subclass of azure.functions.Out",
        ),
        (
            _HEAD
            + "@app.retry(strategy='fixed_delay', max_retry_count='3', delay_interval='5')\n"
            + _QUEUE
            + "def f(msg): ...",
            "does not match format",
        ),
        (_HEAD + "@app.route('x')\ndef f(req) -> int: ...", "return annotation"),
    ],
)
def test_one_fault_costs_the_whole_app(tmp_path: Path, code: str, error: str) -> None:
    with pytest.raises(Exception, match=error):
        index(tmp_path, code)


@pytest.mark.parametrize(
    "function",
    [
        "def f(msg): ...",
        "def f(msg: str): ...",
        "def f(msg: bytes): ...",
        "def f(msg: func.QueueMessage) -> None: ...",
        "def f(msg, context): ...",
        "def f(msg, context: func.Context): ...",
        "async def f(msg: func.QueueMessage): ...",
    ],
)
def test_ordinary_signatures_are_accepted(tmp_path: Path, function: str) -> None:
    assert index(tmp_path, _HEAD + _QUEUE + function) == ["f"]


def test_an_app_without_functions_is_no_fault(tmp_path: Path) -> None:
    assert index(tmp_path, _HEAD) == []


def test_functions_of_blueprints_count(tmp_path: Path) -> None:
    code = """
    import azure.functions as func
    blueprint = func.Blueprint()
    @blueprint.timer_trigger(arg_name="tick", schedule="0 * * * * *")
    def tock(tick: func.TimerRequest): ...
    app = func.FunctionApp()
    app.register_functions(blueprint)
    """
    assert index(tmp_path, code) == ["tock"]


@pytest.mark.parametrize("script", ["../function_app.py", "function_app.txt", ".py", "missing.py"])
def test_the_script_must_be_a_python_file_of_the_app(tmp_path: Path, script: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError)):
        index_app(tmp_path, script)
