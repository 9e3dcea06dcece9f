"""Mutants of what stands at the top of a module or a class: patterns, tables, defaults.

mutmut leaves these alone, and here they are half of what keeps a grant within policy.
"""

import ast
import copy
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.mutation.score import Score

Change = tuple[str, ast.Module]  # what was changed, in words; the module with it

# A step of a regular expression: what to write in its place.
_STEPS = (("*", "+"), ("?", ""), ("-", ""), (".", ""), ("()", ""), ("_", ""), ("A-Z", ""))


def run(tree: Path, modules: list[str]) -> dict[str, Score]:
    """Mutate the tables of these modules in the copy `tree`, one at a time; scores by module.
    Raises `RuntimeError` when the tests fail without any mutant."""
    command, tests = _tests(tree)
    if _fails([*command, *tests], tree):
        raise RuntimeError("the unit tests fail as it is; mend them first")
    return {module: _score(tree, tree / "shared" / f"{module}.py") for module in modules}


def changes(source: str) -> Iterator[Change]:
    """Every module that differs from this one in one entry of one table."""
    module = ast.parse(source)
    for place, node in enumerate(ast.walk(module)):
        if not isinstance(node, ast.Module | ast.ClassDef):
            continue
        for position, statement in enumerate(node.body):
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                continue
            if statement.value and not isinstance(statement.value, ast.Subscript):  # a type's name
                for words, value in _values(statement.value):
                    mutant = copy.deepcopy(module)
                    owner: Any = list(ast.walk(mutant))[place]
                    owner.body[position].value = value
                    name = ast.unparse(statement).partition("=")[0].strip()
                    yield f"{name}: {words}", mutant


def _values(value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The expression with one thing changed in it."""
    nodes = list(ast.walk(value))
    for place, node in enumerate(nodes):
        for words, edit in _edits(node):
            mutant = copy.deepcopy(value)
            twin = list(ast.walk(mutant))[place]
            edit(twin)
            yield words, mutant


def _edits(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """What can be done to a node, in words and as a function of it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        for text in sorted({f"{node.value}x", *_patterns(node.value)}):
            yield f"{node.value!r} → {text!r}", _setter("value", text)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} → {not node.value}", _setter("value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        for number in (node.value + 1, node.value - 1):
            yield f"{node.value} → {number}", _setter("value", number)
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
        for index, item in enumerate(node.elts):
            yield f"without {ast.unparse(item)}", _dropper(index)
        yield from _exchanges(node)


def _exchanges(node: ast.Tuple) -> Iterator[tuple[str, Any]]:
    """Rows of one kind (`Rule(…)`): each argument that is a name, as the next row has it."""
    rows = [item for item in node.elts if isinstance(item, ast.Call)]
    for index, (row, other) in enumerate(zip(rows, rows[1:] + rows[:1], strict=True)):
        for position, (mine, theirs) in enumerate(zip(row.args, other.args, strict=False)):
            one, another = ast.unparse(mine), ast.unparse(theirs)
            if one != another and isinstance(mine, ast.Name | ast.Attribute):
                yield f"{one} → {another}", _exchanger(index, position, theirs)


def _setter(name: str, value: Any) -> Any:
    return lambda node: setattr(node, name, value)


def _dropper(index: int) -> Any:
    return lambda node: node.elts.pop(index)


def _exchanger(index: int, position: int, theirs: ast.expr) -> Any:
    def edit(node: Any) -> None:
        node.elts[index].args[position] = theirs

    return edit


def _patterns(text: str) -> set[str]:
    """If it looks like a regular expression: one step changed at a time, or one number."""
    if not re.search(r"[\[\\(]", text):
        return set()
    found = {
        text[: m.start()] + new + text[m.end() :]
        for old, new in _STEPS
        for m in re.finditer(re.escape(old), text)
    } | {
        text[: m.start()] + str(int(m[0]) + 1) + text[m.end() :] for m in re.finditer(r"\d+", text)
    }
    return {each for each in found if _compiles(each)}


def _compiles(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _score(tree: Path, path: Path) -> Score:
    source, score = path.read_text(), Score()
    command, tests = _tests(tree)
    own = [name for name in tests if path.stem in name] or tests  # quick, and mostly enough
    try:
        for words, mutant in changes(source):
            path.write_text(ast.unparse(mutant))
            if _fails([*command, *own], tree) or _fails([*command, *tests], tree):
                score.killed += 1
            else:
                score.survivors.append(words)
    finally:
        path.write_text(source)
    return score


def _tests(tree: Path) -> tuple[list[str], list[str]]:
    """The command that runs tests, and the files of those that mutants are shown to."""
    options = tomllib.loads((tree / "pyproject.toml").read_text())["tool"]["mutmut"]
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", *options["pytest_add_cli_args"]]
    return command, options["pytest_add_cli_args_test_selection"]


def _fails(command: list[str], tree: Path) -> bool:
    return subprocess.run(command, cwd=tree, capture_output=True, check=False).returncode != 0
