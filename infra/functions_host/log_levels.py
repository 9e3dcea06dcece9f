"""host.json's `logging.logLevel`: which of an app's log lines are shown (pure)."""

from __future__ import annotations

from collections.abc import Mapping

# Name in host.json to the level's number in Python.
_LEVELS = {
    "trace": 0,
    "debug": 10,
    "information": 20,
    "warning": 30,
    "error": 40,
    "critical": 50,
    "none": 100,
}
_PYTHON = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


class LogLevels:
    """Least levels by category; the longest category that is a prefix counts."""

    def __init__(self, levels: Mapping[str, object]) -> None:
        """Raises ValueError for a level that does not exist."""
        for category, level in levels.items():
            if str(level).lower() not in _LEVELS:
                raise ValueError(f"logging.logLevel.{category}: no such level: {level!r}")
        self._levels = {name: _LEVELS[str(level).lower()] for name, level in levels.items()}

    def shows(self, category: str, level: str) -> bool:
        """Whether a line of `category` at a Python `level` is shown; INFO is by default."""
        applying = [name for name in self._levels if _covers(name, category)]
        name = max(applying, key=len, default="default")
        return _PYTHON.get(level, 20) >= self._levels.get(name, 20)


def _covers(name: str, category: str) -> bool:
    return category == name or category.startswith(f"{name}.")
