"""Conditions of role assignments (Azure ABAC), as far as they limit who may assign which role.

The language is of learn.microsoft.com, role-based-access-control/conditions-format; attributes are
those of Microsoft.Authorization/roleAssignments (conditions-authorization-actions-attributes).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from .wire import ArmError

VERSION = "2.0"
_ATTRIBUTES = frozenset({"roledefinitionid", "principalid", "principaltype"})
_TOKEN = re.compile(
    r"\s*(?:(?P<action>(?:ActionMatches|SubOperationMatches)\s*\{\s*'[^']*'\s*\})"
    r"|(?P<attribute>@(?:Request|Resource)\s*\[[^\]]*\])"
    r"|(?P<operator>(?:For(?:Any|All)Of(?:Any|All)Values:)?"
    r"(?:Guid|String)(?:Not)?Equals(?:IgnoreCase)?\b)"
    r"|(?P<exists>Exists\b)"
    r"|(?P<values>\{[^}]*\}|'[^']*')"
    r"|(?P<word>AND\b|OR\b|&&|\|\||[!()]))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody tries to do. Attribute names (RoleDefinitionId, ...) in lower case.

    `request` holds the attributes asked for (writes), `resource` those of what is there (deletes).
    """

    action: str
    request: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)


Condition = Callable[[Attempt], bool]


@cache
def parse(text: str) -> Condition:
    """Read a condition; ArmError 400 InvalidCondition says where it cannot be read."""
    return _Parser(text).whole()


class _Parser:
    """Recursive descent: OR binds weakest, then AND, then '!'."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._text = text

    def whole(self) -> Condition:
        condition = self._either()
        if self._tokens:
            raise _invalid(f"unexpected '{self._tokens[0][1]}'")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take_word("or", "||"):
            parts.append(self._both())
        return lambda attempt: any(part(attempt) for part in parts)

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._take_word("and", "&&"):
            parts.append(self._single())
        return lambda attempt: all(part(attempt) for part in parts)

    def _single(self) -> Condition:
        if self._take_word("!"):
            inner = self._single()
            return lambda attempt: not inner(attempt)
        if self._take_word("("):
            inner = self._either()
            if not self._take_word(")"):
                raise _invalid("a parenthesis is not closed")
            return inner
        return self._predicate()

    def _predicate(self) -> Condition:
        kind, text = self._next()
        if kind == "action":
            return _action_matches(text)
        if kind == "exists":
            source, name = _attribute(self._expect("attribute"))
            return lambda attempt: name in getattr(attempt, source)
        if kind == "attribute":
            return _comparison(text, self._expect("operator"), self._expect("values"))
        raise _invalid(f"unexpected '{text}'")

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise _invalid("it ends too early")
        return self._tokens.pop(0)

    def _expect(self, kind: str) -> str:
        found, text = self._next()
        if found != kind:
            raise _invalid(f"expected {kind}, found '{text}'")
        return text

    def _take_word(self, *words: str) -> bool:
        if self._tokens and self._tokens[0][0] == "word" and self._tokens[0][1].lower() in words:
            self._tokens.pop(0)
            return True
        return False


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found or found.lastgroup is None:
            raise _invalid(f"cannot read '{text[position : position + 40]}'")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        position = found.end()
    return tokens


def _action_matches(text: str) -> Condition:
    if text.lower().startswith("sub"):
        # No suboperation belongs to the actions on role assignments.
        return lambda _attempt: False
    parts = text.split("'")[1].split("*")
    pattern = re.compile(".*".join(map(re.escape, parts)), re.IGNORECASE)
    return lambda attempt: bool(pattern.fullmatch(attempt.action))


def _comparison(attribute: str, operator: str, values: str) -> Condition:
    source, name = _attribute(attribute)
    negated = "notequals" in operator.lower()
    exact = operator.lower().endswith("string" + ("notequals" if negated else "equals"))
    # Each attribute has one value, so only how it meets the listed values matters:
    # '...OfAllValues' asks that the comparison holds for each of them.
    for_each = all if "ofallvalues" in operator.lower() else any
    wanted = [value if exact else value.lower() for value in _values(values)]

    def holds(attempt: Attempt) -> bool:
        value = getattr(attempt, source).get(name)
        if value is None:
            return False
        found = value if exact else value.lower()
        return for_each((found == each) is not negated for each in wanted)

    return holds


def _attribute(text: str) -> tuple[str, str]:
    source, _, rest = text[1:].partition("[")
    namespace, _, name = rest.rstrip("]").strip().rpartition(":")
    known = namespace.lower() == "microsoft.authorization/roleassignments"
    if not known or name.lower() not in _ATTRIBUTES:
        raise _invalid(f"no such attribute: {text}")
    return source.strip().lower(), name.lower()


def _values(text: str) -> list[str]:
    listed = text[1:-1].split(",") if text.startswith("{") else [text]
    return [value.strip().strip("'") for value in listed]


def _invalid(reason: str) -> ArmError:
    return ArmError(400, "InvalidCondition", f"The condition is not valid: {reason}.")
