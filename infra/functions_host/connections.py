"""Finds the storage account a binding's `connection` names, and opens its queues.

Sources: `IConfigurationExtensions` (WebJobs SDK), `StorageClientProvider` (storage extension).
"""

from __future__ import annotations

from collections.abc import Mapping

from azure.core.credentials import TokenCredential
from azure.identity import ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.queue import LinearRetry, QueueClient, QueueServiceClient

from .settings import SettingsError, look_up

DEFAULT_CONNECTION = "AzureWebJobsStorage"
_PREFIX = "AzureWebJobs"


class Accounts:
    """The storage accounts of one app, each opened once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._opened: dict[str, QueueServiceClient] = {}

    def open(self, connection: str | None) -> QueueServiceClient:
        """The account behind `connection`. Raises SettingsError; nothing is contacted yet."""
        name = connection or DEFAULT_CONNECTION
        if name not in self._opened:
            self._opened[name] = open_account(name, self._environment)
        return self._opened[name]

    def queue(self, connection: str | None, name: str) -> QueueClient:
        """The queue `name`, without an encoding policy: the host does base64 itself."""
        return self.open(connection).get_queue_client(name)

    def close(self) -> None:
        """Close every connection."""
        for account in self._opened.values():
            account.close()


def open_account(name: str, environment: Mapping[str, str]) -> QueueServiceClient:
    """The queue service behind `name`: a connection string, or a section for an identity.

    Tries `AzureWebJobs<name>` before `<name>`, each first under
    `ConnectionStrings`. Raises SettingsError when nothing is found or it cannot be used.
    """
    retry = LinearRetry(backoff=1, retry_total=3, random_jitter_range=0)
    for key in (_PREFIX + name, name):
        text = look_up(environment, f"ConnectionStrings:{key}") or look_up(environment, key)
        if text:
            try:
                return QueueServiceClient.from_connection_string(text, retry_policy=retry)
            except ValueError as error:
                # The text itself holds a key: it is not repeated here.
                raise SettingsError(f"{key} is not a storage connection string") from error
        section = _section(environment, key)
        if section:
            url = _queue_url(section, key)
            return QueueServiceClient(url, credential=_credential(section), retry_policy=retry)
    raise SettingsError(
        f"Storage account connection string '{_PREFIX}{name.removeprefix(_PREFIX)}' does not "
        "exist. Make sure that it is a defined App Setting."
    )


def _section(environment: Mapping[str, str], key: str) -> dict[str, str]:
    prefix = f"{key}__"
    return {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix) and value
    }


def _queue_url(section: Mapping[str, str], key: str) -> str:
    url = section.get("queueserviceuri") or section.get("serviceuri")
    if url:
        return url
    if account := section.get("accountname"):
        return f"https://{account}.queue.core.windows.net"
    raise SettingsError(f"{key}__queueServiceUri or {key}__accountName is missing")


def _credential(section: Mapping[str, str]) -> TokenCredential:
    client_id = section.get("clientid")
    if secret := section.get("clientsecret"):
        return ClientSecretCredential(section.get("tenantid", ""), client_id or "", secret)
    if section.get("credential", "").lower() == "managedidentity" or client_id:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential()
