"""The ledger: which clusters use a role assignment, whoever made it.

One row a pair, in the table `assignments`: partition = the assignment's GUID, row = the cluster.
An event that an assignment is gone finds its clusters here; and one of ours that another cluster
still uses (they share a user-assigned identity) is not revoked.
"""

from azure.data.tables import UpdateMode

from shared.resource_id import ClusterId, parse_cluster_id
from shared.tables import Table


class Ledger(Table):
    """The table. Ids of assignments are as ARM has them, in any case."""

    name = "assignments"

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
