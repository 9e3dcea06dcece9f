"""What changed between two looks, one line each (pure)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from grantkeeper.report import Cluster


class Change(Struct, frozen=True, rename="camel"):
    """A condition or a grant went from one state to another; `at` is when it was noticed.

    `subject` is the condition's type, or the grant's identity, role and scope. `before` is null
    at first sight. A grant's `reason` is its evidence once it is effective.
    """

    at: datetime
    cluster: str
    kind: Literal["condition", "grant"]
    subject: str
    before: str | None
    after: str
    reason: str
    message: str


_State = tuple[str, str, str]  # state, reason, message


def between(before: Cluster | None, after: Cluster, now: datetime) -> Iterator[Change]:
    """The changes from one look at a cluster to the next; of no earlier look, everything."""
    known = dict(_states(before)) if before else {}
    for (kind, subject), (state, reason, message) in _states(after):
        old = known.get((kind, subject))
        if old is None or old[:2] != (state, reason):
            yield Change(
                now, after.id, kind, subject, old[0] if old else None, state, reason, message
            )


def _states(
    cluster: Cluster,
) -> Iterator[tuple[tuple[Literal["condition", "grant"], str], _State]]:
    for grant in cluster.grants:
        subject = f"{grant.identity}: {grant.role_name} at {grant.scope}"
        yield ("grant", subject), (grant.state, grant.evidence or grant.reason, grant.message)
    for condition in cluster.conditions:
        yield ("condition", condition.type), (condition.status, condition.reason, condition.message)
