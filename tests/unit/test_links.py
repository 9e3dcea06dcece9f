"""What a cluster points at is read once a turn, and believed until the resync; else retried."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.emulator import Emulator, EmulatorTransport
from infra.emulator.faults import Fault
from infra.emulator.knobs import Knobs
from shared.arm import Arm, connect
from shared.links import Links
from shared.model import Link
from shared.resource_id import ResourceId, Scope, parse_scope
from shared.settings import Settings, WorkStorage
from tests.unit.nouns import NOW, at, policy

ENDPOINT = "https://management.azure.com"
ROUTES, OTHER_ROUTES = "/the/route/table", "/another/route/table"


def nowhere(_role: str, _scope: Scope) -> bool:
    """These tests assign nothing."""
    return False


@pytest.fixture
def azure() -> Iterator[Emulator]:
    with closing(Emulator(Knobs())) as azure:
        yield azure


@pytest.fixture
def arm(azure: Emulator) -> Iterator[Arm]:
    read = Settings((azure.subscription_id,), Path(), WorkStorage(), ENDPOINT, ENDPOINT)
    transport = EmulatorTransport(azure)
    with closing(
        connect(azure.credential(azure.app_identity), read, nowhere, transport=transport)
    ) as arm:
        yield arm


@pytest.fixture
def subnet(azure: Emulator) -> ResourceId:
    return resource(azure, "Microsoft.Network/virtualNetworks/v/subnets/nodes")


def resource(azure: Emulator, name: str) -> ResourceId:
    found = parse_scope(
        f"/subscriptions/{azure.subscription_id}/resourceGroups/net/providers/{name}"
    )
    assert isinstance(found, ResourceId)
    return found


def route(azure: Emulator, subnet: ResourceId, table: str) -> None:
    """The operator gives the subnet a route table."""
    azure.plant(str(subnet), {"properties": {"routeTable": {"id": table}}})


def turn(arm: Arm, before: Links | None = None, seconds: float = 0, **more: float) -> Links:
    """A turn that knows what the one before it left."""
    known = {each.id.lower(): each for each in before.used.values()} if before else {}
    return Links(arm.facts, policy(), at(seconds, **more), known)


def table_of(links: Links, subnet: ResourceId) -> Any:
    found = links.facts(subnet)
    return None if found is None else found.get("routeTable", ())


def test_a_resource_tells_its_facts(azure: Emulator, arm: Arm, subnet: ResourceId) -> None:
    route(azure, subnet, ROUTES)
    links = turn(arm)
    assert links.facts(subnet) == {"routeTable": (ROUTES,), "networkSecurityGroup": ()}
    assert list(links.used.values()) == [
        Link(str(subnet), NOW, {"routeTable": (ROUTES,), "networkSecurityGroup": ()})
    ]


@pytest.mark.parametrize(
    "name", ["Microsoft.Network/routeTables/rt", "Microsoft.KeyVault/vaults/v"]
)
def test_of_other_types_nothing_is_read(azure: Emulator, arm: Arm, name: str) -> None:
    links = turn(arm)
    assert links.facts(resource(azure, name)) == {}
    assert links.used == {}


def test_a_resource_that_is_not_there_has_no_facts(arm: Arm, subnet: ResourceId) -> None:
    links = turn(arm)
    assert links.facts(subnet) == {}
    assert links.used[subnet.key] == Link(str(subnet), NOW)


def test_it_is_read_once_a_turn(azure: Emulator, arm: Arm, subnet: ResourceId) -> None:
    route(azure, subnet, ROUTES)
    links = turn(arm)
    assert table_of(links, subnet) == (ROUTES,)
    route(azure, subnet, OTHER_ROUTES)
    assert table_of(links, subnet) == (ROUTES,)
    shouted = parse_scope(str(subnet).upper())
    assert isinstance(shouted, ResourceId)
    assert table_of(links, shouted) == (ROUTES,)
    assert len(links.used) == 1


@pytest.mark.parametrize(
    ("hours", "table"), [(0.1, ROUTES), (23.99, ROUTES), (24, OTHER_ROUTES), (48, OTHER_ROUTES)]
)
def test_what_was_read_is_believed_until_the_resync(
    azure: Emulator, arm: Arm, subnet: ResourceId, hours: float, table: str
) -> None:
    route(azure, subnet, ROUTES)
    first = turn(arm)
    assert table_of(first, subnet) == (ROUTES,)
    route(azure, subnet, OTHER_ROUTES)
    later = turn(arm, first, hours=hours)
    assert table_of(later, subnet) == (table,)
    read_at = NOW if table == ROUTES else at(hours=hours)
    assert later.used[subnet.key].read_at == read_at


def test_what_a_turn_does_not_ask_for_is_forgotten(
    azure: Emulator, arm: Arm, subnet: ResourceId
) -> None:
    route(azure, subnet, ROUTES)
    first = turn(arm)
    first.facts(subnet)
    assert turn(arm, first, 60).used == {}


def forbid(azure: Emulator, **how: Any) -> None:
    azure.faults.add(Fault("status", path="subnets", status=403, code="AuthorizationFailed", **how))


def test_one_that_cannot_be_read_is_unknown_and_says_why(
    azure: Emulator, arm: Arm, subnet: ResourceId
) -> None:
    route(azure, subnet, ROUTES)
    forbid(azure, message="no right to read it")
    links = turn(arm)
    assert links.facts(subnet) is None
    link = links.used[subnet.key]
    assert (link.read_at, link.reason) == (None, "AuthorizationFailed")
    assert "no right to read it" in link.message
    assert (link.failing_since, link.retry_at) == (NOW, at(15))


def test_a_failed_read_is_repeated_when_it_is_due(
    azure: Emulator, arm: Arm, subnet: ResourceId
) -> None:
    route(azure, subnet, ROUTES)
    forbid(azure, count=1)
    first = turn(arm)
    assert table_of(first, subnet) is None
    assert table_of(first, subnet) is None  # not again in the same turn
    early = turn(arm, first, 14)
    assert table_of(early, subnet) is None
    assert early.used == first.used
    again = turn(arm, early, 15)
    assert table_of(again, subnet) == (ROUTES,)
    link = again.used[subnet.key]
    assert (link.read_at, link.reason, link.failing_since, link.retry_at) == (
        at(15),
        "",
        None,
        None,
    )


def test_waits_grow_with_the_age_of_the_failure(
    azure: Emulator, arm: Arm, subnet: ResourceId
) -> None:
    forbid(azure)
    links = turn(arm)
    assert links.facts(subnet) is None
    for age, wait in ((400, timedelta(seconds=100)), (700, timedelta(hours=1))):
        links = turn(arm, links, age)
        assert links.facts(subnet) is None
        link = links.used[subnet.key]
        assert (link.failing_since, link.retry_at) == (NOW, at(age) + wait)
    assert links.used[subnet.key].reason == "NeedsAdministrator"


def test_what_was_read_before_is_believed_while_it_cannot_be_read_again(
    azure: Emulator, arm: Arm, subnet: ResourceId
) -> None:
    route(azure, subnet, ROUTES)
    first = turn(arm)
    first.facts(subnet)
    forbid(azure, count=1)
    resync = turn(arm, first, hours=24)
    assert table_of(resync, subnet) == (ROUTES,)
    link = resync.used[subnet.key]
    assert (link.read_at, link.reason) == (NOW, "AuthorizationFailed")
    assert (link.failing_since, link.retry_at) == (at(hours=24), at(15, hours=24))
    route(azure, subnet, OTHER_ROUTES)
    assert table_of(turn(arm, resync, 14, hours=24), subnet) == (ROUTES,)
    assert table_of(turn(arm, resync, 15, hours=24), subnet) == (OTHER_ROUTES,)


def test_an_answer_that_is_no_json_is_a_failure_too(
    azure: Emulator, arm: Arm, subnet: ResourceId
) -> None:
    azure.plant(str(subnet), b"<html>")
    links = turn(arm)
    assert links.facts(subnet) is None
    assert links.used[subnet.key].retry_at is not None
