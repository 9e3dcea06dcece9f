"""Fixtures for every test: Azurite, started once, and a storage account of one's own in it."""

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.stack import azurite as azurite_program
from infra.stack.lifeline import Lifeline
from infra.stack.part import Part, PartError

# Accounts cost nothing, but Azurite must know them all when it starts, from one environment
# variable: Linux lets it have 128 KB, some 1300 accounts.
_ACCOUNTS = [f"account{number:03}" for number in range(1000)]
_unused_accounts = itertools.count(1)


def pytest_configure() -> None:
    """End as if by Ctrl-C on SIGTERM, so that fixtures still stop what they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def azurite_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The addresses of one Azurite, in memory, for all tests of the session."""
    folder: Path = tmp_path_factory.mktemp("azurite")
    with Lifeline() as lifeline:
        part = Part("azurite", folder, lambda: azurite_program.launch(_ACCOUNTS), lifeline)
        try:
            part.start()
            yield part.url
        except PartError as error:
            pytest.fail(str(error), pytrace=False)
        finally:
            # Nothing in it is worth a graceful end, which would wait for idle connections.
            part.kill()
            part.stop()


@pytest.fixture(scope="session")
def azurite(azurite_url: str) -> str:
    """The connection string of a storage account that all tests share."""
    return azurite_program.connection_string(azurite_url, _ACCOUNTS[0])


@pytest.fixture
def storage(azurite_url: str) -> str:
    """The connection string of an empty storage account that no other test sees."""
    return azurite_program.connection_string(azurite_url, _ACCOUNTS[next(_unused_accounts)])
