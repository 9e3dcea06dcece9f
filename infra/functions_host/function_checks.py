"""The host's own checks of each function: a refused function does not run, the others do.

Sources: `WorkerFunctionMetadataProvider`, `Utility`, `ScriptHost.ValidateFunction` (host).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .connections import Accounts
from .host_json import HostJson
from .ncrontab import parse_schedule
from .route import route_pattern
from .settings import SettingsError, look_up, resolve
from .wire import FunctionMetadata

QUEUE, EVENT_GRID, TIMER, HTTP = "queueTrigger", "eventGridTrigger", "timerTrigger", "httpTrigger"
_BUNDLED = frozenset({QUEUE, EVENT_GRID, "queue"})
_BUILT_IN = frozenset({TIMER, HTTP, "http"})
_FUNCTION_NAME = re.compile(r"^[a-z][a-z0-9_\-]{0,127}$", re.IGNORECASE)
_BINDING_NAME = re.compile(r"^([a-zA-Z][a-zA-Z0-9]{0,127}|\$return)$")
_QUEUE_NAME = re.compile(r"^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")
_RESOLVED = ("queueName", "connection", "schedule", "route")


@dataclass(frozen=True)
class HostFunction:
    """A function as the host sees it: bindings with settings resolved, and its errors."""

    name: str
    trigger: Mapping[str, Any]
    outputs: Sequence[Mapping[str, Any]]
    disabled: bool = False
    errors: Sequence[str] = field(default=())

    @property
    def kind(self) -> str:
        """The trigger's type, e.g. `queueTrigger`; empty when there is none."""
        return str(self.trigger.get("type", ""))

    @property
    def methods(self) -> frozenset[str]:
        """Upper-case methods of an HTTP trigger; empty means all."""
        return frozenset(str(method).upper() for method in self.trigger.get("methods") or ())

    @property
    def route(self) -> str:
        """The route of an HTTP trigger without the prefix; by default the name."""
        return str(self.trigger.get("route") or self.name).strip("/")


def check_functions(
    functions: Iterable[FunctionMetadata],
    host: HostJson,
    environment: Mapping[str, str],
    accounts: Accounts,
) -> list[HostFunction]:
    """Every function of the app, each with what the host refuses about it."""
    checked: list[HostFunction] = []
    for metadata in functions:
        function = _check(metadata, host, environment, accounts)
        clash = _route_clash(function, checked)
        checked.append(_with_error(function, clash) if clash else function)
    return checked


def _with_error(function: HostFunction, error: str) -> HostFunction:
    return HostFunction(
        function.name,
        function.trigger,
        function.outputs,
        function.disabled,
        (*function.errors, error),
    )


def _check(
    metadata: FunctionMetadata,
    host: HostJson,
    environment: Mapping[str, str],
    accounts: Accounts,
) -> HostFunction:
    errors = _name_errors(metadata)
    bindings = []
    for binding in metadata.bindings:
        try:
            resolved = _resolve(binding, environment)
            _check_binding(resolved, host, accounts)
        except (SettingsError, ValueError) as error:
            errors.append(str(error))
            resolved = dict(binding)
        bindings.append(resolved)
    triggers = [binding for binding in bindings if _is_trigger(binding)]
    if len(triggers) != 1:
        errors.append(f"The function has {len(triggers)} triggers, it must have exactly one.")
    return HostFunction(
        metadata.name,
        triggers[0] if triggers else {},
        [binding for binding in bindings if not _is_trigger(binding)],
        _is_disabled(metadata.name, host, environment),
        tuple(errors),
    )


def _is_trigger(binding: Mapping[str, Any]) -> bool:
    return str(binding["type"]).lower().endswith("trigger")


def _name_errors(metadata: FunctionMetadata) -> list[str]:
    errors = []
    if not _FUNCTION_NAME.match(metadata.name) or metadata.name.lower() == "host":
        errors.append(f"'{metadata.name}' is not a valid function name.")
    names = [str(binding["name"]) for binding in metadata.bindings]
    errors += [
        f"The binding name {name} is invalid. Please assign a valid name to the binding."
        for name in names
        if not _BINDING_NAME.match(name)
    ]
    if len({name.lower() for name in names}) != len(names):
        errors.append("Multiple bindings with the same name; binding names must be unique.")
    return errors


def _resolve(binding: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: resolve(value, environment) if key in _RESOLVED and isinstance(value, str) else value
        for key, value in binding.items()
    }


def _check_binding(binding: dict[str, Any], host: HostJson, accounts: Accounts) -> None:
    kind = binding["type"]
    if kind not in _BUILT_IN | _BUNDLED:
        raise SettingsError(f"The binding type '{kind}' is not imitated by this local host.")
    if kind in _BUNDLED and not host.has_extension_bundle:
        raise SettingsError(
            f"The binding type(s) '{kind}' are not registered. Please ensure the type is correct "
            "and the binding extension is installed (extensionBundle in host.json)."
        )
    if kind in (QUEUE, "queue"):
        binding["queueName"] = binding["queueName"].lower()
        if not _QUEUE_NAME.match(binding["queueName"]):
            raise SettingsError(
                f"A queue name must be 3 to 63 letters, digits and single dashes: "
                f"'{binding['queueName']}'"
            )
        accounts.open(binding.get("connection"))
    elif kind == TIMER:
        parse_schedule(binding["schedule"])
    elif kind == HTTP:
        _check_route(binding)


def _check_route(binding: Mapping[str, Any]) -> None:
    route = str(binding.get("route") or "").strip().strip("/").lower()
    if route.startswith(("admin", "runtime")):
        raise SettingsError(
            f"The specified route conflicts with one or more built in routes: {route}"
        )
    route_pattern(route)


def _route_clash(function: HostFunction, others: Iterable[HostFunction]) -> str | None:
    if function.kind != HTTP or function.errors:
        return None
    for other in others:
        if other.kind != HTTP or other.errors or other.route.lower() != function.route.lower():
            continue
        if not function.methods or not other.methods or function.methods & other.methods:
            return (
                f"The route specified conflicts with the route defined by function '{other.name}'."
            )
    return None


def _is_disabled(name: str, host: HostJson, environment: Mapping[str, str]) -> bool:
    if host.only_functions is not None and name not in host.only_functions:
        return True
    values = (
        look_up(environment, f"AzureWebJobs.{name}.Disabled"),
        look_up(environment, f"AzureWebJobs_{name}_Disabled"),
    )
    return any((value or "").lower() in ("1", "true") for value in values)
