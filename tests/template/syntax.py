"""Bicep as two parsers read it that know nothing of each other: tree-sitter's grammar, and pycep.

Neither is the compiler. What both take is Bicep of the plain kind that the template keeps to.
"""

from functools import cache
from pathlib import Path

import tree_sitter_bicep
from lark.exceptions import LarkError
from pycep import BicepParser
from tree_sitter import Language, Node, Parser


class Fault(Exception):
    """Something in the template is wrong; the text says what and where."""


@cache
def _pycep() -> BicepParser:
    return BicepParser()


@cache
def _tree_sitter() -> Parser:
    return Parser(Language(tree_sitter_bicep.language()))


def parse(path: Path) -> Node:
    """The syntax tree of a file. Raises `Fault` unless both parsers take it."""
    try:
        return _parse(path.read_text())
    except Fault as fault:
        raise Fault(f"{path.name}: {fault}") from None


@cache
def _parse(text: str) -> Node:
    root = _tree_sitter().parse(text.encode()).root_node
    if root.has_error:
        raise Fault(f"tree-sitter finds no Bicep at line {_first_error(root)}")
    try:
        _pycep().parse(text=text)
    except LarkError as error:
        raise Fault(f"pycep: {str(error).splitlines()[0]}") from None
    return root


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def _first_error(root: Node) -> int:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            return node.start_point[0] + 1
        todo.extend(reversed(node.children))
    return 0
