"""The tables that the template's log queries ask, and what a query finds in rows of them.

Columns as in learn.microsoft.com/azure/azure-monitor/reference/tables: those that are asked for.
The engine (duckdb-kql) is not Azure's: it is a second reading of the language, beside Microsoft's
own parser (log_queries.mjs).
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import duckdb_kql

TABLES: dict[str, dict[str, str]] = {
    "AppRequests": {"TimeGenerated": "datetime", "OperationName": "string", "Success": "bool"},
    "AppTraces": {"TimeGenerated": "datetime", "Message": "string"},
    "AzureActivity": {
        "TimeGenerated": "datetime",
        "ActivityStatusValue": "string",
        "Authorization_d": "dynamic",
        "Caller": "string",
        "CallerIpAddress": "string",
        "Claims_d": "dynamic",
        "CorrelationId": "string",
        "OperationNameValue": "string",
        "_ResourceId": "string",
    },
}
_STORED = {"datetime": "TIMESTAMP", "string": "VARCHAR", "bool": "BOOLEAN", "dynamic": "JSON"}

Row = Mapping[str, Any]


def found(query: str, rows: Mapping[str, Iterable[Row]], now: datetime) -> list[dict[str, Any]]:
    """What a query finds at that time (aware) among rows by table; a column left out is empty."""
    with duckdb_kql.connect() as logs:
        logs.execute("SET TimeZone = 'UTC'")
        for table, columns in TABLES.items():
            kinds = ", ".join(f'"{name}" {_STORED[kind]}' for name, kind in columns.items())
            logs.execute(f"CREATE TABLE {table} ({kinds})")
            for row in rows.get(table, ()):
                marks = ", ".join("?" for _ in columns)
                values = [_value(kind, row.get(name)) for name, kind in columns.items()]
                logs.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608
        answer = duckdb_kql.kql(logs, query, query_now=now)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]


def _value(kind: str, value: Any) -> Any:
    if kind == "datetime":
        return value.replace(tzinfo=None)
    if kind == "string":
        return value or ""  # Kusto's strings are never null
    return json.dumps(value or {}) if kind == "dynamic" else value
