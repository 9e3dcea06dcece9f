"""Towns for the flow tests: the product in an emulated Azure, behind its real doors."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from shared import wiring
from tests.flow.town import Town

Found = Callable[..., Town]


@pytest.fixture
def found_town(storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Found]:
    """Founds a town with a network, a registry, and the policy and knobs of a test's choice; the
    doors lead into it."""
    towns: list[Town] = []

    def found(policy_text: bytes | None = None, **knobs: Any) -> Town:
        town = Town(storage, policy_text, **knobs)
        towns.append(town)
        town.make_network()
        town.make_registry()
        monkeypatch.setattr(wiring, "application", lambda: town.app)
        return town

    yield found
    for town in towns:
        town.close()


@pytest.fixture
def town(found_town: Found) -> Town:
    """A town as it usually is: clusters take 4 minutes, permissions work after 5."""
    return found_town()


@pytest.fixture
def quick(found_town: Found) -> Town:
    """A town where clusters are made at once."""
    return found_town(provisioning_seconds=(5, 5))


@pytest.fixture
def tables(storage: str) -> Iterator[TableServiceClient]:
    """The product's tables, past the product."""
    with TableServiceClient.from_connection_string(storage) as service:
        yield service
