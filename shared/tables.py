"""The connection to the tables of the work account; a table with a room of its own."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableClient, TableServiceClient

from shared.settings import WorkStorage


def service(
    storage: WorkStorage, credential: TokenCredential | None, **sdk: Any
) -> TableServiceClient:
    """The account's tables. `credential` serves when there is no connection string."""
    if storage.connection_string:
        return TableServiceClient.from_connection_string(storage.connection_string, **sdk)
    return TableServiceClient(storage.table_service_uri, credential=credential, **sdk)


def delete(table: TableClient, row: Mapping[str, Any], etag: str) -> bool:
    """Delete a row (its two keys are read) if it is still the version `etag`; whether it was."""
    try:
        table.delete_entity(
            row["PartitionKey"],
            row["RowKey"],
            etag=etag,
            match_condition=MatchConditions.IfNotModified,
        )
    except (ResourceModifiedError, ResourceNotFoundError):
        return False
    return True


class Table:
    """One table, with a connection of its own. `name` is that of the table."""

    name: ClassVar[str]

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._table = service.get_table_client(self.name)

    @classmethod
    def connect(cls, storage: WorkStorage, credential: TokenCredential | None, **sdk: Any) -> Self:
        """The table in the work account. `credential` serves when there is no connection string."""
        return cls(service(storage, credential, **sdk))

    def ensure(self) -> None:
        """Make the table if it is not there; deployments may make it, the local stack does not."""
        self._service.create_table_if_not_exists(self.name)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()
