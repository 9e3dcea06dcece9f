"""A deployment of the app for `doctor` to look at, and what it says of it."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from grantkeeper import event_checks, storage_checks
from shared import policy_file
from shared.delegation import WRITE, condition
from shared.ledger import Ledger
from shared.passes import Passes
from shared.settings import WorkStorage
from tests.cli import records
from tests.cli.azure import Azure

GRANTOR = "00000000-0000-4000-8000-00000000000a"
ASSIGNMENT = "00000000-0000-4000-8000-00000000000b"
TOPIC = "providers/Microsoft.EventGrid/systemTopics/topic"
Diagnosed = Callable[..., dict[str, Any]]


class Deployment:
    """A deployment that is whole: what the template makes, and the app's first hour."""

    def __init__(self, azure: Azure, storage: str, place: Path) -> None:
        self.azure, self.storage = azure, storage
        self.work = WorkStorage(connection_string=storage)
        self.file = place / "settings.json"
        self.policy = place / "policy.yaml"
        with QueueServiceClient.from_connection_string(storage) as queues:
            for name in storage_checks.QUEUES:
                queues.create_queue(name).close()
        with BlobServiceClient.from_connection_string(storage) as blobs:
            blobs.create_container("eventgrid-deadletter").close()
        with closing(Ledger.connect(self.work, None)) as ledger:
            ledger.ensure()
        with closing(Passes.connect(self.work, None)) as passes:
            passes.ensure()
        self.looked(timedelta(0))
        self.set()
        azure.define(GRANTOR, "grantor", WRITE)  # its policy does not clean up
        self.granting(self.condition())
        self.events()

    def set(self, **changes: str) -> None:
        """The app's settings, as `az functionapp config appsettings list` prints them."""
        values = {
            "AzureWebJobsStorage": self.storage,
            "Work": self.storage,
            "FLEET_SCHEDULE": "0 */15 * * * *",
            "MANAGED_SUBSCRIPTIONS": self.azure.subscription,
            "ARM_ENDPOINT": self.azure.environment["ARM_ENDPOINT"],
            "AZURE_CLIENT_ID": self.azure.emulator.app_identity.client_id,
            **changes,
        }
        listed = [{"name": n, "value": v, "slotSetting": False} for n, v in values.items() if v]
        self.file.write_text(json.dumps(listed))

    def looked(self, ago: timedelta, subscription: str = "") -> None:
        """The timer's last pass."""
        with closing(Passes.connect(self.work, None)) as passes:
            passes.look(subscription or self.azure.subscription, records.NOW - ago)

    def condition(self) -> str:
        return condition(policy_file.load(self.policy).grantable_roles)

    def granting(self, text: str) -> None:
        """The right to grant in the network's group, under a condition."""
        definitions = f"/subscriptions/{self.azure.subscription}/providers"
        properties = {
            "roleDefinitionId": f"{definitions}/Microsoft.Authorization/roleDefinitions/{GRANTOR}",
            "principalId": self.azure.caller,
            "principalType": "ServicePrincipal",
            **({"condition": text, "conditionVersion": "2.0"} if text else {}),
        }
        self.not_granting()
        answer = self.azure.town.ask("PUT", self._assignment, {"properties": properties})
        assert answer.status < 300, answer.body

    def not_granting(self) -> None:
        self.azure.town.ask("DELETE", self._assignment)

    @property
    def _assignment(self) -> str:
        authorization = "providers/Microsoft.Authorization"
        return f"{self.azure.group}/{authorization}/roleAssignments/{ASSIGNMENT}"

    def events(self, **changes: Any) -> None:
        """A system topic and its event subscription."""
        self.events_of(f"/subscriptions/{self.azure.subscription}", **changes)

    def events_of(self, source: str, **changes: Any) -> None:
        topic = f"{self.azure.group}/{TOPIC}"
        about = {"source": source, "topicType": "Microsoft.Resources.Subscriptions"}
        self.azure.emulator.resources.put(topic, {"location": "global", "properties": about})
        tests = {
            "operatorType": "StringIn",
            "key": "data.operationName",
            "values": list(event_checks.OPERATIONS),
        }
        container = {"blobContainerName": "eventgrid-deadletter"}
        properties = {
            "provisioningState": "Succeeded",
            "destination": {
                "endpointType": "AzureFunction",
                "properties": {"resourceId": "/…/sites/app/functions/cluster_changed"},
            },
            "deadLetterWithResourceIdentity": {
                "deadLetterDestination": {"endpointType": "StorageBlob", "properties": container}
            },
            "filter": {
                "includedEventTypes": list(event_checks.TYPES),
                "advancedFilters": [tests],
            },
            **changes,
        }
        path = f"{topic}/eventSubscriptions/clusters"
        self.azure.emulator.plant(path, {"id": path, "name": "clusters", "properties": properties})


def found(answer: dict[str, Any], status: str) -> dict[str, str]:
    """The messages of the checks with this status, by name."""
    return {each["name"]: each["message"] for each in answer["checks"] if each["status"] == status}
