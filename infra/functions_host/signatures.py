"""Checks that a function's parameters and its bindings agree, as the real worker does."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import azure.functions as func
from azure.functions import meta

RETURN = "$return"


def converter_of(binding: str) -> Any:
    """The library's converter class for a binding type, or None."""
    return meta.get_binding_registry().get(binding)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Parameters:
    """How to call a function.

    `trigger` is the name of the parameter that takes the trigger's value and `binding` its type;
    `raw` says that its annotation asks for plain text or bytes. `outputs` maps the names of
    `func.Out` parameters to binding types; `returns` is the type of the `$return` binding.
    """

    trigger: str
    binding: str
    raw: type | None
    outputs: Mapping[str, str]
    returns: str | None
    takes_context: bool


def check_signature(
    name: str, call: Callable[..., Any], bindings: Sequence[Mapping[str, Any]]
) -> Parameters:
    """The parameters of `call`. Raises TypeError or ValueError where they do not fit."""
    hints = typing.get_type_hints(call)
    declared = set(inspect.signature(call).parameters)
    bound = {str(binding["name"]): binding for binding in bindings}
    returned = bound.pop(RETURN, None)
    takes_context = "context" in declared and "context" not in bound
    if takes_context:
        declared.remove("context")
        _check_context(name, hints)
    _check_names(name, declared, set(bound))
    for parameter, binding in bound.items():
        _check_parameter(name, parameter, binding, hints.get(parameter, inspect.Parameter.empty))
    if returned and "return" in hints:
        _check_return(name, returned, hints["return"])
    trigger = next(key for key, binding in bound.items() if _is_trigger(binding))
    hint = hints.get(trigger)
    return Parameters(
        trigger=trigger,
        binding=bound[trigger]["type"],
        raw=hint if hint in (str, bytes) else None,
        outputs={key: value["type"] for key, value in bound.items() if _is_output(value)},
        returns=returned["type"] if returned else None,
        takes_context=takes_context,
    )


def _check_return(name: str, binding: Mapping[str, Any], hint: Any) -> None:
    converter = converter_of(str(binding["type"]))
    if hint in (str, bytes) or converter is None:
        return
    if not converter.check_output_type_annotation(hint):
        raise TypeError(
            f'cannot load the {name} function: Python return annotation "{hint}" does not match '
            f'binding type "{binding["type"]}"'
        )


def _is_trigger(binding: Mapping[str, Any]) -> bool:
    return str(binding["type"]).lower().endswith("trigger")


def _is_output(binding: Mapping[str, Any]) -> bool:
    return str(binding.get("direction", "")).upper() == "OUT"


def _check_context(name: str, hints: Mapping[str, Any]) -> None:
    hint = hints.get("context")
    if hint is not None and getattr(hint, "__name__", "") != "Context":
        raise TypeError(
            f'cannot load the {name} function: the "context" parameter is expected to be of '
            "type azure.functions.Context"
        )


def _check_names(name: str, declared: set[str], bound: set[str]) -> None:
    if unbound := declared - bound:
        raise TypeError(
            f"cannot load the {name} function: the following parameters are declared in Python "
            f"but not in function.json: {unbound!r}"
        )
    if missing := bound - declared:
        raise TypeError(
            f"cannot load the {name} function: the following parameters are declared in "
            f"function.json but not in Python: {missing!r}"
        )


def _check_parameter(name: str, parameter: str, binding: Mapping[str, Any], hint: Any) -> None:
    where = f"cannot load the {name} function: the {parameter!r} parameter"
    is_out = (typing.get_origin(hint) or hint) is func.Out
    if is_out and not _is_output(binding):
        raise TypeError(f"{where} is declared as func.Out in Python but is an input binding")
    if _is_output(binding) and not is_out:
        raise TypeError(
            f"{where}: its annotation in Python is not a subclass of azure.functions.Out"
        )
    arguments = typing.get_args(hint)
    value_type = (arguments[0] if arguments else str) if is_out else hint
    if value_type in (inspect.Parameter.empty, str, bytes):
        return
    converter = converter_of(str(binding["type"]))
    if converter is None:
        return
    check = converter.check_output_type_annotation if is_out else None
    if not (check or converter.check_input_type_annotation)(value_type):
        raise TypeError(
            f'{where}: binding type "{binding["type"]}" and dataType '
            f'"{binding.get("dataType")}" in function.json do not match the Python annotation '
            f'"{getattr(value_type, "__name__", value_type)}"'
        )
