"""When the timer last looked at each subscription: the table `passes`, one row a subscription.

A pass that ran out of time goes on where it stopped: the subscription that was looked at longest
ago comes first in the next one. Two passes at once only do the same work twice.
"""

from datetime import datetime

from azure.data.tables import UpdateMode

from shared.tables import Table

_PARTITION = "subscription"


class Passes(Table):
    """The table."""

    name = "passes"

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
