"""The audit: a row before each write to Azure (intent), and one after it (outcome).

Rows are never changed; old ones are pruned (`housekeeping`). They hold ids and reasons: no body,
token or claim. The intent is a log line, too: what our identity writes and no line has announced
is an alert (infra/app/unknown-assignments.kql).
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import asdict, replace

from shared.answers import Written
from shared.effects import AuditEntry, Effect
from shared.errors import Deferred, Failure
from shared.policy import Policy
from shared.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Audit:
    """Writes the audit. `clock` gives aware UTC times."""

    store: Store
    policy: Policy
    clock: Callable[[], datetime]

    def of(self, effect: Effect, write: Callable[[], Written]) -> Written:
        """Do what the effect names, between its two rows; returns and raises what `write` does.

        Nothing is written to Azure when the intent cannot be kept: storage's error is raised.
        """
        begun = self.clock()
        effect_id = f"{begun:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        intent = AuditEntry(
            **asdict(effect),
            effect_id=effect_id,
            phase="intent",
            at=begun,
            policy=self.policy.digest,
        )
        self.store.audit(intent)
        about = intent.cluster_id, effect_id, intent.action, intent.target
        _log.info("cluster=%s effect=%s action=%s target=%s", *about)
        try:
            written = write()
        except Deferred:
            self._outcome(intent, "NotSent", "")
            raise
        except Failure as failure:
            self._outcome(intent, failure.reason, failure.correlation_id)
            raise
        outcome = "existed" if written.existed else "succeeded"
        self._outcome(intent, outcome, written.correlation_id)
        return written

    def _outcome(self, intent: AuditEntry, outcome: str, correlation_id: str) -> None:
        self.store.audit(
            replace(
                intent,
                phase="outcome",
                at=self.clock(),
                outcome=outcome,
                correlation_id=correlation_id,
            )
        )
