"""A copy of what the unit tests need, where mutants may be written."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TREE = ROOT / ".local" / "mutants"
_COPIED = (
    "pyproject.toml",
    "policy.yaml",
    "policy.schema.json",
    "function_app.py",
    "shared",
    "infra",
    "grantkeeper",
    "tests",
)


def fresh() -> Path:
    """A new copy, in place of the last one."""
    shutil.rmtree(TREE, ignore_errors=True)
    for name in _COPIED:
        source, target = ROOT / name, TREE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return TREE
