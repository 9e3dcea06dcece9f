"""What changed between two looks, one line each (pure)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from grantkeeper.answer import Json
from grantkeeper.report import Cluster


class Change(Json, frozen=True):
    """A condition or a grant went from one state to another; `at` is when it was noticed.

    `subject` is the condition's type, or the grant's identity and role; `scope` is the grant's,
    null for a condition. `before` is null at first sight. A grant's `reason` is its evidence once
    it is effective, `deadline` the end of its propagation window. `next_look` is the cluster's.
    """

    at: datetime
    cluster: str
    kind: Literal["condition", "grant"]
    subject: str
    scope: str | None
    before: str | None
    after: str
    reason: str
    message: str
    deadline: datetime | None
    next_look: datetime | None


_Key = tuple[Literal["condition", "grant"], str, str | None]  # kind, subject, scope
_State = tuple[str, str, str, datetime | None]  # state, reason, message, deadline


def between(before: Cluster | None, after: Cluster, now: datetime) -> Iterator[Change]:
    """The changes from one look at a cluster to the next; of no earlier look, everything."""
    known = dict(_states(before)) if before else {}
    for key, state in _states(after):
        old = known.get(key)
        if old is None or old[:2] != state[:2]:
            former, (reached, reason, message, deadline) = old[0] if old else None, state
            yield Change(
                now, after.id, *key, former, reached, reason, message, deadline, after.next_look
            )


def _states(cluster: Cluster) -> Iterator[tuple[_Key, _State]]:
    for grant in cluster.grants:
        subject = f"{grant.identity}: {grant.role_name}"
        state = (grant.state, grant.evidence or grant.reason, grant.message, grant.deadline)
        yield ("grant", subject, grant.scope), state
    for condition in cluster.conditions:
        yield (
            ("condition", condition.type, None),
            (condition.status, condition.reason, condition.message, None),
        )
