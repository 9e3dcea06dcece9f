"""A command as a person types it, in process, and what it says."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

# Where Azure is, and who asks.
OF_AZURE = (
    "ARM_ENDPOINT",
    "AZURE_CLIENT_ID",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "REQUESTS_CA_BUNDLE",
)


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str


Type = Callable[..., Answer]


def typing(
    name: str,
    main: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Type:
    """Type the command of that name, whose work is in `main`."""

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        try:
            code = main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run
