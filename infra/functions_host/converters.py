"""Turns wire values into the azure-functions library's own objects, and results back.

The library's converters do the work, so a function gets exactly the object it gets in Azure,
and a value that cannot be decoded fails the run the way it fails there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import azure.functions as func
from azure.functions import meta

from .signatures import Parameters, converter_of
from .wire import Binary, Datum, HttpInput, HttpOutput, Invoke, Json, Text


class Out(func.Out[Any]):
    """The `func.Out` given to a function: remembers the last value set."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep `val`; the host writes it after the function has succeeded."""
        self._value = val

    def get(self) -> Any:
        """The value set last, or None."""
        return self._value


def decode_input(parameters: Parameters, request: Invoke) -> Any:
    """The trigger's value as the function wants it. Raises what the converter raises."""
    if parameters.raw is not None:
        return _to_library(request.input).value
    converter = converter_of(parameters.binding)
    if converter is None:
        raise NotImplementedError(f"no converter for binding type {parameters.binding!r}")
    metadata = {name: _to_library(datum) for name, datum in request.metadata.items()}
    return converter.decode(_to_library(request.input), trigger_metadata=metadata)


def encode_output(binding: str, value: Any) -> Datum:
    """A value set on an output, or returned. Raises NotImplementedError for unfit types."""
    converter = converter_of(binding)
    if converter is None:
        raise NotImplementedError(f"no converter for binding type {binding!r}")
    return _from_library(converter.encode(value, expected_type=None))


def _to_library(datum: Datum) -> meta.Datum:
    match datum:
        case Text(value):
            return meta.Datum(value, "string")
        case Json(value):
            return meta.Datum(value, "json")
        case Binary(body):
            return meta.Datum(body, "bytes")
        case HttpInput():
            return _request(datum)
    raise NotImplementedError(f"{type(datum).__name__} is not an input")


def _request(http: HttpInput) -> meta.Datum:
    return meta.Datum(
        {
            "method": meta.Datum(http.method, "string"),
            "url": meta.Datum(http.url, "string"),
            "headers": _strings(http.headers),
            "query": _strings(http.query),
            "params": _strings(http.params),
            "body": meta.Datum(http.body, "bytes"),
        },
        "http",
    )


def _strings(values: Mapping[str, str]) -> dict[str, meta.Datum]:
    return {name: meta.Datum(value, "string") for name, value in values.items()}


def _from_library(datum: meta.Datum) -> Datum:
    match datum.type:
        case "string":
            return Text(datum.value)
        case "json":
            return Json(datum.value)
        case "bytes":
            return Binary(datum.value)
        case "http":
            parts = datum.value
            return HttpOutput(
                status=int(parts["status_code"].value),
                headers={name: value.value for name, value in parts["headers"].items()},
                cookies=[jar.output(header="").strip() for jar in parts["cookies"] or ()],
                body=parts["body"].value,
            )
    raise NotImplementedError(f"cannot send a value of type {datum.type!r}")
