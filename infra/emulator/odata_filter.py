"""The part of OData's $filter that ARM and Microsoft.Authorization understand."""

from __future__ import annotations

import re

from .wire import ArmError

_CLAUSE = re.compile(
    r"\s*(?:(?P<field>[A-Za-z/]+)\s+eq\s+'(?P<equals>(?:[^']|'')*)'"
    r"|(?P<function>[A-Za-z]+)\(\s*(?:'(?P<argument>(?:[^']|'')*)')?\s*\))\s*(?P<and>and\b|$)",
    re.IGNORECASE,
)


def parse(text: str, known: frozenset[str], *, refusal: str = "UnsupportedQuery") -> dict[str, str]:
    """The clauses of an and-joined filter as name -> value; {} when there is no filter.

    ArmError 400 with the code `refusal` for anything else, a name outside `known` included.
    """
    clauses: dict[str, str] = {}
    position, joined = 0, False
    while joined or position < len(text):
        found = _CLAUSE.match(text, position)
        name = (found["field"] or found["function"]).lower() if found else ""
        if not found or name not in known:
            raise ArmError(400, refusal, f"The filter '{text}' is not supported.")
        clauses[name] = (found["equals"] or found["argument"] or "").replace("''", "'")
        position, joined = found.end(), bool(found["and"])
    return clauses
