"""Route templates of HTTP triggers as patterns for paths (pure)."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r"\{(\*{0,2})([a-zA-Z_]\w*)(?::([a-z]+)[^}?]*)?(\?)?\}")
_CONSTRAINTS = {"int": r"-?\d+", "long": r"-?\d+", "bool": r"(?i:true|false)", "alpha": "[a-zA-Z]+"}
_CONSTRAINTS |= {"guid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"}


def route_pattern(route: str) -> re.Pattern[str]:
    """A route template (`{name}`, `{id:int}`, `{x?}`, `{*rest}`) as a pattern for a path.

    Constraints other than int, long, bool, alpha and guid are not checked. Raises ValueError for a
    parameter that is there twice.
    """
    names = [match[2] for match in _PARAMETER.finditer(route)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'{route}' is not a route: '{name}' is there twice")
    pattern = ""
    for segment in filter(None, route.split("/")):
        match = _PARAMETER.fullmatch(segment)
        if match and match[1]:
            pattern += f"(?:/(?P<{match[2]}>.*))?"
        elif match and match[4]:
            pattern += f"(?:/(?P<{match[2]}>{_CONSTRAINTS.get(match[3] or '', '[^/]+')}))?"
        else:
            pattern += "/" + _segment(segment)
    return re.compile(pattern + "/?", re.IGNORECASE)


def _segment(text: str) -> str:
    pattern, position = "", 0
    for match in _PARAMETER.finditer(text):
        pattern += re.escape(text[position : match.start()])
        pattern += f"(?P<{match[2]}>{_CONSTRAINTS.get(match[3] or '', '[^/]+')})"
        position = match.end()
    return pattern + re.escape(text[position:])
