"""The ledger: which clusters use a role assignment, whoever made it.

One row a pair, in the table `assignments`: partition = the assignment's GUID, row = the cluster.
An event that an assignment is gone finds its clusters here; and one of ours that another cluster
still uses (they share a user-assigned identity) is not revoked.
"""

from typing import Any

from azure.core.credentials import TokenCredential
from azure.data.tables import TableServiceClient, UpdateMode

from shared import tables
from shared.resource_id import ClusterId, parse_cluster_id
from shared.settings import WorkStorage

_TABLE = "assignments"


def connect(storage: WorkStorage, credential: TokenCredential | None, **sdk: Any) -> "Ledger":
    """The ledger in the work account. `credential` serves when there is no connection string."""
    return Ledger(tables.service(storage, credential, **sdk))


class Ledger:
    """The table. Ids of assignments are as ARM has them, in any case."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._table = service.get_table_client(_TABLE)

    def ensure(self) -> None:
        """Make the table if it is not there; deployments make it, the local stack does not."""
        self._service.create_table_if_not_exists(_TABLE)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def enter(self, assignment_id: str, cluster: ClusterId) -> None:
        """Note that the cluster uses the assignment."""
        row = {**_key(assignment_id, cluster), "id": assignment_id, "cluster": str(cluster)}
        self._table.upsert_entity(row, mode=UpdateMode.REPLACE)

    def leave(self, assignment_id: str, cluster: ClusterId) -> None:
        """Note that the cluster does not use the assignment any more."""
        self._table.delete_entity(*_key(assignment_id, cluster).values())

    def users(self, assignment_id: str) -> tuple[ClusterId, ...]:
        """The clusters that use the assignment."""
        rows = self._table.query_entities(
            "PartitionKey eq @name", parameters={"name": _name(assignment_id)}
        )
        same = [row for row in rows if row["id"].lower() == assignment_id.lower()]
        return tuple(parse_cluster_id(row["cluster"]) for row in same)


def _key(assignment_id: str, cluster: ClusterId) -> dict[str, str]:
    row = f"{cluster.subscription_id}|{cluster.resource_group}|{cluster.name}".lower()
    return {"PartitionKey": _name(assignment_id), "RowKey": row}


def _name(assignment_id: str) -> str:
    return assignment_id.rpartition("/")[2].lower()
