"""The $filter of ARM's lists of resources and of resource groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import odata_filter
from .arm_ids import group_of
from .wire import Request

_KNOWN = frozenset({"name", "resourcetype", "resourcegroup", "location", "tagname", "tagvalue"})


def chosen(documents: Iterable[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """The documents that pass the request's filter; ArmError 400 InvalidFilterInQueryString."""
    text = request.query.get("$filter", "")
    wanted = odata_filter.parse(text, _KNOWN, refusal="InvalidFilterInQueryString")
    return [document for document in documents if _passes(document, wanted)]


def _passes(document: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Case is ignored; a tag's value is that of the tag named beside it."""
    tags = {name.lower(): value.lower() for name, value in (document.get("tags") or {}).items()}
    tag = wanted.get("tagname", "").lower()
    found = {
        "name": document["name"],
        "resourcetype": document["type"],
        "resourcegroup": group_of(document["id"]),
        "location": document.get("location", ""),
        "tagname": tag if tag in tags else "",
        "tagvalue": tags.get(tag, ""),
    }
    return all(found[name].lower() == value.lower() for name, value in wanted.items())
