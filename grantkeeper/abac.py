"""Conditions of role assignments, evaluated here: would Azure let this request through?

The part of the language that is about role assignments, as documented at learn.microsoft.com/azure/
role-based-access-control/conditions-format and conditions-authorization-actions-attributes. What is
outside of that part is refused, never guessed.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.permissions import covers
from shared.resource_id import InvalidId, guid

_WORD = re.compile(r"\s*('[^'\\]*'|@\w+\[[^\]]*\]|[\w:-]+|&&|\|\||[!(){},]|\S)")
_SPELLINGS = {"&&": "AND", "||": "OR", "NOT": "!"}
_ATTRIBUTE = re.compile(r"@(Request|Resource)\[Microsoft\.Authorization/roleAssignments:(\w+)\]")
_ATTRIBUTES = {"RoleDefinitionId", "PrincipalId", "PrincipalType"}
_OPERATOR = re.compile(
    r"(?:For(?P<left>Any|All)Of(?P<right>Any|All)Values:)?"
    r"(?P<kind>Guid|String)(?P<not>Not)?Equals(?P<ignore>IgnoreCase)?"
)
_END = "the end"


class UnknownCondition(ValueError):
    """The text is not a condition, or not of the part of the language known here."""


class _Asked(NamedTuple):
    """What is to be judged: an action, and the attributes by their source and name."""

    action: str
    attributes: dict[tuple[str, str], tuple[str, ...]]


_Test = Callable[[_Asked], bool]


def allows(
    condition: str,
    action: str,
    request: Mapping[str, str | tuple[str, ...]],
    resource: Mapping[str, str | tuple[str, ...]],
) -> bool:
    """Whether the condition lets `action` through.

    `request` and `resource` have the attributes by name (`RoleDefinitionId`, `PrincipalId`,
    `PrincipalType`), each with one value or several; a comparison with an absent one is not
    true, whatever the operator. Raises `UnknownCondition`.
    """
    attributes = {
        (source, name): (value,) if isinstance(value, str) else value
        for source, found in (("Request", request), ("Resource", resource))
        for name, value in found.items()
    }
    return _Parser(condition).condition()(_Asked(action, attributes))


class _Parser:
    """Reads a condition from left to right into one test."""

    def __init__(self, text: str) -> None:
        self._words: list[str] = [_SPELLINGS.get(word, word) for word in _WORD.findall(text)]
        self._words.append(_END)
        self._at = 0

    def condition(self) -> _Test:
        test = self._expression()
        self._expect(_END)
        return test

    def _expression(self) -> _Test:
        tests, joints = [self._term()], set[str]()
        while self._word in {"AND", "OR"}:
            joints.add(self._next())
            tests.append(self._term())
        if len(joints) > 1:
            # "You must add parentheses": conditions-format, grouping and precedence.
            raise UnknownCondition("AND beside OR needs parentheses")
        join = any if "OR" in joints else all
        return lambda asked: join(test(asked) for test in tests)

    def _term(self) -> _Test:
        word = self._next()
        if word == "!":
            negated = self._term()
            return lambda asked: not negated(asked)
        if word == "(":
            test = self._expression()
            self._expect(")")
            return test
        if word == "ActionMatches":
            pattern = self._action_pattern()
            return lambda asked: covers(pattern, asked.action)
        return self._comparison(word)

    def _action_pattern(self) -> str:
        values = self._values()
        if len(values) != 1:
            raise UnknownCondition("ActionMatches takes one action")
        return _unquoted(values[0])

    def _comparison(self, attribute: str) -> _Test:
        named = _ATTRIBUTE.fullmatch(attribute)
        if not named or named[2] not in _ATTRIBUTES:
            raise UnknownCondition(f"{attribute!r} where a known attribute or a group should be")
        operator = _OPERATOR.fullmatch(self._next())
        if not operator or (operator["ignore"] and operator["kind"] == "Guid"):
            raise UnknownCondition(f"{attribute} with an operator that is not known here")
        left, right = (all if operator[side] == "All" else any for side in ("left", "right"))
        words = self._values() if operator["left"] else [self._next()]
        normal: Callable[[str], str]
        if operator["kind"] == "Guid":
            normal, listed = _guid, [_guid(word) for word in words]
        else:
            normal = str.lower if operator["ignore"] else str
            listed = [normal(_unquoted(word)) for word in words]
        source, name, wanted = named[1], named[2], not operator["not"]

        def holds(asked: _Asked) -> bool:
            found = [normal(value) for value in asked.attributes.get((source, name), ())]
            return bool(found) and left(
                right((value == other) is wanted for other in listed) for value in found
            )

        return holds

    def _values(self) -> list[str]:
        """The words between braces: at least one, with commas between them."""
        self._expect("{")
        values = [self._next()]
        while (word := self._next()) == ",":
            values.append(self._next())
        if word != "}":
            raise UnknownCondition(f"{word!r} where '}}' should be")
        return values

    @property
    def _word(self) -> str:
        return self._words[self._at]

    def _next(self) -> str:
        word = self._word
        if word == _END:
            raise UnknownCondition("the condition ends too soon")
        self._at += 1
        return word

    def _expect(self, word: str) -> None:
        if self._word != word:
            raise UnknownCondition(f"{self._word!r} where {word!r} should be")
        self._at += 1


def _unquoted(word: str) -> str:
    if not re.fullmatch("'[^']*'", word):
        raise UnknownCondition(f"{word!r} where a text in quotes should be")
    return word[1:-1]


def _guid(text: str) -> str:
    try:
        return guid(text, repr(text))
    except InvalidId as error:
        raise UnknownCondition(str(error)) from None
