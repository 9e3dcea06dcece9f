"""The ledger: which clusters may use a role assignment, whoever made it.

One row a pair, in the table `assignments`: partition = the assignment's GUID, row = the cluster.
An event that an assignment is gone finds its clusters here; and so does whoever is about to revoke
one that clusters share, since they run as one user-assigned identity. Whether a cluster does use it
is in its record: an entry is made before that is saved, and may outlast a process that dies.
"""

from datetime import datetime
from typing import Any, NamedTuple

from azure.data.tables import TableEntity, UpdateMode

from shared.resource_id import ClusterId, parse_cluster_id
from shared.tables import Table


class User(NamedTuple):
    """A cluster, and when it was entered last."""

    cluster: ClusterId
    since: datetime


class Ledger(Table):
    """The table. Ids of assignments are as ARM has them, in any case."""

    name = "assignments"

    def enter(self, assignment_id: str, cluster: ClusterId, at: datetime) -> None:
        """Note that the cluster uses the assignment."""
        row = {
            **_key(assignment_id, cluster),
            "id": assignment_id,
            "cluster": str(cluster),
            "at": at,
        }
        self._table.upsert_entity(row, mode=UpdateMode.REPLACE)

    def leave(self, assignment_id: str, cluster: ClusterId) -> None:
        """Note that the cluster does not use the assignment any more."""
        self._table.delete_entity(*_key(assignment_id, cluster).values())

    def users(self, assignment_id: str) -> tuple[User, ...]:
        """The clusters that are entered for the assignment."""
        rows = self._table.query_entities(
            "PartitionKey eq @name", parameters={"name": _name(assignment_id)}
        )
        same = [row for row in rows if row["id"].lower() == assignment_id.lower()]
        return tuple(User(parse_cluster_id(row["cluster"]), _entered(row)) for row in same)


def _entered(row: TableEntity) -> datetime:
    """Rows of older versions have the service's time stamp only."""
    at: Any = row.get("at") or row.metadata["timestamp"]
    return datetime.fromisoformat(at.isoformat())


def _key(assignment_id: str, cluster: ClusterId) -> dict[str, str]:
    row = f"{cluster.subscription_id}|{cluster.resource_group}|{cluster.name}".lower()
    return {"PartitionKey": _name(assignment_id), "RowKey": row}


def _name(assignment_id: str) -> str:
    return assignment_id.rpartition("/")[2].lower()
