"""Patterns of scopes: where in the ARM tree a role may be granted.

`/subscriptions/{* or GUID}/resourceGroups/{glob}[/providers/{namespace}/{type}/{glob}[/…]]`: `*`
and `?` stand in names only, and never for a `/`. A subscription of `*` means the managed ones;
any other has to be written out. A whole subscription, a management group and the tenant root are
refused by this grammar, not by policy: no configuration can open them.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from shared.resource_id import InvalidId, Scope, resource_type, subscription_id

MANAGED = "*"

_NAME_GLOB = re.compile(r"[-A-Za-z0-9_.()*?]{0,259}[-A-Za-z0-9_()*?]")
_PLACEHOLDER = "{"  # no name has one


@dataclass(frozen=True, slots=True)
class ScopePattern:
    """A checked pattern: the subscription (`MANAGED` or a GUID), and the globs of the segments
    after it, in lower case."""

    subscription_id: str
    segments: tuple[str, ...]

    def covers(self, scope: Scope, managed: tuple[str, ...]) -> bool:
        """Whether `scope` is what the pattern names or lies below it; compared by segments and
        without case, as ARM does. `managed` are the managed subscriptions' GUIDs."""
        allowed = managed if self.subscription_id == MANAGED else (self.subscription_id,)
        return scope.subscription_id in allowed and self._leads_to(_segments(scope.key))

    def may_cover(self, template: str) -> bool:
        """Whether some cluster's scope made from `template` (a scope with `{placeholders}`) may
        be covered. A segment with a placeholder is taken for any name."""
        subscription = template.lower().split("/")[2]
        return (
            MANAGED in (self.subscription_id, subscription)
            or _PLACEHOLDER in subscription
            or self.subscription_id == subscription
        ) and self._leads_to(_segments(template.lower()))

    def _leads_to(self, segments: tuple[str, ...]) -> bool:
        return len(segments) >= len(self.segments) and all(
            _PLACEHOLDER in segment or fnmatchcase(segment, glob)
            for segment, glob in zip(segments, self.segments, strict=False)
        )


@lru_cache(maxsize=1024)
def parse_scope_pattern(text: str) -> ScopePattern:
    """Parse one entry of `grantable[].scopes`. Raises `InvalidId` with what is wrong."""
    parts = text.split("/")
    if len(parts) < 5 or (parts[0], parts[1].lower(), parts[3].lower()) != (
        "",
        "subscriptions",
        "resourcegroups",
    ):
        raise InvalidId("a pattern begins with /subscriptions/{* or GUID}/resourceGroups/{name}")
    subscription = parts[2] if parts[2] == MANAGED else subscription_id(parts[2])
    names = [parts[4]]
    if below := parts[5:]:
        if len(below) < 4 or len(below) % 2 or below[0].lower() != "providers":
            raise InvalidId("after the group comes /providers/{namespace}/{type}/{name}")
        resource_type("/".join([below[1], *below[2::2]]))
        names += below[3::2]
    if not all(_NAME_GLOB.fullmatch(name) for name in names):
        raise InvalidId("names have letters, digits, any of '-_.()', and the wildcards * and ?")
    return ScopePattern(subscription, _segments(text.lower()))


def _segments(text: str) -> tuple[str, ...]:
    """The segments after the subscription: `resourcegroups`, the group's name, and so on."""
    return tuple(text.split("/")[3:])
