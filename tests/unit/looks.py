"""Grants as looks at the role assignments leave them."""

from datetime import timedelta
from typing import Any

from shared.model import Assignment, Progress
from shared.policy import Looks, Propagation
from shared.progress import look, written
from shared.wanted import assignment_name
from tests.unit.nouns import NOW, PRINCIPAL, SUBNET, at, grant, progress

HOUR = timedelta(hours=1)
READ = Propagation()
LOOKS = Looks()
OURS = f"{SUBNET}/providers/Microsoft.Authorization/roleAssignments/{assignment_name(grant())}"
DONE = written(progress(), OURS, HOUR, NOW)


def probed(**changes: Any) -> Progress:
    """The usual grant, of which policy wants a proof."""
    return progress(grant=grant(verify="probe", **changes))


def held(**changes: Any) -> tuple[Assignment, ...]:
    usual = {"id": OURS, "principal_id": PRINCIPAL, "role": grant().role, "scope": SUBNET}
    return (Assignment(**{**usual, **changes}),)


def looks(count: int, seen: Progress, propagation: Propagation = READ, **by: Any) -> Progress:
    """So many looks that show the assignment, a minute apart."""
    for number in range(1, count + 1):
        seen = look(seen, held(**by), propagation, at(minutes=number))
    return seen
