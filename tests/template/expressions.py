"""What an expression of Bicep comes to: the part of the language that the template uses.

Anything else is a fault, so that nothing is passed over. Functions: learn.microsoft.com/azure/
azure-resource-manager/bicep/bicep-functions.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import yaml
from tree_sitter import Node

from tests.template.syntax import Fault, text_of

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}


class Later(str):
    """What only the deployment finds out, such as a principal's id; it stands for its address."""


class Names(Protocol):
    """Where a name's value comes from."""

    folder: Path
    subscription: str
    group: str

    def value(self, name: str) -> Any:
        """Raises `Fault` for a name that is not declared."""


@runtime_checkable
class Member(Protocol):
    """A value that knows its own properties."""

    def member(self, name: str) -> Any:
        """Raises `Fault` where there is none."""


class Local:
    """Names with a few more in front: of a loop, of a lambda."""

    def __init__(self, names: Names, more: Mapping[str, Any]) -> None:
        self.folder, self.subscription, self.group = names.folder, names.subscription, names.group
        self._names, self._more = names, more

    def value(self, name: str) -> Any:
        """The nearest of that name."""
        return self._more[name] if name in self._more else self._names.value(name)


def evaluate(node: Node, names: Names) -> Any:
    """The value of an expression. Raises `Fault`."""
    rule = _RULES.get(node.type)
    if rule is None:
        raise Fault(f"`{text_of(node)[:60]}` ({node.type}) is not of the Bicep known here")
    return rule(node, names)


def loop(node: Node, names: Names) -> list[tuple[Node, Names]]:
    """The body of a `for`, once for each item, with the names it has there."""
    parts = [each for each in node.named_children if each.type != "comment"]
    variables, items, body = parts
    loop_names = (
        [text_of(each) for each in variables.named_children]
        if variables.type == "for_loop_parameters"
        else [text_of(variables)]
    )
    found = evaluate(items, names)
    if not isinstance(found, list):
        raise Fault(f"`{text_of(items)}` is no array to loop over")
    return [
        (body, Local(names, dict(zip(loop_names, (item, index), strict=False))))
        for index, item in enumerate(found)
    ]


def _string(node: Node, names: Names) -> str:
    text, values = "", []
    for part in node.children[1:]:
        # Blanks after a value are no node of their own: what follows begins with them.
        if part.type != "string_content":
            text += text_of(part)[: -len(text_of(part).lstrip())]
        if part.type == "string_content":
            text += text_of(part)
        elif part.type == "escape_sequence":
            text += _ESCAPES[text_of(part)[1:]]
        elif part.type == "interpolation":
            values.append(evaluate(part.named_children[0], names))
            if not isinstance(values[-1], str | int | bool):
                raise Fault(f"`{text_of(part)}` is no text")
            text += str(values[-1])
    only_later = len(node.children) == 3 and values and isinstance(values[0], Later)
    return Later(text) if only_later else text


def _object(node: Node, names: Names) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in node.named_children:
        if each.type == "comment":
            continue
        name, value = (part for part in each.named_children if part.type != "comment")
        key = _string(name, names) if name.type == "string" else text_of(name)
        if key in found:
            raise Fault(f"`{key}` is there twice")
        found[key] = evaluate(value, names)
    return found


def _array(node: Node, names: Names) -> list[Any]:
    return [evaluate(each, names) for each in node.named_children if each.type != "comment"]


def _for(node: Node, names: Names) -> list[Any]:
    return [evaluate(body, local) for body, local in loop(node, names)]


def _ternary(node: Node, names: Names) -> Any:
    condition, true, false = node.named_children
    return evaluate(true if _truth(condition, names) else false, names)


def _binary(node: Node, names: Names) -> Any:
    left, operator, right = node.children
    sign = text_of(operator)
    if sign == "&&":
        return _truth(left, names) and _truth(right, names)
    if sign == "||":
        return _truth(left, names) or _truth(right, names)
    if sign not in {"==", "!="}:
        raise Fault(f"the operator {sign} is not known here")
    return (evaluate(left, names) == evaluate(right, names)) is (sign == "==")


def _not(node: Node, names: Names) -> bool:
    return not _truth(node.named_children[0], names)


def _truth(node: Node, names: Names) -> bool:
    found = evaluate(node, names)
    if not isinstance(found, bool):
        raise Fault(f"`{text_of(node)}` is neither true nor false")
    return found


def _member(node: Node, names: Names) -> Any:
    whole, name = node.named_children
    found, wanted = evaluate(whole, names), text_of(name)
    if isinstance(found, dict):
        if wanted not in found and not any(each.type == ".?" for each in node.children):
            raise Fault(f"`{text_of(node)}`: there is no {wanted}")
        return found.get(wanted)
    if isinstance(found, Member):
        return found.member(wanted)
    raise Fault(f"`{text_of(whole)}` has no properties")


def _subscript(node: Node, names: Names) -> Any:
    whole, index = (evaluate(each, names) for each in node.named_children)
    try:
        return whole[index]
    except (IndexError, KeyError, TypeError):
        raise Fault(f"`{text_of(node)}`: there is no {index}") from None


def _lambda(node: Node, names: Names) -> Callable[[Any], Any]:
    variable, body = node.named_children
    return lambda value: evaluate(body, Local(names, {text_of(variable): value}))


def _call(node: Node, names: Names) -> Any:
    name, arguments = node.named_children
    function = _FUNCTIONS.get(text_of(name))
    if function is None:
        raise Fault(f"the function {text_of(name)} is not known here")
    found = [evaluate(each, names) for each in arguments.named_children]
    try:
        return function(names, *found)
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise Fault(f"`{text_of(node)[:80]}`: {error}") from None


def _union(_: Names, *parts: Any) -> Any:
    if all(isinstance(part, dict) for part in parts):
        return {name: value for part in parts for name, value in part.items()}
    found: list[Any] = []  # each once (bicep-functions-array#union)
    for each in (each for part in parts for each in part):
        if each not in found:
            found.append(each)
    return found


def _subscription(names: Names, *ids: str) -> dict[str, str]:
    guid = ids[0] if ids else names.subscription
    return {"id": f"/subscriptions/{guid}", "subscriptionId": guid, "kind": "subscription"}


def _group(names: Names, *path: str) -> dict[str, str]:
    guid, name = path if len(path) == 2 else (names.subscription, *(path or (names.group,)))
    if not name:
        raise ValueError("there is no resource group here")
    where = f"/subscriptions/{guid}/resourceGroups/{name}"
    return {"id": where, "name": name, "subscriptionId": guid, "kind": "resourceGroup"}


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "any": lambda _, value: value,
    "concat": lambda _, *parts: [each for part in parts for each in part],
    "contains": lambda _, whole, item: item in whole,
    "empty": lambda _, value: not value,
    "environment": lambda _: {
        "name": "AzureCloud",
        "suffixes": {"storage": "core.windows.net"},
    },
    "filter": lambda _, items, wanted: [each for each in items if wanted(each)],
    "guid": lambda _, *parts: str(uuid.uuid5(uuid.NAMESPACE_URL, "|".join(parts))),
    "join": lambda _, items, between: between.join(items),
    "length": lambda _, value: len(value),
    "loadJsonContent": lambda names, path: json.loads((names.folder / path).read_text()),
    "loadTextContent": lambda names, path: (names.folder / path).read_text(),
    "loadYamlContent": lambda names, path: yaml.safe_load((names.folder / path).read_text()),
    "map": lambda _, items, change: [change(each) for each in items],
    "replace": lambda _, text, old, new: text.replace(old, new),
    "resourceGroup": _group,
    "split": lambda _, text, at: text.split(at),
    "string": lambda _, value: str(value),
    "subscription": _subscription,
    "subscriptionResourceId": lambda names, kind, name: (
        f"/subscriptions/{names.subscription}/providers/{kind}/{name}"
    ),
    "toLower": lambda _, text: text.lower(),
    "trim": lambda _, text: text.strip(),
    "union": _union,
    # 13 lower-case letters and digits.
    "uniqueString": lambda _, *parts: _digest(*parts)[:13],
}
_RULES: dict[str, Callable[[Node, Names], Any]] = {
    "array": _array,
    "binary_expression": _binary,
    "boolean": lambda node, _: text_of(node) == "true",
    "call_expression": _call,
    "for_statement": _for,
    "identifier": lambda node, names: names.value(text_of(node)),
    "lambda_expression": _lambda,
    "member_expression": _member,
    "null": lambda *_: None,
    "number": lambda node, _: int(text_of(node)),
    "object": _object,
    "parenthesized_expression": lambda node, names: evaluate(node.named_children[0], names),
    "string": _string,
    "subscript_expression": _subscript,
    "ternary_expression": _ternary,
    "unary_expression": _not,
}
