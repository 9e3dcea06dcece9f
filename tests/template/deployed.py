"""What a deployment comes to."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that is deployed. `scope` is the resource or deployment it belongs to; `body` has
    what is sent, its name included."""

    type: str
    version: str
    id: str
    scope: str
    body: dict[str, Any]
    origin: str

    @property
    def properties(self) -> dict[str, Any]:
        """Its properties; none are as good as empty ones."""
        return self.body.get("properties") or {}


@dataclass(slots=True)
class Deployed:
    """All that a deployment, and those within it, come to. `read` are the properties of resources
    that expressions refer to, by type; `expected` the groups that modules take to be there."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    read: set[tuple[str, str]] = field(default_factory=set)
    expected: set[str] = field(default_factory=set)


def at(body: Any, path: str) -> Any:
    """What a body has at a dotted path; None where there is nothing."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body
