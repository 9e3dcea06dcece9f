"""How a command fails: an exit code with a meaning, and one text for people."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code says."""

    OK = 0
    NOT_READY = 1
    WRONG_INPUT = 2  # also typer's own for wrong usage
    NOT_FOUND = 3
    AZURE = 4  # the storage account, or Azure Resource Manager, cannot be used


class CommandFailed(Exception):
    """The command cannot go on; the message says why, and what to do."""

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code
