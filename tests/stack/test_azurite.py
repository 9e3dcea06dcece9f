"""Azurite as the stack runs it: real clients work with it, accounts do not see each other."""

from pathlib import Path

from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from infra.stack import azurite as program
from infra.stack.part import Part


def queue_names(connection_string: str) -> list[str]:
    with QueueServiceClient.from_connection_string(connection_string) as service:
        return [queue.name for queue in service.list_queues()]


def test_queues_and_tables_work_through_the_connection_string(storage: str) -> None:
    with QueueServiceClient.from_connection_string(storage) as service:
        service.create_queue("reconcile")
    with TableServiceClient.from_connection_string(storage) as tables:
        table = tables.create_table("clusters")
        table.create_entity({"PartitionKey": "a", "RowKey": "b"})
        assert table.get_entity("a", "b")["RowKey"] == "b"
    assert queue_names(storage) == ["reconcile"]


def test_a_test_account_is_empty_whatever_others_did(azurite: str, storage: str) -> None:
    with QueueServiceClient.from_connection_string(azurite) as service:
        service.create_queue("shared-by-all")
    assert queue_names(storage) == []


def test_a_restart_keeps_data_and_addresses_when_there_is_a_location(tmp_path: Path) -> None:
    part = Part("azurite", tmp_path, lambda: program.launch(["one"], None, tmp_path / "data"))
    try:
        part.start()
        connection = program.connection_string(part.url, "one")
        with QueueServiceClient.from_connection_string(connection) as service:
            service.create_queue("kept")
        part.restart()
        assert queue_names(program.connection_string(part.url, "one")) == ["kept"]
    finally:
        part.stop()


def test_azurite_is_ready_only_when_all_three_services_listen() -> None:
    line = "Azurite {} service is successfully listening at http://127.0.0.1:{}\n"
    two = line.format("Blob", 1) + line.format("Queue", 2)
    assert program.ready(two) is None
    assert program.ready(two + line.format("Table", 3)) == (
        "http://127.0.0.1:1 http://127.0.0.1:2 http://127.0.0.1:3"
    )
