"""The Event Grid subscription that wakes the function app, made in the emulator."""

from collections.abc import Mapping
from typing import Any, Literal

from infra.stack import control
from infra.stack.part import PartError
from infra.stack.process import wait_until

NAME = "clusters"
FUNCTION = "cluster_changed"
QUEUE = "cluster-events"
# The app looks there for events that were given up; on Azure the deployment makes it.
DEAD_LETTERS = "eventgrid-deadletter"
VALIDATION_SECONDS = 30
Delivery = Literal["function", "queue"]
DELIVERIES: tuple[Delivery, ...] = ("function", "queue")
_SUBSCRIPTIONS = "/event-subscriptions"
_GROUP = "grantkeeper"

# What became of a cluster or of one of its agent pools, and which role assignments are gone; other
# resources wake nobody.
FILTER = {
    "includedEventTypes": [
        "Microsoft.Resources.ResourceWriteSuccess",
        "Microsoft.Resources.ResourceWriteFailure",
        "Microsoft.Resources.ResourceWriteCancel",
        "Microsoft.Resources.ResourceDeleteSuccess",
    ],
    "advancedFilters": [
        {
            "operatorType": "StringIn",
            "key": "data.operationName",
            "values": [
                "Microsoft.ContainerService/managedClusters/write",
                "Microsoft.ContainerService/managedClusters/delete",
                "Microsoft.ContainerService/managedClusters/agentPools/write",
                "Microsoft.ContainerService/managedClusters/agentPools/delete",
                "Microsoft.Authorization/roleAssignments/delete",
            ],
        }
    ],
}


def register(
    emulator: Mapping[str, str], host_url: str, storage: str, delivery: Delivery = "function"
) -> None:
    """Deliver the emulated subscription's events to the function's webhook, or onto the queue,
    unless that is so; what is given up goes to the storage account (its connection string).

    `emulator` is its environment file. Returns once the webhook answered the validation handshake.
    Raises PartError when it does not, urllib.error.URLError when the emulator refuses.
    """
    destination = _webhook(host_url) if delivery == "function" else _queue(storage)
    if not _delivers(_shown(emulator), destination):
        dead_letters = {
            "endpointType": "StorageBlob",
            "connectionString": storage,
            "blobContainerName": DEAD_LETTERS,
        }
        subscription = {
            "destination": destination,
            "filter": FILTER,
            "deadLetterDestination": dead_letters,
        }
        control.call(emulator, "PUT", f"{_SUBSCRIPTIONS}/{NAME}", subscription)
        wait_until(lambda: _shown(emulator)["provisioningState"] != "Creating", VALIDATION_SECONDS)
        _show_in_arm(emulator, _shown(emulator))
    shown = _shown(emulator)
    if not _delivers(shown, destination):
        where = shown["destination"]
        raise PartError(f"{where} did not pass Event Grid's validation: {shown['detail']}")


def _webhook(host_url: str) -> dict[str, Any]:
    address = f"{host_url}/runtime/webhooks/eventgrid?functionName={FUNCTION}"
    return {"endpointType": "WebHook", "endpointUrl": address}


def _queue(storage: str) -> dict[str, Any]:
    return {
        "endpointType": "StorageQueue",
        "connectionString": storage,
        "queueName": QUEUE,
        "queueMessageTimeToLiveInSeconds": 7 * 24 * 3600,
    }


def _show_in_arm(emulator: Mapping[str, str], shown: Mapping[str, Any]) -> None:
    """Show the subscription as ARM would: on a system topic, and, where the emulator delivers to a
    URL, leading to the function."""
    source = f"/subscriptions/{emulator['SUBSCRIPTION_ID']}"
    group = f"{source}/resourceGroups/{_GROUP}"
    topic = f"{group}/providers/Microsoft.EventGrid/systemTopics/{NAME}"
    container = {"blobContainerName": shown["deadLetterDestination"]["blobContainerName"]}
    documents = {
        topic: {"source": source, "topicType": "Microsoft.Resources.Subscriptions"},
        f"{topic}/eventSubscriptions/{NAME}": {
            "provisioningState": shown["provisioningState"],
            **_destination_in_arm(group, shown["destination"]),
            "filter": shown["filter"],
            "deadLetterDestination": {"endpointType": "StorageBlob", "properties": container},
        },
    }
    for path, properties in documents.items():
        document = {"id": path, "name": NAME, "properties": properties}
        control.call(emulator, "POST", "/planted", {"id": path, "document": document})


def _destination_in_arm(group: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """As the template has it: the function, or the queue by the topic's own identity."""
    if "queueName" not in shown:
        function = f"{group}/providers/Microsoft.Web/sites/{_GROUP}/functions/{FUNCTION}"
        properties = {"resourceId": function}
        return {"destination": {"endpointType": "AzureFunction", "properties": properties}}
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/{_GROUP}"
    queue = {"resourceId": account, "queueName": shown["queueName"]}
    return {
        "deliveryWithResourceIdentity": {
            "identity": {"type": "SystemAssigned"},
            "destination": {"endpointType": "StorageQueue", "properties": queue},
        }
    }


def _shown(emulator: Mapping[str, str]) -> dict[str, Any]:
    """The subscription as the emulator describes it; empty when there is none."""
    listed: list[dict[str, Any]] = control.call(emulator, "GET", _SUBSCRIPTIONS)["value"]
    return next((each for each in listed if each["name"] == NAME), {})


def _delivers(shown: Mapping[str, Any], destination: Mapping[str, Any]) -> bool:
    """Whether it leads there; what is shown has neither a URL's query nor a connection string."""
    there = {name: text for name, text in destination.items() if name != "connectionString"}
    if url := there.pop("endpointUrl", ""):
        there["endpointBaseUrl"] = url.partition("?")[0]
    return shown.get("provisioningState") == "Succeeded" and shown["destination"] == there
