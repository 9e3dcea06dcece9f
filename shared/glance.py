"""What the timer has to know of a record, in one short column of its row (pure).

A record is up to 60 kB, and the timer looks at thousands of them: it reads this column only, which
is written with the record, and the record itself where the two lists of ARM say that something is
different.
"""

import hashlib
from collections import Counter
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from shared import revocation
from shared.model import Record
from shared.resource_id import parse_scope


class Glance(Struct, frozen=True, array_like=True):
    """`record` is the digest of the cluster's JSON that the last turn was judged by (`digest`).

    `held` are the GUIDs of the role assignments that reads have shown for its grants, by the
    subscription of the grants' scopes. `grants` counts the grants in each state, those that are
    refused as such. `since` is when Ready last changed. `left` says that something we made is
    needed no more; the other names are the record's.
    """

    cluster_id: str
    resource_uid: str
    body: str
    policy: str
    settled: bool
    deleted: bool
    seen: bool
    untold: bool
    provisioned: bool
    ready: str
    reason: str
    since: datetime | None
    turn_at: datetime | None
    requeue_at: datetime | None
    held: dict[str, tuple[str, ...]]
    grants: dict[str, int]
    left: bool = False


def of(record: Record) -> Glance:
    """The record at a glance."""
    ready, provisioned = record.condition("Ready"), record.condition("ClusterProvisioned")
    held = dict[str, list[str]]()
    for known in record.grants:
        if known.assignment_id and known.readable_at:
            subscription = parse_scope(known.grant.scope).subscription_id
            held.setdefault(subscription, []).append(name_of(known.assignment_id))
    return Glance(
        cluster_id=record.cluster_id,
        resource_uid=record.resource_uid,
        body=record.body,
        policy=record.policy,
        settled=record.settled,
        deleted=record.deleted,
        seen=record.seen_at is not None,
        untold=bool(record.untold),
        provisioned=provisioned is not None and provisioned.status == "True",
        ready=ready.status if ready else "Unknown",
        reason=ready.reason if ready else "",
        since=ready.since if ready else None,
        turn_at=record.turn_at,
        requeue_at=record.requeue_at,
        held={subscription: tuple(names) for subscription, names in held.items()},
        grants=Counter("refused" if p.refused else p.state for p in record.grants),
        left=bool(revocation.ours(record)),
    )


def encode(glance: Glance) -> str:
    """As it is kept in the table."""
    return msgspec.json.encode(glance).decode()


def decode(text: str) -> Glance:
    """From the table. Raises `msgspec.DecodeError`."""
    return msgspec.json.decode(text, type=Glance)


def name_of(assignment_id: str) -> str:
    """The name of a role assignment, a GUID that is unique in the tenant whatever the scope
    (learn.microsoft.com/azure/azure-resource-manager/bicep/scenarios-rbac)."""
    return assignment_id.rpartition("/")[2].lower()


def digest(body: Any) -> str:
    """The same for the same JSON, whatever the order of its members: ARM's list of clusters need
    not write one as its GET does."""
    canonical = msgspec.json.encode(body, order="sorted")
    return hashlib.blake2b(canonical, digest_size=8).hexdigest()
