"""What ARM answers may be no JSON at all: nothing is concluded, and the next look may tell."""

import pytest

from tests.flow.town import Town

NO_JSON = [
    b"",
    b"<html>",
    b'{"id": 1,}',
    b"{}{}",
    b"\xff\xfe{}",
    b'{"properties": ' + b"[" * 60_000,
]


@pytest.mark.parametrize("text", NO_JSON, ids=lambda text: repr(text[:12]))
def test_a_cluster_that_cannot_be_read_for_a_while_is_looked_at_again(
    town: Town, text: bytes
) -> None:
    town.make_cluster()
    town.run_until(town.ready)
    town.azure.plant(str(town.id_of()), text)
    town.run(5)
    assert town.record().unread_since
    assert town.ready()
    town.azure.planted.clear()
    town.tick()
    town.run_until(lambda: not town.record().unread_since)
    assert town.grants_made() == town.expected_grants("c1")


@pytest.mark.parametrize("text", NO_JSON, ids=lambda text: repr(text[:12]))
def test_a_subnet_that_cannot_be_read_holds_up_no_grant_but_its_own(
    town: Town, text: bytes
) -> None:
    town.azure.plant(town.subnet, text)
    town.make_cluster()
    town.run(20)
    assert town.grants_made() == town.expected_grants("c1")
    assert town.status("RolesAssigned") == ("Unknown", "UnreadableAnswer")


def test_a_cluster_with_more_of_everything_than_can_be_kept_is_kept(town: Town) -> None:
    pools = [{"vnetSubnetID": f"{town.subnet}{number}"} for number in range(3000)]
    tags = {f"{'t' * 200}{number}": number for number in range(3000)}
    town.azure.plant(
        str(town.id_of()),
        {
            "tags": tags,
            "identity": {"type": "SystemAssigned"},
            "properties": {"agentPoolProfiles": [*pools, *range(3000)], "identityProfile": tags},
        },
    )
    town.run(5)
    assert town.record().grants
    assert any("more than 100 items" in fault for fault in town.record().faults)
