"""Role definitions as Azure has them, judged before a role is first granted.

Policy allows a role by its GUID; what the role may do is written elsewhere, and whoever writes
custom roles can change it later. So a role is read before it is granted: one that is dangerous is
refused, and a custom one is pinned to what it could do when it was first granted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.arm import Arm
from shared.permissions import RoleDefinition, danger
from shared.policy import Policy
from shared.store import Store

_BELIEVED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions this process has read, each believed for an hour. `clock` gives aware UTC
    times."""

    arm: Arm
    store: Store
    policy: Policy
    clock: Callable[[], datetime]
    _read: dict[tuple[str, str], tuple[datetime, RoleDefinition]] = field(default_factory=dict)

    def get(self, role: str, subscription_id: str) -> RoleDefinition | None:
        """The definition of a role (GUID), or None when the subscription knows none. Raises
        `Failure`."""
        key, now = (role, subscription_id), self.clock()
        if (known := self._read.get(key)) and now - known[0] < _BELIEVED:
            return known[1]
        found = self.arm.role_definition(subscription_id, role)
        if found:  # that there is none is not believed: someone may be about to write it
            self._read[key] = (now, found)
        return found

    def refusal(self, role: str, subscription_id: str) -> tuple[str, str]:
        """Why this role (GUID) is not granted: reason and message; both empty when it may be.
        Raises `Failure`."""
        found = self.get(role, subscription_id)
        reason, message = unsafe(found, self.policy, role)
        if found and not reason and self._has_changed(role, found):
            return (
                "RoleDefinitionChanged",
                f"the custom role {found.name!r} may do something else than when it was first "
                f"granted; `grantkeeper roles accept {role}` once it has been reviewed",
            )
        return reason, message

    def _has_changed(self, role: str, found: RoleDefinition) -> bool:
        return found.custom and self.store.pin(role, found.digest) != found.digest


def unsafe(definition: RoleDefinition | None, policy: Policy, role: str) -> tuple[str, str]:
    """Why this role (GUID) must not be granted to a cluster, by its definition alone: reason and
    message, or two empty texts."""
    if definition is None:
        return "RoleDefinitionDoesNotExist", "the subscription knows no role of this id"
    dangerous = danger(definition, policy.data_actions(role))
    return ("RoleNotSafe", dangerous) if dangerous else ("", "")
