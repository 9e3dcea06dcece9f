"""A subscription with a registry and a network, reached by the real authorization SDK; a stage for
events, and a webhook that listens to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from azure.mgmt.authorization import AuthorizationManagementClient

from infra.emulator import Emulator, EmulatorTransport
from infra.emulator.clock import ManualClock
from infra.emulator.knobs import Knobs
from infra.emulator.world import Principal
from tests.emulator_access.stage import Stage
from tests.emulator_access.webhook import Webhook, serving


@dataclass(frozen=True)
class Site:
    """The emulator with the ids that tests speak of."""

    emulator: Emulator
    subscription: str
    group: str
    registry: str
    network: str
    subnet: str
    kubelet: Principal

    def client(self, principal: Principal) -> Any:
        """The real SDK client, signed in as a principal."""
        return AuthorizationManagementClient(
            self.emulator.credential(principal),
            self.emulator.subscription_id,
            transport=EmulatorTransport(self.emulator),
            retry_total=0,
        )

    @property
    def owner(self) -> Any:
        """The SDK as the operator, who is Owner."""
        return self.client(self.emulator.operator)

    def role(self, name: str) -> str:
        """The id of a built-in role, as seen in the subscription."""
        return self.emulator.definitions.named(name).id_at(self.subscription)

    def body(self, role: str = "AcrPull", **changes: object) -> dict[str, Any]:
        """The PUT body of an assignment to the kubelet identity."""
        properties = {
            "roleDefinitionId": self.role(role),
            "principalId": self.kubelet.object_id,
            "principalType": "ServicePrincipal",
        }
        return {"properties": {**properties, **changes}}

    def assign(self, scope: str, role: str = "AcrPull", **changes: object) -> Any:
        """An assignment under a new name, made by the operator."""
        return self.owner.role_assignments.create(
            scope, str(uuid.uuid4()), self.body(role, **changes)
        )


def make_site(knobs: Knobs) -> Site:
    """An emulator with time moved by hand, one group, a registry and a network in it."""
    emulator = Emulator(knobs, ManualClock())
    subscription = f"/subscriptions/{emulator.subscription_id}"
    group = f"{subscription}/resourceGroups/shared"
    registry = f"{group}/providers/Microsoft.ContainerRegistry/registries/images"
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/net"
    subnet = f"{network}/subnets/nodes"
    emulator.groups.create(emulator.subscription_id, "shared", "westus2")
    emulator.resources.put(registry, {"location": "westus2", "sku": {"name": "Basic"}})
    emulator.resources.put(
        network,
        {
            "location": "westus2",
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [{"name": "nodes", "properties": {"addressPrefix": "10.0.0.0/24"}}],
            },
        },
    )
    kubelet = emulator.world.directory.create("kubelet")
    return Site(emulator, subscription, group, registry, network, subnet, kubelet)


@pytest.fixture
def site() -> Iterator[Site]:
    made = make_site(Knobs(effective_seconds=(60.0, 60.0), principal_replication_seconds=30.0))
    yield made
    made.emulator.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.event_grid.close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving() as listening:
        yield listening
