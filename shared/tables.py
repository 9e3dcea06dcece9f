"""The connection to the tables of the work account."""

from typing import Any

from azure.core.credentials import TokenCredential
from azure.data.tables import TableServiceClient

from shared.settings import WorkStorage


def service(
    storage: WorkStorage, credential: TokenCredential | None, **sdk: Any
) -> TableServiceClient:
    """The account's tables. `credential` serves when there is no connection string."""
    if storage.connection_string:
        return TableServiceClient.from_connection_string(storage.connection_string, **sdk)
    return TableServiceClient(storage.table_service_uri, credential=credential, **sdk)
