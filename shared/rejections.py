"""Messages that were refused, or could not be worked off, and their rows in the table (pure)."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

PARTITION = "rejection"
TEXT_LIMIT = 60 * 1024  # an Edm.Binary property holds 64 KiB

# What failed five times, unlike what was refused: the reasons that the poison doors give.
POISONED = "Poisoned"
RECORD_DAMAGED = "RecordDamaged"
EVENT_UNREADABLE = "EventUnreadable"  # its text is not kept, only how long it was


class Rejection(Struct, frozen=True, omit_defaults=True):
    """A request that was refused, or a message that could not be worked off, with its text and
    the queue it came on; both are empty where there was no message."""

    reason: str
    field: str
    message: str
    at: datetime
    request_id: str = ""
    cluster_id: str = ""
    text: bytes = b""
    queue: str = ""

    @property
    def key(self) -> str:
        """The row's: the same text rejected again is the same row."""
        return f"{self.request_id or '-'}|{hashlib.sha256(self.text).hexdigest()[:32]}"

    @property
    def id(self) -> str:
        """How people call it: 12 hexadecimal digits."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:12]

    @property
    def poisoned(self) -> bool:
        """It was not refused but failed, so that it may pass once the cause is gone."""
        return self.reason in {POISONED, RECORD_DAMAGED}


def row(rejection: Rejection) -> dict[str, Any]:
    """The rejection as a row; the text is cut at `TEXT_LIMIT`."""
    return {
        "PartitionKey": PARTITION,
        "RowKey": rejection.key,
        "reason": rejection.reason,
        "field": rejection.field,
        "message": rejection.message,
        "at": rejection.at,
        "requestId": rejection.request_id,
        "cluster": rejection.cluster_id,
        "text": rejection.text[:TEXT_LIMIT],
        "queue": rejection.queue,
    }


def of_row(row: Mapping[str, Any]) -> Rejection:
    """The rejection in a row; one of an earlier version does not know its queue."""
    return Rejection(
        reason=row["reason"],
        field=row["field"],
        message=row["message"],
        at=datetime.fromisoformat(row["at"].isoformat()),
        request_id=row["requestId"],
        cluster_id=row["cluster"],
        text=row["text"],
        queue=row.get("queue", ""),
    )
