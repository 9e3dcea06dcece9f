"""A role is granted only while Azure defines it safely, and as it did when it was first granted."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.emulator import Emulator, EmulatorTransport, ManualClock
from infra.emulator.faults import Fault
from infra.emulator.wire import Request
from shared import arm as azure_resource_manager
from shared import policy_file
from shared import store as tables
from shared.arm import Arm
from shared.definitions import Definitions
from shared.errors import Transient
from shared.resource_id import Scope
from shared.roles import ACR_PULL, BUILT_IN_ROLES, NETWORK_CONTRIBUTOR
from shared.settings import Settings, WorkStorage
from shared.store import Store

ENDPOINT = "https://management.azure.com"
CUSTOM = "c0c0c0c0-0000-4000-8000-000000000001"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
READ = "Microsoft.Network/virtualNetworks/subnets/read"
SECRETS = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
POLICY = f"""
apiVersion: grantkeeper/v1
profiles: {{}}
grantable:
  - roles: [AcrPull, Network Contributor, Key Vault Secrets User]
    scopes: [/subscriptions/*/resourceGroups/net-*]
  - roles: [{CUSTOM}]
    scopes: [/subscriptions/*/resourceGroups/net-*]
    dataActions: [{SECRETS}]
"""


def nowhere(_role: str, _scope: Scope) -> bool:
    """These tests assign nothing."""
    return False


@dataclass
class Tenant:
    """An Azure whose operator writes custom roles, and the product's view of it."""

    azure: Emulator
    arm: Arm
    store: Store
    clock: ManualClock

    def definitions(self) -> Definitions:
        """What a process that has just started knows: nothing."""
        policy = policy_file.parse(POLICY.encode())
        return Definitions(self.arm, self.store, policy, self.clock.now)

    @property
    def subscription(self) -> str:
        return self.azure.subscription_id

    def path(self, role: str) -> str:
        return (
            f"/subscriptions/{self.subscription}"
            f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
        )

    def write(self, *actions: str, name: str = "Subnet Joiner", **more: list[str]) -> None:
        """The operator writes the custom role, as new or over the one there is."""
        self._ask(
            "PUT",
            {
                "properties": {
                    "roleName": name,
                    "assignableScopes": [f"/subscriptions/{self.subscription}"],
                    "permissions": [{"actions": list(actions), **more}],
                }
            },
        )

    def delete(self) -> None:
        self._ask("DELETE", {})

    def _ask(self, method: str, body: dict[str, Any]) -> None:
        token = self.azure.credential(self.azure.operator).get_token(f"{ENDPOINT}/.default").token
        url = f"{ENDPOINT}{self.path(CUSTOM)}?api-version=2022-04-01"
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        text = json.dumps(body).encode()
        answer = self.azure.handle(Request.build(method, url, headers, text))
        assert answer.status < 300, answer.body

    def reads(self) -> int:
        """How many definitions ARM has told the product."""
        caller = self.azure.app_identity.display_name
        return sum(
            entry.caller_name == caller and "roleDefinitions" in entry.path
            for entry in self.azure.world.ledger.entries
        )


@pytest.fixture
def tenant(storage: str) -> Iterator[Tenant]:
    clock = ManualClock()
    azure = Emulator(clock=clock)
    settings = Settings((azure.subscription_id,), Path(), WorkStorage(storage), ENDPOINT, ENDPOINT)
    arm = azure_resource_manager.connect(
        azure.credential(azure.app_identity),
        settings,
        nowhere,
        transport=EmulatorTransport(azure),
    )
    store = tables.connect(WorkStorage(connection_string=storage), None)
    with closing(azure), closing(arm), closing(store):
        store.ensure()
        yield Tenant(azure, arm, store, clock)


def test_a_definition_is_read_as_azure_has_it(tenant: Tenant) -> None:
    tenant.write("Microsoft.Network/*", notActions=[READ], dataActions=[SECRETS])
    found = tenant.definitions().get(CUSTOM, tenant.subscription)
    assert found
    assert (found.role, found.name, found.custom) == (CUSTOM, "Subnet Joiner", True)
    (block,) = found.permissions
    assert (block.actions, block.not_actions) == (("Microsoft.Network/*",), (READ,))
    assert (block.data_actions, block.not_data_actions) == ((SECRETS,), ())


@pytest.mark.parametrize(
    "role", [ACR_PULL, NETWORK_CONTRIBUTOR, BUILT_IN_ROLES["Key Vault Secrets User"]]
)
def test_a_built_in_role_is_not_refused(tenant: Tenant, role: str) -> None:
    assert tenant.definitions().refusal(role, tenant.subscription) == ("", "")


def test_a_role_that_is_not_there_is_refused_until_it_is(tenant: Tenant) -> None:
    definitions = tenant.definitions()
    reason, _ = definitions.refusal(CUSTOM, tenant.subscription)
    assert reason == "RoleDefinitionDoesNotExist"
    tenant.write(JOIN)
    assert definitions.refusal(CUSTOM, tenant.subscription) == ("", "")


@pytest.mark.parametrize(
    "action", ["*", "Microsoft.Authorization/roleAssignments/write", "*/write"]
)
def test_a_dangerous_custom_role_is_refused_and_the_action_named(
    tenant: Tenant, action: str
) -> None:
    tenant.write(JOIN, action)
    reason, message = tenant.definitions().refusal(CUSTOM, tenant.subscription)
    assert reason == "RoleNotSafe"
    assert repr(action) in message


def test_data_actions_are_those_that_policy_declares(tenant: Tenant) -> None:
    tenant.write(JOIN, dataActions=[SECRETS])
    assert tenant.definitions().refusal(CUSTOM, tenant.subscription) == ("", "")
    tenant.write(JOIN, dataActions=["Microsoft.KeyVault/vaults/secrets/*"])
    reason, message = tenant.definitions().refusal(CUSTOM, tenant.subscription)
    assert (reason, "secrets/*" in message) == ("RoleNotSafe", True)


def test_a_custom_role_that_may_do_something_else_is_refused_in_every_process(
    tenant: Tenant,
) -> None:
    tenant.write(JOIN)
    assert tenant.definitions().refusal(CUSTOM, tenant.subscription) == ("", "")
    tenant.write(JOIN, READ)
    for _ in range(2):
        reason, _ = tenant.definitions().refusal(CUSTOM, tenant.subscription)
        assert reason == "RoleDefinitionChanged"
    tenant.write(JOIN.upper(), name="Same Role")
    assert tenant.definitions().refusal(CUSTOM, tenant.subscription) == ("", "")


def test_an_operator_accepts_the_definition_they_have_seen(tenant: Tenant) -> None:
    tenant.write(JOIN)
    tenant.definitions().refusal(CUSTOM, tenant.subscription)
    tenant.write(JOIN, READ)
    definitions = tenant.definitions()
    seen = definitions.get(CUSTOM, tenant.subscription)
    assert seen
    tenant.store.repin(CUSTOM, seen.digest)
    assert definitions.refusal(CUSTOM, tenant.subscription) == ("", "")
    tenant.write(JOIN)
    reason, _ = tenant.definitions().refusal(CUSTOM, tenant.subscription)
    assert reason == "RoleDefinitionChanged"


def test_a_role_that_is_refused_as_dangerous_is_not_pinned(tenant: Tenant) -> None:
    tenant.write("*")
    tenant.definitions().refusal(CUSTOM, tenant.subscription)
    tenant.write(JOIN)
    assert tenant.definitions().refusal(CUSTOM, tenant.subscription) == ("", "")


def test_a_built_in_role_may_grow_but_not_become_dangerous(tenant: Tenant) -> None:
    def microsoft_adds(action: str) -> None:
        document = tenant.azure.definitions.get(ACR_PULL)
        assert document
        body = document.to_json("/")
        body["properties"]["permissions"][0]["actions"].append(action)
        tenant.azure.plant(tenant.path(ACR_PULL), body)

    assert tenant.definitions().refusal(ACR_PULL, tenant.subscription) == ("", "")
    microsoft_adds("Microsoft.ContainerRegistry/registries/artifacts/read")
    assert tenant.definitions().refusal(ACR_PULL, tenant.subscription) == ("", "")
    microsoft_adds("Microsoft.Authorization/*")
    reason, _ = tenant.definitions().refusal(ACR_PULL, tenant.subscription)
    assert reason == "RoleNotSafe"


def test_a_definition_is_believed_for_an_hour(tenant: Tenant) -> None:
    tenant.write(JOIN)
    definitions = tenant.definitions()
    definitions.refusal(CUSTOM, tenant.subscription)
    tenant.write("*")
    tenant.clock.advance(59 * 60)
    assert definitions.refusal(CUSTOM, tenant.subscription) == ("", "")
    assert tenant.reads() == 1
    tenant.clock.advance(60)
    assert definitions.refusal(CUSTOM, tenant.subscription)[0] == "RoleNotSafe"
    assert tenant.reads() == 2


def test_a_role_that_was_deleted_is_refused_once_it_is_read_again(tenant: Tenant) -> None:
    tenant.write(JOIN)
    definitions = tenant.definitions()
    definitions.refusal(CUSTOM, tenant.subscription)
    tenant.delete()
    tenant.clock.advance(3600)
    reason, _ = definitions.refusal(CUSTOM, tenant.subscription)
    assert reason == "RoleDefinitionDoesNotExist"


def test_a_failure_of_azure_is_a_failure_not_an_answer(tenant: Tenant) -> None:
    tenant.write(JOIN)
    caller = tenant.azure.app_identity.display_name
    tenant.azure.faults.add(
        Fault("status", caller=caller, status=429, code="TooManyRequests", count=1)
    )
    definitions = tenant.definitions()
    with pytest.raises(Transient):
        definitions.refusal(CUSTOM, tenant.subscription)
    assert definitions.refusal(CUSTOM, tenant.subscription) == ("", "")
