"""The main tables: records, requests, rejections, roles, audit, delays.

clusters      one row a cluster: partition = subscription, row = `group|name` in lower case
requests      one row a request id: which cluster and which body it stands for
rejections    one row a refused message: why, and its text
roles         one row a custom role: the digest of the definition it was first granted with
audit         two rows a write to Azure, partition = cluster, in order of time; never changed
delays        one row a kind of grant: how long grants took to work
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import TableClient, TableServiceClient, UpdateMode

from shared import glance, rejections, tables
from shared.delays import Histogram
from shared.effects import AuditEntry
from shared.glance import Glance
from shared.model import ClusterRequest, Record
from shared.rejections import Rejection
from shared.resource_id import ClusterId, parse_cluster_id
from shared.settings import WorkStorage

_log = logging.getLogger(__name__)
_TABLES = ("clusters", "requests", "rejections", "roles", "audit", "delays")
_REQUEST_PARTITION = "request"
_ROLE_PARTITION = "role"
_DELAY_PARTITION = "delay"
_DELAY_TRIES = 3
_PART = 16_000  # an Edm.String property holds 32 Ki UTF-16 units, and a character is at most two


class Changed(Exception):
    """The row is not the one that was read: somebody else has saved it since."""


class Damaged(Exception):
    """A row whose record cannot be decoded; deleting the row lets the cluster be found anew."""


def connect(storage: WorkStorage, credential: TokenCredential | None, **sdk: Any) -> "Store":
    """The tables of the work account. `credential` serves when there is no connection string."""
    return Store(tables.service(storage, credential, **sdk))


class Store:
    """The tables."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        clients = (service.get_table_client(name) for name in _TABLES)
        self._clusters, self._requests, self._rejections, self._roles, *others = clients
        self._audit, self._delays = others

    def ensure(self) -> None:
        """Make the tables that are not there; deployments make them, the local stack does not."""
        for name in _TABLES:
            self._service.create_table_if_not_exists(name)

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def load(self, cluster: ClusterId) -> tuple[Record, str] | None:
        """A cluster's record and its ETag, or None. Raises `Damaged`."""
        try:
            row = self._clusters.get_entity(cluster.subscription_id, _row_key(cluster))
        except ResourceNotFoundError:
            return None
        return record_in(row), str(row.metadata["etag"])

    def save(self, record: Record, etag: str | None) -> str:
        """Save a record over the version `etag`, or as new when it is None; the version that it is
        then. Raises `Changed`."""
        cluster = parse_cluster_id(record.cluster_id)
        ready = record.condition("Ready")
        row = {
            "PartitionKey": cluster.subscription_id,
            "RowKey": _row_key(cluster),
            "settled": record.settled,
            "ready": ready.status if ready else "Unknown",
            "reason": ready.reason if ready else "",
            "glance": glance.encode(glance.of(record)),
            **_parts(msgspec.json.encode(record).decode()),
        }
        return _write(self._clusters, row, etag)

    def all(self) -> Iterator[Record]:
        """Every record; one that cannot be read is passed over, so that it holds up no other."""
        for row in self._clusters.list_entities():
            try:
                yield record_in(row)
            except Damaged:
                _log.error("row=%s damaged", row["RowKey"])

    def glances(self, subscription_id: str) -> Iterator[Glance]:
        """Every record of a subscription's clusters at a glance."""
        rows = self._clusters.query_entities(
            "PartitionKey eq @subscription",
            parameters={"subscription": subscription_id},
            select=["RowKey", "glance"],
        )
        for row in rows:
            try:
                yield glance.decode(row.get("glance", ""))
            except msgspec.DecodeError:  # saved by a version of this app that has another one
                with contextlib.suppress(ResourceNotFoundError, Damaged):
                    whole = self._clusters.get_entity(subscription_id, row["RowKey"])
                    yield glance.of(record_in(whole))

    def claim(self, request: ClusterRequest) -> tuple[str, bool]:
        """Bind a request id to this request, once. Returns the digest it is bound to, which is
        another one if the id was used before, and whether that request was recorded."""
        try:
            self._requests.create_entity(_claim(request, recorded=False))
        except ResourceExistsError:
            known = self._requests.get_entity(_REQUEST_PARTITION, request.request_id)
            return str(known["digest"]), bool(known["recorded"])
        return request.digest, False

    def profile_of(self, request_id: str, cluster: ClusterId) -> str:
        """The profile that this cluster was requested with under this id; empty if it was not."""
        try:
            row = self._requests.get_entity(_REQUEST_PARTITION, request_id)
        except ResourceNotFoundError:
            return ""
        return str(row.get("profile", "")) if row["cluster"].lower() == cluster.key else ""

    def recorded(self, request: ClusterRequest) -> None:
        """Note that a claimed request has its record, so that it is never recorded again."""
        self._requests.upsert_entity(_claim(request, recorded=True), mode=UpdateMode.REPLACE)

    def release(self, request: ClusterRequest) -> None:
        """Unbind a request id whose request was rejected, so that it may be used again."""
        self._requests.delete_entity(_REQUEST_PARTITION, request.request_id)

    def pin(self, role: str, digest: str) -> str:
        """Pin a role (GUID) to the digest of its definition, once; the digest it is pinned to."""
        row = {"PartitionKey": _ROLE_PARTITION, "RowKey": role, "digest": digest}
        try:
            self._roles.create_entity(row)
        except ResourceExistsError:
            return str(self._roles.get_entity(_ROLE_PARTITION, role)["digest"])
        return digest

    def repin(self, role: str, digest: str) -> None:
        """Pin a role to another digest: an operator has accepted what it may do now."""
        row = {"PartitionKey": _ROLE_PARTITION, "RowKey": role, "digest": digest}
        self._roles.upsert_entity(row, mode=UpdateMode.REPLACE)

    def reject(self, rejection: Rejection) -> None:
        """Keep a rejection with its text; the same text rejected again is the same row."""
        self._rejections.upsert_entity(rejections.row(rejection), mode=UpdateMode.REPLACE)

    def rejections(self) -> Iterator[Rejection]:
        """Every rejection."""
        return (rejection for rejection, _ in self.kept())

    def kept(self) -> Iterator[tuple[Rejection, str]]:
        """Every rejection with its ETag."""
        for row in self._rejections.list_entities():
            yield rejections.of_row(row), str(row.metadata["etag"])

    def drop(self, rejection: Rejection, etag: str) -> None:
        """Keep a rejection no longer, unless it has been rejected again since. Raises `Changed`."""
        if not tables.delete(self._rejections, rejections.row(rejection), etag):
            raise Changed

    def audit(self, entry: AuditEntry) -> None:
        """Add a row to the audit."""
        row = {
            "PartitionKey": _audit_partition(parse_cluster_id(entry.cluster_id)),
            "RowKey": f"{entry.effect_id}|{entry.phase}",
            **msgspec.to_builtins(entry, builtin_types=(datetime,)),
        }
        # An effect id is used once: a row that is there is this one, its first answer lost.
        with contextlib.suppress(ResourceExistsError):
            self._audit.create_entity(row)

    def audited(self, cluster: ClusterId) -> Iterator[AuditEntry]:
        """A cluster's audit in order of time, each outcome after its intent (rows come sorted by
        key, learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities)."""
        for row in self._audit.query_entities(
            "PartitionKey eq @cluster", parameters={"cluster": _audit_partition(cluster)}
        ):
            at = datetime.fromisoformat(row["at"].isoformat())
            yield msgspec.convert({**row, "at": at}, AuditEntry)

    def delays(self, kind: str) -> Histogram:
        """The delays observed of a kind of grant; none if they cannot be read. Never raises:
        without them, looks are planned as if nothing had been observed."""
        try:
            return self._histogram(kind)[0]
        except AzureError as error:
            _log.warning("delays=%s unread reason=%s", kind, type(error).__name__)
            return Histogram()

    def observe_delay(self, kind: str, seconds_from: float, seconds_to: float) -> None:
        """Add a delay to those of its kind (`Histogram.add`). Never raises: one that cannot be
        added is lost, which hurts nobody."""
        for _ in range(_DELAY_TRIES):
            try:
                observed, etag = self._histogram(kind)
                observed = observed.add(seconds_from, seconds_to)
                text = msgspec.json.encode(observed).decode()
                row = {"PartitionKey": _DELAY_PARTITION, "RowKey": kind, "histogram": text}
                _write(self._delays, row, etag)
            except Changed:
                continue
            except AzureError as error:
                _log.warning("delay of=%s lost reason=%s", kind, type(error).__name__)
            return
        _log.warning("delay of=%s lost reason=LostRace", kind)

    def _histogram(self, kind: str) -> tuple[Histogram, str | None]:
        """A row that cannot be decoded is begun again."""
        try:
            row = self._delays.get_entity(_DELAY_PARTITION, kind)
        except ResourceNotFoundError:
            return Histogram(), None
        etag = str(row.metadata["etag"])
        try:
            return msgspec.json.decode(str(row.get("histogram", "")), type=Histogram), etag
        except msgspec.DecodeError:
            _log.error("delays=%s damaged", kind)
            return Histogram(), etag


def _audit_partition(cluster: ClusterId) -> str:
    return f"{cluster.subscription_id}|{_row_key(cluster)}"


def _claim(request: ClusterRequest, *, recorded: bool) -> dict[str, Any]:
    return {
        "PartitionKey": _REQUEST_PARTITION,
        "RowKey": request.request_id,
        "digest": request.digest,
        "cluster": request.cluster_id,
        "profile": request.profile,
        "recorded": recorded,
    }


def _row_key(cluster: ClusterId) -> str:
    return f"{cluster.resource_group}|{cluster.name}".lower()


def _parts(text: str) -> dict[str, str]:
    """The text over as many properties as it takes: `record`, `record1`, `record2` …"""
    starts = range(0, len(text), _PART)
    return {f"record{n or ''}": text[start : start + _PART] for n, start in enumerate(starts)}


def record_in(row: Mapping[str, Any]) -> Record:
    """The record in a row of table `clusters`. Raises `Damaged`."""
    names = ("record", *(f"record{n}" for n in range(1, len(row))))
    try:
        return msgspec.json.decode("".join(row.get(name, "") for name in names), type=Record)
    except msgspec.DecodeError as error:
        raise Damaged(str(error)) from None


def _write(table: TableClient, row: dict[str, Any], etag: str | None) -> str:
    try:
        if etag is None:
            written = table.create_entity(row)
        else:
            written = table.update_entity(
                row,
                mode=UpdateMode.REPLACE,
                etag=etag,
                match_condition=MatchConditions.IfNotModified,
            )
    except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
        raise Changed from None
    return str(written["etag"])
