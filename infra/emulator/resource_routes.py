"""Resources over HTTP: generic PUT, PATCH, GET, HEAD, DELETE and lists."""

from __future__ import annotations

from typing import Any

from . import arm_ids, resource_filter
from .arm_ids import IN_GROUP, IN_SUBSCRIPTION
from .groups import Groups
from .resource_types import Resource
from .resources import Resources, not_found
from .wire import Call, Response, Router

_RESOURCE = IN_GROUP + r"/providers/[^/]+(?:/[^/]+/[^/]+)+"
_COLLECTION = r"/providers/[^/]+(?:/[^/]+/[^/]+)*/[^/]+"
# Azure answers the PUT of these with 200 when they are new, too; the CLI refuses 201 there
_CREATED_WITH_200 = frozenset({"microsoft.compute/disks", "microsoft.storage/storageaccounts"})
_BRIEF = ("id", "name", "type", "location", "tags", "kind", "sku", "identity")


class ResourceRoutes:
    """What any path with a provider in it answers."""

    def __init__(self, groups: Groups, resources: Resources) -> None:
        self._groups = groups
        self._resources = resources

    def register(self, router: Router) -> None:
        """Routes; to be registered after every room with routes of its own."""
        router.add("GET", IN_SUBSCRIPTION + "/resources", self._list_everything)
        router.add("GET", IN_GROUP + "/resources", self._list_everything)
        check_name = IN_SUBSCRIPTION + "/providers/[^/]+/checkNameAvailability"
        router.add("POST", check_name, self._check_name)
        router.add("PUT", _RESOURCE, self._put)
        router.add("PATCH", _RESOURCE, self._patch)
        router.add("GET", _RESOURCE, self._get)
        router.add("HEAD", _RESOURCE, self._head)
        router.add("DELETE", _RESOURCE, self._delete)
        router.add("GET", IN_SUBSCRIPTION + _COLLECTION, self._list)
        router.add("GET", IN_GROUP + _COLLECTION, self._list)

    def _require(self, call: Call) -> Resource:
        path = call.request.path
        self._groups.require(arm_ids.subscription_of(path), arm_ids.group_of(path))
        if resource := self._resources.find(path):
            return resource
        raise not_found(path)

    def _put(self, call: Call, **_path: str) -> Response:
        body = call.request.json_object()
        path = call.request.path
        resource, existed = self._resources.put(path, body, call)
        answers_200 = existed or resource.type.lower() in _CREATED_WITH_200
        return Response(200 if answers_200 else 201, self._resources.document(resource))

    def _patch(self, call: Call, **_path: str) -> Response:
        resource = self._require(call)
        body = _merged(self._resources.document(resource), call.request.json_object())
        resource, _ = self._resources.put(resource.id, body, call)
        return Response(200, self._resources.document(resource))

    def _get(self, call: Call, **_path: str) -> Response:
        return Response(200, self._resources.document(self._require(call)))

    def _head(self, call: Call, **_path: str) -> Response:
        return Response(204 if self._resources.find(call.request.path) else 404)

    def _delete(self, call: Call, **_path: str) -> Response:
        removed = self._resources.remove(call.request.path, call)
        return Response(200 if removed else 204)

    def _check_name(self, call: Call, **_path: str) -> Response:
        """Some names (registries, storage accounts, vaults) are unique in the whole cloud."""
        asked = call.request.json_object()
        name, kind = str(asked.get("name", "")), str(asked.get("type", ""))
        taken = any(each.name.lower() == name.lower() for each in self._resources.of_type(kind))
        answer: dict[str, Any] = {"nameAvailable": not taken}
        if taken:
            answer |= {"reason": "AlreadyExists", "message": f"The name {name} is already taken."}
        return Response(200, answer)

    def _list(self, call: Call, subscription: str, group: str = "") -> Response:
        if group:
            self._groups.require(subscription, group)
        path = call.request.path
        kind = arm_ids.type_of(path)
        scope = path[: path.lower().rindex("/providers/")]
        if kind.count("/") > 1:
            scope = path.rpartition("/")[0]
            if group and not self._resources.exists(scope):
                raise not_found(scope)
        found = [r for r in self._resources.below(scope) if r.type.lower() == kind.lower()]
        return Response(200, {"value": [self._resources.document(r) for r in found]})

    def _list_everything(self, call: Call, subscription: str, group: str = "") -> Response:
        if group:
            self._groups.require(subscription, group)
        start = call.request.path.rpartition("/")[0].lower() + "/"
        here = (d for d in self._resources.everything() if d["id"].lower().startswith(start))
        found = resource_filter.chosen(here, call.request)
        value = [{k: document[k] for k in _BRIEF if k in document} for document in found]
        return Response(200, {"value": value})


def _merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396)."""
    merged = dict(document)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged
