"""Scopes of Azure RBAC: what lies at, above or below what, by path segments and ignoring case."""

from __future__ import annotations

from functools import lru_cache


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


def same(one: str, other: str) -> bool:
    """Whether two scopes, or ids, name the same thing."""
    return segments(one) == segments(other)


def in_list(scope: str, assigned_at: str, *, at_scope: bool) -> bool:
    """Whether a list at `scope` shows what is assigned at another scope.

    What is assigned at or above it holds there, too; what is assigned below it is shown unless the
    list was asked for with atScope().
    """
    return contains(assigned_at, scope) or (not at_scope and contains(scope, assigned_at))
