"""Scopes of Azure RBAC: what lies at, above or below what, by path segments and ignoring case."""

from __future__ import annotations

import re
from functools import lru_cache

_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)(?:/.*)?", re.IGNORECASE)


def tidy(scope: str) -> str:
    """A scope with one leading slash and no trailing one; '/' is the tenant's root."""
    return "/" + scope.strip("/")


@lru_cache(maxsize=65_536)
def segments(scope: str) -> tuple[str, ...]:
    """The scope's segments in lower case; the root has none."""
    return tuple(part for part in scope.lower().split("/") if part)


def contains(outer: str, inner: str) -> bool:
    """Whether `inner` is `outer` or lies below it.

    By segments: a string prefix would take '/rg/a' to contain '/rg/ab'.
    """
    above = segments(outer)
    return segments(inner)[: len(above)] == above


def subscription_id(scope: str) -> str | None:
    """The subscription a scope lies in; None for the root and management groups."""
    found = _SUBSCRIPTION.fullmatch(scope)
    return found[1] if found else None
