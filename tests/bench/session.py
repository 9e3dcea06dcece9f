"""What the figures of one run share: how many seeds, and storage accounts in an Azurite."""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.stack import azurite
from infra.stack.lifeline import Lifeline
from infra.stack.part import Part

_ACCOUNTS = [f"bench{number:03}" for number in range(1000)]


class Session:
    """A context manager. Azurite starts, in memory, when the first account is asked for."""

    def __init__(self, seeds: int, first_seed: int = 1) -> None:
        self.seeds = range(first_seed, first_seed + seeds)
        self._folder = tempfile.TemporaryDirectory(prefix="grantkeeper-bench-")
        self.folder = Path(self._folder.name)
        self._lifeline = Lifeline()
        self._azurite = Part(
            "azurite", self.folder, lambda: azurite.launch(_ACCOUNTS), self._lifeline
        )
        self._unused = iter(_ACCOUNTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Killed: a graceful end would wait for idle connections, and keep nothing of worth.
        self._azurite.kill()
        self._azurite.stop()
        self._lifeline.close()
        self._folder.cleanup()

    def storage(self) -> str:
        """The connection string of an account nothing else uses."""
        self._azurite.start()
        return azurite.connection_string(self._azurite.url, next(self._unused))
