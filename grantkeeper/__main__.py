"""The program: `python -m grantkeeper`, or `grantkeeper` once installed."""

import sys

from azure.core.exceptions import AzureError

from grantkeeper.app import app
from grantkeeper.connection import storage_fault
from grantkeeper.failure import CommandFailed, ExitCode
from grantkeeper.terminal import printable


def main() -> int:
    """Run the command of this process's arguments. Returns or raises `SystemExit` with its code."""
    try:
        app()
    except CommandFailed as failed:
        _complain(str(failed))
        return failed.code
    except AzureError as error:
        _complain(storage_fault(error))
        return ExitCode.AZURE
    return ExitCode.OK


def _complain(text: str) -> None:
    lines = "\n".join(map(printable, text.splitlines()))
    sys.stderr.write(f"grantkeeper: {lines}\n")


if __name__ == "__main__":
    sys.exit(main())
