"""Management locks: what nobody may change, whatever the roles (pure).

A ReadOnly lock holds back writes, deletions and actions (POST) at its scope and below, CanNotDelete
only deletions, and neither the data plane (learn.microsoft.com/azure/azure-resource-manager/
management/lock-resources).
"""

from msgspec import Struct

from shared.permissions import Permissions


class Lock(Struct, frozen=True):
    """One, as ARM lists it; `level` is `ReadOnly` or `CanNotDelete`."""

    id: str
    name: str
    level: str

    def holds_back(self, needed: Permissions) -> str:
        """The first action of `needed` that it may hold back; empty if none."""
        if self.level.lower() != "readonly":
            return ""
        return next((each for each in needed.actions if not each.lower().endswith("/read")), "")
