"""The directory reads of Microsoft Graph."""

from __future__ import annotations

import json
from typing import Any

from infra.emulator.wire import Request
from tests.emulator_access.conftest import Site

GRAPH = "https://graph.microsoft.com/v1.0"


def ask(site: Site, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """A read by the operator; status and body."""
    token = site.emulator.credential(site.emulator.operator).get_token(
        "https://graph.microsoft.com/.default"
    )
    headers = {"Authorization": f"Bearer {token.token}"}
    content = b"" if body is None else json.dumps(body).encode()
    answer = site.emulator.handle(Request.build(method, GRAPH + path, headers, content))
    return answer.status, answer.body


def test_principals_are_found_by_their_ids(site: Site) -> None:
    wanted = {"ids": [site.kubelet.object_id, "00000000-0000-0000-0000-000000000001"]}
    status, body = ask(site, "POST", "/directoryObjects/getByIds", wanted)
    assert status == 200
    (found,) = body["value"]
    assert found["@odata.type"] == "#microsoft.graph.servicePrincipal"
    assert (found["id"], found["appId"]) == (site.kubelet.object_id, site.kubelet.client_id)


def test_a_service_principal_is_found_by_its_client_id(site: Site) -> None:
    query = "/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20'{}')"
    _, body = ask(site, "GET", query.format(site.kubelet.client_id))
    assert [each["id"] for each in body["value"]] == [site.kubelet.object_id]
    _, body = ask(site, "GET", query.format("nobody"))
    assert body == {"value": []}


def test_errors_are_json(site: Site) -> None:
    status, body = ask(site, "GET", "/servicePrincipals/nobody")
    assert (status, body["error"]["code"]) == (404, "Request_ResourceNotFound")
