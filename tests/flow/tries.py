"""How often, and when, the product has tried something."""

from datetime import datetime, timedelta
from itertools import pairwise

from tests.flow.town import Town

CLUSTER = "managedClusters/c1$"
ASSIGNMENT = "/nodes/.*roleAssignments/"
SOON, HOURLY = timedelta(seconds=15), timedelta(hours=1)
ROUGHLY = timedelta(seconds=10)  # a turn begins within the town's step, and delays are rounded up
STEP = 1 / 12  # minutes


def ask(town: Town) -> None:
    """Request a cluster that needs a role on the subnet `nodes`, and one on the registry."""
    town.request(parameters={"subnet": town.subnet})


def requests(town: Town) -> list[tuple[str, str]]:
    """The method and path of every request of the product."""
    return [(method, path) for _, method, path in _tries(town)]


def gaps(town: Town, method: str, path: str) -> list[timedelta]:
    """The times between the product's requests of one kind."""
    times = [at for at, sent, to in _tries(town) if sent == method and path in to]
    return [later - earlier for earlier, later in pairwise(times)]


def first_write(town: Town, path: str) -> None:
    """Let time pass until the product has tried to write once."""
    while town.calls("PUT", path) == 0:
        town.run(STEP)


def first_gap(town: Town, path: str) -> timedelta:
    """Let nothing but time pass until there have been two writes; the time between them, or two
    hours when there is no second one by then."""
    end = town.clock.now() + timedelta(hours=2)
    while town.clock.now() < end:
        if found := gaps(town, "PUT", path):
            return found[0]
        town.run(STEP, timer=False, events=False)
    return timedelta(hours=2)


def _tries(town: Town) -> list[tuple[datetime, str, str]]:
    app = town.azure.app_identity.display_name
    entries = town.azure.world.ledger.entries
    return [(each.at, each.method, each.path) for each in entries if each.caller_name == app]
