"""JSON that others wrote, read leniently: what is missing or null is empty, and what has the wrong
type is passed over and noted, so that one odd field harms no other.

Every value knows its path (`properties.agentPoolProfiles[0].vnetSubnetID`). Member names are found
ignoring case: ARM writes add-on keys and a few others in more than one way.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")
_SHOWN = 200  # characters of a member's name; ARM ids are names too
# Items of a list, or members of an object, that are read. A cluster has at most 100 pools
# (learn.microsoft.com/azure/aks/quotas-skus-regions); all that is kept of it fits one table row.
_MOST = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A text, and the path of the property it was found at."""

    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a document. `faults` is shared by all nodes of one document and maps a path to
    what is wrong with the value there; it fills as the document is read."""

    value: Any
    path: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.value is not None

    def at(self, *names: str) -> "Node":
        """The member reached by these names; an empty node when there is none."""
        node = self
        for name in names:
            node = node._member(name)
        return node

    def members(self) -> Iterator[tuple[str, "Node"]]:
        """The members of an object, with their names; the first hundred."""
        for name, value in self._first(self._as(dict, "an object", {}).items()):
            yield name, self._below(value, self._step(name))

    def each(self) -> Iterator["Node"]:
        """The items of a list; the first hundred."""
        for position, value in enumerate(self._first(self._as(list, "a list", []))):
            yield self._below(value, f"[{position}]")

    def text(self, *names: str) -> str:
        """The text there, or an empty one."""
        node = self.at(*names)
        found: str = node._as(str, "a text", "")
        return found

    def says(self, word: str, *names: str) -> bool:
        """Whether the text there is this word, in whatever case."""
        return self.text(*names).lower() == word.lower()

    def flag(self, *names: str) -> bool:
        """Whether the boolean there is true; add-on settings write it as a text."""
        node = self.at(*names)
        if isinstance(node.value, str):
            return node.value.lower() == "true"
        found: bool = node._as(bool, "a boolean", False)
        return found

    def found(self, *names: str) -> Iterator[Found]:
        """The text there with its path; nothing when it is empty."""
        node = self.at(*names)
        if text := node.text():
            yield Found(text, node.path)

    def fault(self, what: str) -> None:
        """Note what is wrong with this value."""
        self.faults.setdefault(self.path, what)

    def _first(self, items: Collection[_T]) -> Iterator[_T]:
        if len(items) > _MOST:
            self.fault(f"has more than {_MOST} items, the rest of which are not read")
        return islice(items, _MOST)

    def _member(self, name: str) -> "Node":
        members = self._as(dict, "an object", {})
        if name not in members:
            folded = name.lower()
            name = next((other for other in members if other.lower() == folded), name)
        return self._below(members.get(name), self._step(name))

    def _step(self, name: str) -> str:
        """The path's next part; names are others' too, and paths are shown to people."""
        shown = name if name.isprintable() and len(name) <= _SHOWN else ascii(name)[:_SHOWN]
        return f".{shown}" if self.path else shown

    def _below(self, value: Any, step: str) -> "Node":
        return Node(value, self.path + step, self.faults)

    def _as(self, kind: type, name: str, empty: Any) -> Any:
        if self.value is None:
            return empty
        if not isinstance(self.value, kind):
            self.fault(f"is not {name}")
            return empty
        return self.value


def decode(text: bytes | msgspec.Raw) -> Node:
    """The root of a JSON text in UTF-8. Raises `msgspec.DecodeError` when it is no JSON object."""
    try:
        value = msgspec.json.decode(text, type=dict[str, Any])
    except RecursionError:
        raise msgspec.DecodeError("the JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise msgspec.DecodeError("the JSON is not in UTF-8") from None
    return Node(value)
