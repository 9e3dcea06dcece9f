"""Rows that are kept no longer: of the audit, of rejections, and of clusters that are gone.

A pass reads a few pages of each table and goes on there in the next one, so that it stays short
however many rows there are; a page is what Azure Tables finds within 5 seconds
(learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination).
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from azure.core.credentials import TokenCredential
from azure.data.tables import TableClient, TableEntity, TableServiceClient

from shared import tables
from shared.model import Record
from shared.settings import WorkStorage
from shared.store import Damaged, record_in

_PAGES, _ROWS = 5, 100  # of a table in one pass
_OLDER = "at lt @before"
_DELETED = "reason eq 'Deleted'"  # of the condition Ready


def connect(storage: WorkStorage, credential: TokenCredential | None, **sdk: Any) -> "OldRows":
    """The tables of the work account. `credential` serves when there is no connection string."""
    return OldRows(tables.service(storage, credential, **sdk))


class OldRows:
    """The tables, each with where the last pass stopped. A row that is written again meanwhile is
    not deleted."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._clusters, self._requests, self._rejections, self._audit = (
            service.get_table_client(name)
            for name in ("clusters", "requests", "rejections", "audit")
        )
        self._stopped_at: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def prune_audit(self, before: datetime) -> int:
        """Delete audit rows from before that time; how many there were in this pass."""
        return self._prune(self._audit, before)

    def prune_rejections(self, before: datetime) -> int:
        """Delete rejections from before that time; how many there were in this pass."""
        return self._prune(self._rejections, before)

    def deleted_clusters(self) -> Iterator[tuple[Record, TableEntity]]:
        """Records of clusters that are gone, each with its row for `forget`."""
        for row in self._few(self._clusters, _DELETED, {}):
            try:
                yield record_in(row), row
            except Damaged:
                continue  # `Store.all` tells of it

    def forget(self, record: Record, row: TableEntity) -> bool:
        """Delete a record, and the request that it stands for; whether it was still as read."""
        if record.request_id:
            self._requests.delete_entity("request", record.request_id)
        return tables.delete(self._clusters, row, str(row.metadata["etag"]))

    def _prune(self, table: TableClient, before: datetime) -> int:
        old = self._few(table, _OLDER, {"before": before})
        return sum(tables.delete(table, row, str(row.metadata["etag"])) for row in old)

    def _few(
        self, table: TableClient, condition: str, values: dict[str, Any]
    ) -> Iterator[TableEntity]:
        found = table.query_entities(condition, parameters=values, results_per_page=_ROWS)
        pages = found.by_page(self._stopped_at.get(table.table_name))
        for page in islice(pages, _PAGES):
            yield from page
            self._stopped_at[table.table_name] = pages.continuation_token  # type: ignore[attr-defined]
