"""Imports `function_app.py` and indexes its functions, failing where the real worker fails.

Any failure here costs the app *all* its functions, as in the real host: the worker answers the
metadata request with one error.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func

from .signatures import Parameters, check_signature
from .wire import FunctionMetadata

_SCRIPT_NAME = re.compile(r"^[a-zA-Z0-9_][a-zA-Z0-9_\-]*\.py$")
_INTERVALS = ("delay_interval", "minimum_interval", "maximum_interval")


@dataclass(frozen=True)
class IndexedFunction:
    """A function ready to run: its metadata for the host and the user's callable."""

    metadata: FunctionMetadata
    call: Callable[..., Any]
    parameters: Parameters

    @property
    def is_async(self) -> bool:
        """Whether it runs on the worker's event loop instead of in a thread."""
        return inspect.iscoroutinefunction(self.call)


def index_app(app_dir: Path, script: str) -> list[IndexedFunction]:
    """Import `script` from `app_dir` and index it.

    Raises whatever the import raises, and ValueError/TypeError for what indexing refuses.
    """
    if not _SCRIPT_NAME.match(script):
        raise ValueError(f"PYTHON_SCRIPT_FILE_NAME is not a valid Python file name: {script!r}")
    if not (app_dir / script).is_file():
        raise FileNotFoundError(f"{script} not found in {app_dir}")
    sys.path.insert(0, str(app_dir))  # the real worker too has the app folder first
    app = _app_object(importlib.import_module(Path(script).stem), script)
    # get_functions() works once per app object: a second call reports duplicate names.
    return [_index(function) for function in app.get_functions()]


def _app_object(module: ModuleType, script: str) -> Any:
    apps = [value for value in vars(module).values() if isinstance(value, func.FunctionRegister)]
    if not apps:
        raise ValueError(f"Could not find top level function app instances in {script}.")
    if len(apps) > 1:
        raise ValueError(
            "More than one FunctionApp or other top level function app instances are defined."
        )
    return apps[0]


def _index(function: Any) -> IndexedFunction:
    bindings = [json.loads(binding) for binding in function.get_raw_bindings()]
    name = function.get_function_name()
    call = function.get_user_function()
    retry = function.get_settings_dict("retry_policy")
    for interval in _INTERVALS:
        if retry and retry.get(interval):
            datetime.strptime(retry[interval], "%H:%M:%S")  # noqa: DTZ007 - a duration
    return IndexedFunction(
        FunctionMetadata(name, bindings, has_retry_policy=bool(retry)),
        call,
        check_signature(name, call, bindings),
    )
