"""Where the storage is, and what is said when it cannot be used."""

from pathlib import Path

import pytest

from grantkeeper.connection import account_name
from shared.settings import WorkStorage
from shared.store import Store
from tests.cli import records
from tests.typed import Type


def test_without_any_storage_the_remedy_is_said(typed: Type) -> None:
    answer = typed("status")
    assert answer.code == 2
    assert "set WORK_STORAGE" in answer.err
    assert "make up" in answer.err


def test_the_local_stack_is_used_when_nothing_else_is_named(
    typed: Type, place: Path, storage: str, store: Store
) -> None:
    store.save(records.ready("one"), None)
    (place / ".local").mkdir()
    (place / ".local" / "env").write_text(f"# a comment\nWORK_STORAGE='{storage}'\n")
    answer = typed("status", "one")
    assert answer.code == 0
    assert answer.err == "Using the local stack (.local/env)\n"


def test_the_environment_wins_over_the_local_stack(
    grantkeeper: Type, place: Path, store: Store
) -> None:
    store.save(records.ready("one"), None)
    (place / ".local").mkdir()
    (place / ".local" / "env").write_text("WORK_STORAGE='nonsense'\n")
    answer = grantkeeper("status", "one")
    assert (answer.code, answer.err) == (0, "")


def test_a_storage_account_out_of_reach_is_one_line(typed: Type) -> None:
    nowhere = "http://127.0.0.1:9/none"
    answer = typed(
        "--work-storage",
        f"AccountName=none;AccountKey=bm9uZQ==;TableEndpoint={nowhere};QueueEndpoint={nowhere}",
        "status",
    )
    assert answer.code == 4
    assert answer.err.startswith("grantkeeper: the storage account cannot be reached: ")
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--work-storage", "nonsense"], "WORK_STORAGE: not a storage connection string"),
        (["--queue-uri", "https://a.queue.core.windows.net"], "WORK_TABLE_URI: missing"),
        (["--queue-uri", "http://a", "--table-uri", "http://b"], "WORK_QUEUE_URI: not an https"),
    ],
)
def test_a_wrong_address_is_said_by_name(typed: Type, arguments: list[str], fault: str) -> None:
    answer = typed(*arguments, "status")
    assert answer.code == 2
    assert fault in answer.err


@pytest.mark.parametrize("command", [["submit"], ["status"], ["watch"], ["policy", "check"]])
def test_the_help_of_each_command_has_an_example(typed: Type, command: list[str]) -> None:
    answer = typed(*command, "--help")
    assert f"Example: grantkeeper {' '.join(command)}" in answer.out
    assert answer.code == 0


@pytest.mark.parametrize(
    ("storage", "name"),
    [
        (WorkStorage(connection_string="AccountName=one;AccountKey=a2V5"), "one"),
        (WorkStorage(queue_service_uri="https://two.queue.core.windows.net"), "two"),
        (WorkStorage(queue_service_uri="https://127.0.0.1:10001/three"), ""),
        (WorkStorage(queue_service_uri="https://four.z01.queue.storage.azure.net"), ""),
    ],
)
def test_an_account_is_known_by_its_address(storage: WorkStorage, name: str) -> None:
    assert account_name(storage) == name
