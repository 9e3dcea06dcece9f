"""What the request door does: a message → a record and a wake-up, or a recorded rejection.

Idempotent by `requestId`: the same request twice is one cluster. The same id with another body,
or a request for a cluster that there is already, is rejected with a reason and changes nothing.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared import messages, profiles
from shared.lifecycle import Lifecycle
from shared.model import ClusterRequest, Record
from shared.policy import Policy
from shared.queues import REQUESTS, Queues
from shared.rejections import Rejection
from shared.resource_id import ClusterId, parse_cluster_id
from shared.revocation import left
from shared.store import Changed, Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intake:
    """Accepts requests, or rejects them. `clock` gives aware UTC times."""

    store: Store
    queues: Queues
    lifecycle: Lifecycle
    policy: Policy
    managed: tuple[str, ...]
    clock: Callable[[], datetime]

    def accept(self, text: bytes) -> None:
        """Work off one message of the request queue. Raises only when storage fails."""
        text = messages.decoded(text)
        try:
            request = messages.parse_request(text, self.managed)
            profiles.check(self.policy, request)
            cluster = parse_cluster_id(request.cluster_id)
            self._insert(request, cluster)
        except messages.Refusal as refusal:
            self._reject(refusal.reason, refusal.field, str(refusal), text, refusal.request_id)
        except profiles.Unacceptable as fault:
            self._reject(fault.reason, fault.field, str(fault), text, request.request_id)
        else:
            self.queues.wake(cluster)
            _log.info("cluster=%s request=%s accepted", cluster, request.request_id)

    def _insert(self, request: ClusterRequest, cluster: ClusterId) -> None:
        """Record the request if the cluster has none. Raises `Refusal`."""
        if not self.policy.manages(cluster):
            raise messages.Refusal(
                "ClusterNotManaged", "name", "policy.yaml's `clusters` do not match this name",
                request.request_id)  # fmt: skip
        digest, recorded = self.store.claim(request)
        if digest != request.digest:
            raise messages.Refusal(
                "RequestIdConflict", "requestId", "this id was used for another request; choose a "
                "new one", request.request_id)  # fmt: skip
        if recorded:
            return  # perhaps long ago, and the cluster is gone again: the request has had its turn
        loaded = self.store.load(cluster)
        record, etag = loaded or (None, None)
        if record and record.is_for(request.request_id):
            self.store.recorded(request)
            return
        if record and not _gone(record):
            self.store.release(request)
            raise messages.Refusal(
                "ClusterExists", "name", "there is a cluster, or a request for one, with this id",
                request.request_id)  # fmt: skip
        former = left(record.former, record.grants, self.clock()) if record else ()
        untold = record.untold if record else ()
        new = Record(cluster_id=str(cluster), request=request, former=former, untold=untold)
        try:
            self.store.save(new, etag)
        except Changed:
            # Somebody wrote the row in between: look again, and decide by what is there now.
            self._insert(request, cluster)
        else:
            self.store.recorded(request)

    def _reject(self, reason: str, field: str, message: str, text: bytes, request_id: str) -> None:
        rejection = Rejection(
            reason, field, message, self.clock(), request_id, text=text, queue=REQUESTS
        )
        self.store.reject(rejection)
        self.lifecycle.rejected(rejection)
        shown = ascii(field)[1:-1]  # a parameter may be called anything
        _log.warning("request=%s rejected=%s field=%s", request_id or "-", reason, shown)


def _gone(record: Record) -> bool:
    """Whether the id is free: its cluster was deleted, or there never was one to speak of."""
    never = record.create_refused or not (record.request or record.seen_at)
    return never or record.deleted
