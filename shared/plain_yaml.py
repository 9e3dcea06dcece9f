"""YAML as plain data, with the line of every value.

Only mappings with text keys, lists, texts, numbers, booleans and null. What YAML has beyond that
could build objects, grow without bound or mean something else than it seems to, and is complained
of: tags, aliases, merge keys, keys given twice. Dates stay the text they are written as.
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

Path = tuple[str | int, ...]

_MOST_BYTES = 1_000_000
_DEEPEST = 50
_LARGEST_NUMBER = 2**63 - 1  # of an ARM body, and of what msgspec encodes
_NULL, _BOOL, _INT, _FLOAT, _MERGE = (
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "merge")
)


class Complaint(NamedTuple):
    """What is wrong with the value at `path`, and what to do about it."""

    path: Path
    message: str
    remedy: str


class NotYaml(ValueError):
    """The text cannot be read to its end; `line` (from 1) is where it goes wrong."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class Document:
    """What was read. `lines` has each value's path, and for a member of a mapping its key's line.

    Data that is complained of may not be what the author means.
    """

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line (from 1) of the value, or of what it is missing from; 0 in an empty text."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def read(text: bytes) -> Document:
    """Read one YAML document. Raises `NotYaml`."""
    if len(text) > _MOST_BYTES:
        raise NotYaml(0, "has more than 1 MB")
    try:
        return _Reader(text).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise NotYaml(line, error.problem or "cannot be read") from None
    except yaml.reader.ReaderError as error:
        raise NotYaml(text.count(b"\n", 0, error.position) + 1, error.reason) from None


class _Reader:
    """Builds the data from the parser's events: its own composer recurses without a limit."""

    def __init__(self, text: bytes) -> None:
        self._parser: Any = yaml.CSafeLoader(text)  # its events have no common type
        self._document = Document()

    def document(self) -> Document:
        self._parser.get_event()  # the stream's start
        if not self._parser.check_event(yaml.StreamEndEvent):
            self._parser.get_event()  # the document's start
            self._document.data = self._value(())
            self._parser.get_event()  # the document's end
            if not self._parser.check_event(yaml.StreamEndEvent):
                raise NotYaml(self._line(), "there is a second document")
        return self._document

    def _value(self, path: Path) -> Any:
        if len(path) > _DEEPEST:
            raise NotYaml(self._line(), f"is nested more than {_DEEPEST} levels deep")
        self._document.lines.setdefault(path, self._line())
        event = self._parser.get_event()
        if isinstance(event, yaml.AliasEvent):
            self._complain(path, "aliases are not used here", "write the value out")
            return None
        if event.tag is not None:
            self._complain(path, "tags are not used here", f"remove {event.tag}")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        return self._scalar(path, event)

    def _list(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not self._parser.check_event(yaml.SequenceEndEvent):
            items.append(self._value((*path, len(items))))
        self._parser.get_event()
        return items

    def _mapping(self, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not self._parser.check_event(yaml.MappingEndEvent):
            line = self._line()
            key = self._key(path)
            there = (*path, key)
            if key in members:
                first = self._document.lines[there]
                self._complain(there, f"is given twice, first on line {first}", "keep one of them")
            self._document.lines[there] = line
            members[key] = self._value(there)
        self._parser.get_event()
        return members

    def _key(self, path: Path) -> str:
        if not self._parser.check_event(yaml.ScalarEvent):
            self._complain(path, "has a key that is no text", "write a text as the key")
            self._value((*path, "?"))
            return "?"
        event = self._parser.get_event()
        key = str(event.value)
        resolved = self._resolved(event)
        if resolved == _MERGE:
            self._complain((*path, key), "merge keys are not used here", "write the members out")
        elif resolved in {_NULL, _BOOL, _INT, _FLOAT}:
            self._complain((*path, key), "is a key but no text", "put it in quotes")
        return key

    def _scalar(self, path: Path, event: yaml.ScalarEvent) -> Any:
        resolved = self._resolved(event)
        if resolved not in {_NULL, _BOOL, _INT, _FLOAT}:
            return event.value
        try:
            value = self._parser.construct_object(yaml.ScalarNode(resolved, event.value))
        except ValueError:  # Python reads numbers of a few thousand digits only
            value = math.inf
        if resolved in {_INT, _FLOAT} and not abs(value) <= _LARGEST_NUMBER:
            self._complain(path, "is a number too large", "put it in quotes if it is a text")
            return None
        return value

    def _resolved(self, event: yaml.ScalarEvent) -> str:
        return str(self._parser.resolve(yaml.ScalarNode, event.value, event.implicit))

    def _complain(self, path: Path, message: str, remedy: str) -> None:
        self._document.complaints.append(Complaint(path, message, remedy))

    def _line(self) -> int:
        return int(self._parser.peek_event().start_mark.line) + 1
