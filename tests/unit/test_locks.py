"""What a lock may hold back: by table."""

import json

import pytest

from shared.locks import Lock
from shared.permissions import Permissions
from shared.wire import locks

JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ = "Microsoft.Network/virtualNetworks/subnets/read"


@pytest.mark.parametrize(
    ("level", "actions", "held_back"),
    [
        ("ReadOnly", (READ, JOIN), JOIN),
        ("readonly", ("Microsoft.Network/*",), "Microsoft.Network/*"),
        ("ReadOnly", (READ, "Microsoft.Network/*/read"), ""),
        ("ReadOnly", (), ""),
        ("CanNotDelete", ("*", JOIN), ""),
        ("NotSpecified", (JOIN,), ""),
    ],
)
def test_a_read_only_lock_holds_back_all_but_reads(
    level: str, actions: tuple[str, ...], held_back: str
) -> None:
    assert Lock("id", "keep", level).holds_back(Permissions(actions)) == held_back


def test_a_lock_holds_back_nothing_of_the_data_plane() -> None:
    needed = Permissions(data_actions=("Microsoft.KeyVault/vaults/secrets/write",))
    assert Lock("id", "keep", "ReadOnly").holds_back(needed) == ""


def test_locks_are_read_leniently() -> None:
    good = {"id": "id", "name": "keep", "properties": {"level": "ReadOnly", "notes": "x"}}
    text = json.dumps({"value": [good, None, {"properties": []}]}).encode()
    assert locks(text) == (Lock("id", "keep", "ReadOnly"), Lock("", "", ""), Lock("", "", ""))
    assert locks(b"{}") == ()
