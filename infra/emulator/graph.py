"""The few reads of Microsoft Graph v1.0 that `az role assignment` makes, and when secrets end."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .timestamps import arm_time
from .wire import ArmError, Call, Response, Router
from .world import Principal, World

_BY_NAME = re.compile(r"servicePrincipalNames/any\(c:\s*c eq '([^']*)'\)", re.IGNORECASE)


class Graph:
    """The directory's principals, as Graph shows them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._credentials: dict[str, tuple[datetime, ...]] = {}

    def register_application(self, client_id: str, *ends: datetime) -> None:
        """An application whose passwords end at these times."""
        self._credentials[client_id.lower()] = ends

    def register(self, router: Router) -> None:
        """Serve the directory reads."""
        router.add("POST", "/v1.0/directoryObjects/getByIds", self._by_ids)
        router.add("GET", "/v1.0/servicePrincipals", self._service_principals)
        router.add("GET", r"/v1.0/applications\(appId='(?P<client_id>[^/']+)'\)", self._application)
        router.add("GET", "/v1.0/servicePrincipals/(?P<object_id>[^/]+)", self._one)

    def _by_ids(self, call: Call) -> Response:
        ids = call.request.json_object().get("ids")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise ArmError(400, "Request_BadRequest", "Invalid value for the property 'ids'.")
        found = (self._world.directory.get(each) for each in ids)
        return Response(200, {"value": [_document(each) for each in found if each]})

    def _service_principals(self, call: Call) -> Response:
        wanted = _BY_NAME.fullmatch(call.request.query.get("$filter", "").strip())
        if not wanted:
            raise ArmError(400, "Request_UnsupportedQuery", "Unsupported query.")
        found = self._world.directory.by_client_id(wanted[1])
        return Response(200, {"value": [_document(found)] if found else []})

    def _application(self, _call: Call, client_id: str) -> Response:
        ends = self._credentials.get(client_id.lower())
        if ends is None:
            raise _missing(client_id)
        passwords = [{"endDateTime": arm_time(each)} for each in ends]
        return Response(200, {"passwordCredentials": passwords, "keyCredentials": []})

    def _one(self, _call: Call, object_id: str) -> Response:
        found = self._world.directory.get(object_id)
        if found is None:
            raise _missing(object_id)
        return Response(200, _document(found))


def _missing(name: str) -> ArmError:
    return ArmError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property objects are "
        "not present.",
    )


def _document(principal: Principal) -> dict[str, Any]:
    kind = "servicePrincipal" if principal.kind == "ServicePrincipal" else "user"
    document = {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": principal.object_id,
        "displayName": principal.display_name,
    }
    if kind == "servicePrincipal":
        names = [principal.client_id]
        return {**document, "appId": principal.client_id, "servicePrincipalNames": names}
    return {**document, "userPrincipalName": principal.display_name}
