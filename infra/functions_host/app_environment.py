"""The environment an app runs in: what the host adds to it, and what would break it in Azure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .settings import SettingsError

_DEFAULTS = {
    "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "FUNCTIONS_WORKER_RUNTIME_VERSION": "3.11",
    "PYTHON_THREADPOOL_THREAD_COUNT": "1000",
}
# Packages of the real worker, besides the standard library.
_WORKER_PACKAGES = frozenset({"azure", "azure_functions_worker", "google", "grpc"})


def worker_environment(environment: Mapping[str, str], app_dir: Path) -> dict[str, str]:
    """`environment` with what the real host adds for a Python worker."""
    folders = {
        "AzureWebJobsScriptRoot": str(app_dir),
        "FUNCTIONS_APPLICATION_DIRECTORY": str(app_dir),
        "FUNCTIONS_WORKER_DIRECTORY": str(Path(__file__).parent),
    }
    return {**_DEFAULTS, **environment, **folders}


def time_zone(environment: Mapping[str, str]) -> tzinfo:
    """The zone of timer schedules. Raises SettingsError for one that is not known."""
    name = environment.get("WEBSITE_TIME_ZONE") or environment.get("TZ")
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"WEBSITE_TIME_ZONE or TZ names no time zone: {name!r}") from error


def shadowed_modules(app_dir: Path) -> list[str]:
    """Modules in the app folder that hide one the real worker needs.

    In Azure the app folder is first on sys.path, before the worker and the standard library: a
    `queue.py` there keeps the worker from starting.
    """
    modules = {path.stem for path in app_dir.glob("*.py")}
    packages = {path.parent.name for path in app_dir.glob("*/__init__.py")}
    return sorted((modules | packages) & (sys.stdlib_module_names | _WORKER_PACKAGES))
