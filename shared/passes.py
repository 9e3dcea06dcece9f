"""When the timer last looked at each subscription: the table `passes`, one row a subscription.

A pass that ran out of time goes on where it stopped: the subscription that was looked at longest
ago comes first in the next one. Two passes at once only do the same work twice.
"""

from datetime import datetime
from typing import Any

from azure.core.credentials import TokenCredential
from azure.data.tables import TableServiceClient, UpdateMode

from shared import tables
from shared.settings import WorkStorage

_TABLE = "passes"
_PARTITION = "subscription"


def connect(storage: WorkStorage, credential: TokenCredential | None, **sdk: Any) -> "Passes":
    """The table in the work account. `credential` serves when there is no connection string."""
    return Passes(tables.service(storage, credential, **sdk))


class Passes:
    """The table."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._table = service.get_table_client(_TABLE)

    def ensure(self) -> None:
        """Make the table if it is not there; deployments make it, the local stack does not."""
        self._service.create_table_if_not_exists(_TABLE)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def looked_at(self) -> dict[str, datetime]:
        """When each subscription (its id) was last looked at."""
        return {
            row["RowKey"]: datetime.fromisoformat(row["at"].isoformat())
            for row in self._table.list_entities()
        }

    def look(self, subscription_id: str, at: datetime) -> None:
        """Note that a subscription was looked at."""
        row = {"PartitionKey": _PARTITION, "RowKey": subscription_id, "at": at}
        self._table.upsert_entity(row, mode=UpdateMode.REPLACE)
