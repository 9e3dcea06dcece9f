"""The product in an emulated Azure, with as many grants to make as a figure asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from unittest.mock import patch

import yaml

from shared import wiring
from tests.flow.town import POLICY, Town

Verify = Literal["read", "probe"]

MOST_GRANTS = 2
# Every grant is proven by the cluster itself, that on the subnet by a load balancer in it.
_VERIFY = {"read": "read", "probe": "loadBalancer"}


def policy_text(verify: Verify, grants: int) -> bytes:
    """The flow tests' policy, with evidence of this kind; its declared grant is one of `grants`."""
    policy = yaml.safe_load(POLICY.read_text())
    policy["propagation"] = {"verify": _VERIFY[verify]}
    if grants == 0:
        policy["grants"] = []
    return yaml.safe_dump(policy).encode()


@contextmanager
def installed(town: Town) -> Iterator[None]:
    """The doors of function_app lead into this town, which has a network and a registry."""
    with patch.object(wiring, "application", lambda: town.app):
        try:
            town.make_network()
            town.make_registry()
            town.azure.world.ledger.clear()
            yield
        finally:
            town.close()


def request(town: Town, grants: int) -> None:
    """Ask for cluster `c1`, which needs so many grants: AcrPull, then its nodes' subnet."""
    changes: dict[str, Any] = {}
    if grants == MOST_GRANTS:
        changes["parameters"] = {"subnet": town.subnet}
    town.request(**changes)
