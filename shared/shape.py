"""Data against msgspec types: everything that does not fit, not the first of it.

msgspec stops at the first misfit; here each member of a struct, a mapping or a list is converted
for itself.
"""

import difflib
import types
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from shared.plain_yaml import Complaint, Path

_NAMES: dict[Any, str] = {
    bool: "true or false",
    dict: "a mapping",
    float: "a number",
    int: "an integer",
    list: "a list",
    str: "a text",
    timedelta: "a duration such as PT30M",
    tuple: "a list",
}


class Fitting:
    """What came of fitting: the complaints, and by path what did fit, converted."""

    def __init__(self, data: Any, kind: Any) -> None:
        self.complaints: list[Complaint] = []
        self.whole: dict[Path, Any] = {}
        self._fit(data, kind, ())

    def _fit(self, value: Any, kind: Any, path: Path) -> None:
        before = len(self.complaints)
        for part, part_kind, part_path in self._parts(value, kind, path):
            self._fit(part, part_kind, part_path)
        if len(self.complaints) > before:
            return
        try:
            self.whole[path] = msgspec.convert(value, kind)
        except msgspec.ValidationError:
            self.complaints.append(Complaint(path, _is(value), f"write {expected(kind)}"))

    def _parts(self, value: Any, kind: Any, path: Path) -> Iterator[tuple[Any, Any, Path]]:
        origin = get_origin(kind)
        if origin is tuple and isinstance(value, list):
            for position, item in enumerate(value):
                yield item, get_args(kind)[0], (*path, position)
        elif origin is dict and isinstance(value, dict):
            for key, member in value.items():
                yield member, get_args(kind)[1], (*path, key)
        elif isinstance(kind, type) and issubclass(kind, Struct) and isinstance(value, dict):
            yield from self._members(value, kind, path)

    def _members(
        self, value: dict[str, Any], kind: type[Struct], path: Path
    ) -> Iterator[tuple[Any, Any, Path]]:
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for key in value:
            if key not in fields:
                remedy = nearest(key, list(fields))
                self.complaints.append(Complaint((*path, key), "is no field here", remedy))
        for name, field in fields.items():
            if name in value:
                yield value[name], field.type, (*path, name)
            elif field.required:
                self.complaints.append(
                    Complaint((*path, name), "is missing", f"add it: {expected(field.type)}")
                )


def expected(kind: Any) -> str:
    """What a value of this type is called: `an integer`, `one of read, probe`."""
    origin = get_origin(kind)
    if origin is Annotated:
        return expected(get_args(kind)[0])
    if origin is Literal:
        return " or ".join(map(str, get_args(kind)))
    if origin in {Union, types.UnionType}:
        kinds = [each for each in get_args(kind) if each is not type(None)]
        return " or ".join(map(expected, kinds))
    return _NAMES.get(origin or kind, "a mapping")


def nearest(word: str, known: list[str]) -> str:
    """A remedy for a word that is not known: the one it resembles, or all there are."""
    close = difflib.get_close_matches(word, known, 1)
    return f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"


def _is(value: Any) -> str:
    if value is None:
        return "is empty"
    if isinstance(value, str):
        return f"is the text {value[:40]!r}"
    return f"is {_NAMES[type(value)]}" if isinstance(value, list | dict) else f"is {value!r}"
