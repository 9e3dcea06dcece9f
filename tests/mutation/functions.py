"""mutmut over the bodies of functions: its mutants, its choice of tests, its verdicts."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

from tests.mutation.score import Score

# Exit codes of a mutant's tests (mutmut/stats.py): pytest failed, or ended with an error of its
# own; or the mutant ran for far too long, by its own clock or the kernel's.
_KILLED = frozenset({1, 3, 36, -24, 24, 152, 255})
_SKIPPED = 34  # marked with a pragma
# These read a cluster's JSON, whose names and words are found in any case (shared/document.py).
_CASELESS = frozenset({"addon_scopes", "network_scopes", "pointers", "resource_scopes"})


def run(tree: Path, modules: list[str]) -> dict[str, Score]:
    """Mutate the functions of these modules in the copy `tree`; scores by module. What mutmut says
    is kept in `mutmut.log` there. Raises `RuntimeError` when it cannot work."""
    scores = {module: Score() for module in modules}
    modules = [module for module in modules if _has_functions(tree / "shared" / f"{module}.py")]
    if not modules:
        return scores
    with (tree / "mutmut.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-m", "mutmut", "run", "--max-children", "1",
             *(f"shared.{module}.*" for module in modules)],
            cwd=tree, stdout=log, stderr=log, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"mutmut ended with exit code {done.returncode}: {tree / 'mutmut.log'}")
    for module in modules:
        score = scores[module] = _score(tree / "mutants" / "shared" / f"{module}.py.meta")
        if module in _CASELESS:
            score.survivors = [each for each in score.survivors if not _is_other_case(each, tree)]
    return scores


def _is_other_case(mutant: str, tree: Path) -> bool:
    """Whether the mutant only spells a text in another case, and so means the same."""
    shown = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", mutant],
        cwd=tree, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    before, after = (
        [line[1:].lower() for line in shown.splitlines() if re.match(rf"{sign}(?!{sign})", line)]
        for sign in ("-", r"\+")
    )
    return before == after


def _has_functions(path: Path) -> bool:
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(path.read_text())))


def _score(meta: Path) -> Score:
    """One module's; mutmut keeps each mutant's exit code, None for those it did not try."""
    score = Score()
    codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    for name, code in codes.items():
        if code in _KILLED:
            score.killed += 1
        elif code != _SKIPPED:
            score.survivors.append(name)
    return score
