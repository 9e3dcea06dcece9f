"""Reads host.json, with the overrides that app settings may give.

Defaults and limits: `QueuesOptions`, `ScriptJobHostOptionsSetup` of the real host; local
development shortens `maxPollingInterval` to 2 s (Core Tools).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from .log_levels import LogLevels
from .settings import SettingsError
from .timespan import parse_timespan

_OVERRIDE = "AzureFunctionsJobHost__"


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`. Times in seconds."""

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    visibility_timeout: float
    max_polling_interval: float
    base64: bool


@dataclass(frozen=True)
class HostJson:
    """What the host needs to know. `function_timeout` in seconds, None for no limit."""

    queues: QueueOptions
    function_timeout: float | None
    route_prefix: str
    has_extension_bundle: bool
    only_functions: frozenset[str] | None
    log_levels: LogLevels


def read_host_json(app_dir: Path, environment: Mapping[str, str]) -> HostJson:
    """The app's host.json (defaults when there is none).

    Raises SettingsError when the real host would not start.
    """
    document = _overridden(_load(app_dir / "host.json"), environment)
    if document.get("version") != "2.0":
        raise SettingsError('host.json must have "version": "2.0"')
    extensions = _section(document, "extensions")
    only = document.get("functions") or []
    if not isinstance(only, list):
        raise SettingsError("host.json: functions must be a list of names")
    route_prefix = _section(extensions, "http").get("routePrefix", "api")
    if not isinstance(route_prefix, str):
        raise SettingsError("host.json: routePrefix must be a text")
    return HostJson(
        queues=_queue_options(_section(extensions, "queues")),
        function_timeout=_function_timeout(document.get("functionTimeout")),
        route_prefix=route_prefix.strip("/"),
        has_extension_bundle=bool(_section(document, "extensionBundle").get("id")),
        only_functions=frozenset(only) if only else None,
        log_levels=_log_levels(_section(_section(document, "logging"), "logLevel")),
    )


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name) or {}
    if not isinstance(section, dict):
        raise SettingsError(f"host.json: {name} must be a JSON object")
    return section


def _log_levels(levels: Mapping[str, Any]) -> LogLevels:
    try:
        return LogLevels(levels)
    except ValueError as error:
        raise SettingsError(f"host.json: {error}") from error


def _load(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"version": "2.0"}
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise SettingsError(f"host.json is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError("host.json must be a JSON object")
    return document


def _overridden(document: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    for name, value in environment.items():
        if not name.startswith(_OVERRIDE):
            continue
        *sections, last = name.removeprefix(_OVERRIDE).split("__")
        target = document
        for section in sections:
            target = target.setdefault(_key(target, section), {})
        target[_key(target, last)] = value
    return document


def _key(section: Mapping[str, Any], name: str) -> str:
    """`name` as `section` spells it: configuration keys ignore case."""
    return next((key for key in section if key.lower() == name.lower()), name)


def _queue_options(queues: Mapping[str, Any]) -> QueueOptions:
    batch_size = _whole(queues, "batchSize", 16, 1, 32)
    threshold = (batch_size // 2) * (os.cpu_count() or 1)
    polling = _seconds(queues, "maxPollingInterval", 2.0)
    if polling < 0.1:
        raise SettingsError("host.json: maxPollingInterval must be at least 100 ms")
    encoding = str(queues.get("messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        raise SettingsError("host.json: messageEncoding must be base64 or none")
    return QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=_whole(queues, "newBatchThreshold", threshold, 0),
        max_dequeue_count=_whole(queues, "maxDequeueCount", 5, 1),
        visibility_timeout=_seconds(queues, "visibilityTimeout", 0.0),
        max_polling_interval=polling,
        base64=encoding == "base64",
    )


def _whole(
    section: Mapping[str, Any], name: str, default: int, least: int, most: int | None = None
) -> int:
    try:
        value = int(str(section.get(name, default)))  # settings that override it are texts
    except ValueError as error:
        raise SettingsError(f"host.json: {name} must be a whole number") from error
    if value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"{least} to {most}"
        raise SettingsError(f"host.json: {name} must be {limits}")
    return value


def _seconds(section: Mapping[str, Any], name: str, default: float) -> float:
    if name not in section:
        return default
    try:
        return parse_timespan(str(section[name])).total_seconds()
    except ValueError as error:
        raise SettingsError(f"host.json: {name}: {error}") from error


def _function_timeout(text: object) -> float | None:
    if text is None:
        return timedelta(minutes=30).total_seconds()
    if str(text) == "-1":
        return None
    seconds = _seconds({"functionTimeout": text}, "functionTimeout", 0)
    if seconds < 1:
        raise SettingsError("host.json: functionTimeout must be at least one second")
    return seconds
