"""Ports are free when chosen, and kept from one start to the next."""

import socket
from pathlib import Path

from infra.stack import ports

NAMES = ("blob", "queue", "table")


def test_ports_are_distinct_and_can_be_listened_at(tmp_path: Path) -> None:
    chosen = ports.remember(tmp_path / "ports.json", NAMES, in_use=())
    assert len(set(chosen.values())) == len(NAMES)
    assert all(ports.is_free(port) for port in chosen.values())


def test_a_second_start_gets_the_same_ports(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    assert ports.remember(file, NAMES, in_use=()) == ports.remember(file, NAMES, in_use=())


def test_a_port_taken_by_a_stranger_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    before = ports.remember(file, NAMES, in_use=())
    with socket.create_server(("127.0.0.1", before["queue"])):
        after = ports.remember(file, NAMES, in_use=())
    assert after["queue"] != before["queue"]
    assert (after["blob"], after["table"]) == (before["blob"], before["table"])


def test_a_port_that_a_running_part_listens_at_stays(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    before = ports.remember(file, NAMES, in_use=())
    with socket.create_server(("127.0.0.1", before["queue"])):
        assert ports.remember(file, NAMES, in_use=["queue"]) == before


def test_a_part_added_later_gets_a_port_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    before = ports.remember(file, NAMES, in_use=())
    after = ports.remember(file, (*NAMES, "host"), in_use=())
    assert after.items() >= before.items()
    assert after["host"] not in before.values()
