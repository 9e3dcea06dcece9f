"""What may stand in the way of a grant is read: deny assignments, the role's definition, locks."""

from dataclasses import dataclass
from datetime import datetime

from shared.arm import Arm
from shared.definitions import Definitions
from shared.deny_lists import DenyLists
from shared.diagnosis import DENY_ASSIGNMENT, Diagnosis, diagnose
from shared.errors import Failure
from shared.locks import Lock
from shared.model import Assignment, Denial, Progress
from shared.progress import is_past
from shared.resource_id import Scope, parse_scope


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Those of one cluster in the turn that is taken `now`. `denials` are what the cluster was
    refused lately."""

    arm: Arm
    deny_lists: DenyLists
    definitions: Definitions
    denials: tuple[Denial, ...]
    now: datetime

    def of(self, progress: Progress, found: Assignment) -> Diagnosis:
        """What stands in the way of the grant whose assignment was `found`; what cannot be read is
        a reason not to call it effective yet."""
        scope = parse_scope(progress.grant.scope)
        subscription_id, locks = scope.subscription_id, self._locks(progress, scope)
        try:
            definition = self.definitions.get(found.role, subscription_id)
            denied = self.deny_lists.of(subscription_id)
            diagnosis = diagnose(progress, found, definition, denied, self.denials, locks)
            if diagnosis.reason == DENY_ASSIGNMENT:  # by a list of a while ago: it may be lifted
                denied = self.deny_lists.of(subscription_id, since=self.now)
                diagnosis = diagnose(progress, found, definition, denied, self.denials, locks)
        except Failure as failure:
            return Diagnosis(failure.reason, f"cannot be judged: {failure.message}")
        return diagnosis

    def _locks(self, progress: Progress, scope: Scope) -> tuple[Lock, ...]:
        """Those at and above the scope of a grant that is late; none where they cannot be read,
        since they are no more than a suspicion."""
        if not (is_past(progress, self.now) and progress.reason == "ProbeDenied"):
            return ()
        try:
            return self.arm.locks(scope)
        except Failure:
            return ()
