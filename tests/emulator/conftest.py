"""An emulator with a clock moved by hand, and the real SDK clients on its in-process transport."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerservice import ContainerServiceClient

from infra.emulator import Emulator, EmulatorTransport, Knobs, ManualClock

from .town import Town


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    emulator = Emulator(Knobs(seed=7), ManualClock())
    yield emulator
    emulator.close()


@pytest.fixture
def aks(emulator: Emulator) -> Any:
    credential = emulator.credential(emulator.app_identity)
    transport = EmulatorTransport(emulator)
    return ContainerServiceClient(credential, emulator.subscription_id, transport=transport)


@pytest.fixture
def rbac(emulator: Emulator) -> Any:
    credential = emulator.credential(emulator.app_identity)
    transport = EmulatorTransport(emulator)
    return AuthorizationManagementClient(credential, emulator.subscription_id, transport=transport)


@pytest.fixture
def town(emulator: Emulator) -> Town:
    return Town(emulator)
