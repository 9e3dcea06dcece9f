"""What may stand in the way of a grant is read: deny assignments, and the role's definition."""

from dataclasses import dataclass, field

from shared.arm import Arm
from shared.definitions import Definitions
from shared.deny_assignments import DenyAssignment
from shared.diagnosis import Diagnosis, diagnose
from shared.errors import Failure
from shared.model import Assignment, Denial, Progress
from shared.resource_id import Scope, parse_scope


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Those of one cluster in one turn: the deny assignments of a scope are read once. `denials`
    are what the cluster was refused lately."""

    arm: Arm
    definitions: Definitions
    denials: tuple[Denial, ...]
    _read: dict[str, tuple[DenyAssignment, ...]] = field(default_factory=dict)

    def of(self, progress: Progress, found: Assignment) -> Diagnosis:
        """What stands in the way of the grant whose assignment was `found`; what cannot be read is
        a reason not to call it effective yet."""
        scope = parse_scope(progress.grant.scope)
        try:
            denied = self._denied(scope)
            definition = self.definitions.get(found.role, scope.subscription_id)
        except Failure as failure:
            return Diagnosis(failure.reason, f"cannot be judged: {failure.message}")
        return diagnose(progress, found, definition, denied, self.denials)

    def _denied(self, scope: Scope) -> tuple[DenyAssignment, ...]:
        if scope.key not in self._read:
            self._read[scope.key] = self.arm.deny_assignments(scope)
        return self._read[scope.key]
