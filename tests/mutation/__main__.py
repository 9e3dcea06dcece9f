"""`make mutants`: the share of wrong lines that the unit tests notice, by file.

Prints a table, writes `.local/mutants.json` with the survivors, and ends with 1 below the goal.
"""

import argparse
import json
import sys
from pathlib import Path

from tests.mutation import functions, tables, work_tree
from tests.mutation.score import Score, as_json, enough, table

MODULES = (
    "addon_scopes", "grants", "network_scopes", "permissions", "pointers", "policy", "policy_file",
    "resource_id", "resource_scopes", "scope_pattern", "wanted",
)  # fmt: skip
RESULT = work_tree.ROOT / ".local" / "mutants.json"


def main() -> int:
    """Run both kinds and say what came of it."""
    parser = argparse.ArgumentParser(prog="make mutants ARGS=…", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(MODULES), help="default: all of them")
    modules = parser.parse_args().modules
    tree = work_tree.fresh()
    scores = _both(tree, modules)
    RESULT.write_text(json.dumps(as_json(scores), indent=1))
    sys.stdout.write(f"{table(scores)}\n")
    return 0 if enough(scores) else 1


def _both(tree: Path, modules: list[str]) -> dict[str, Score]:
    _say(f"tables of {len(modules)} files, some seconds a mutant")
    in_tables = tables.run(tree, modules)
    _say(f"functions, see {tree / 'mutmut.log'}")
    in_functions = functions.run(tree, modules)
    return {module: in_tables[module].plus(in_functions[module]) for module in modules}


def _say(what: str) -> None:
    """Progress, beside the result."""
    sys.stderr.write(f"mutants: {what}\n")


if __name__ == "__main__":
    sys.exit(main())
