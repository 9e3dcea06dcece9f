"""What may stand in the way of a grant is read: deny assignments, and the role's definition."""

from dataclasses import dataclass
from datetime import datetime

from shared.definitions import Definitions
from shared.deny_lists import DenyLists
from shared.diagnosis import DENY_ASSIGNMENT, Diagnosis, diagnose
from shared.errors import Failure
from shared.model import Assignment, Denial, Progress
from shared.resource_id import parse_scope


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Those of one cluster in the turn that is taken `now`. `denials` are what the cluster was
    refused lately."""

    deny_lists: DenyLists
    definitions: Definitions
    denials: tuple[Denial, ...]
    now: datetime

    def of(self, progress: Progress, found: Assignment) -> Diagnosis:
        """What stands in the way of the grant whose assignment was `found`; what cannot be read is
        a reason not to call it effective yet."""
        subscription_id = parse_scope(progress.grant.scope).subscription_id
        try:
            definition = self.definitions.get(found.role, subscription_id)
            denied = self.deny_lists.of(subscription_id)
            diagnosis = diagnose(progress, found, definition, denied, self.denials)
            if diagnosis.reason == DENY_ASSIGNMENT:  # by a list of a while ago: it may be lifted
                denied = self.deny_lists.of(subscription_id, since=self.now)
                diagnosis = diagnose(progress, found, definition, denied, self.denials)
        except Failure as failure:
            return Diagnosis(failure.reason, f"cannot be judged: {failure.message}")
        return diagnosis
