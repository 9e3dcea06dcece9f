"""The managed-identity endpoint and the tokens it gives."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.emulator import Emulator
from infra.emulator.wire import Request, Response

from .town import ORIGIN, Town, error_code

ARM = "https://management.azure.com/"


def ask_token(emulator: Emulator, header: str, **query: str) -> Response:
    asked = {"api-version": "2019-08-01", "resource": ARM, **query}
    url = f"{ORIGIN}/msi/token?{urlencode(asked)}"
    return emulator.handle(Request.build("GET", url, {"X-IDENTITY-HEADER": header}))


def use_token(town: Town, token: str) -> Response:
    url = f"{ORIGIN}{town.group}?api-version=2024-11-01"
    sent = Request.build("GET", url, {"Authorization": f"Bearer {token}"})
    return town.emulator.handle(sent)


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def test_the_header_says_whose_token_it_is(emulator: Emulator, town: Town) -> None:
    app = ask_token(emulator, emulator.keys.app_header, client_id=emulator.app_identity.client_id)
    operator = ask_token(emulator, emulator.keys.operator_header)
    assert claims_of(app.body["access_token"])["oid"] == emulator.app_identity.object_id
    assert claims_of(operator.body["access_token"])["oid"] == emulator.operator.object_id
    assert claims_of(operator.body["access_token"])["tid"] == emulator.world.tenant_id
    assert use_token(town, operator.body["access_token"]).status == 200


@pytest.mark.parametrize("header", ["", "wrong"])
def test_a_wrong_header_is_refused(emulator: Emulator, header: str) -> None:
    answer = ask_token(emulator, header)
    assert answer.status == 401
    assert "access_token" not in answer.body


def test_the_apps_user_assigned_identity_must_be_named(emulator: Emulator) -> None:
    assert ask_token(emulator, emulator.keys.app_header).status == 400
    other = ask_token(emulator, emulator.keys.app_header, client_id=emulator.operator.client_id)
    assert other.status == 400
    by_resource = emulator.app_identity.resource_id or ""
    assert ask_token(emulator, emulator.keys.app_header, mi_res_id=by_resource).status == 200


def test_a_token_for_something_else_does_not_open_arm(emulator: Emulator, town: Town) -> None:
    answer = ask_token(emulator, emulator.keys.operator_header, resource="https://vault.azure.net")
    refused = use_token(town, answer.body["access_token"])
    assert (refused.status, error_code(refused)) == (401, "InvalidAuthenticationTokenAudience")


def test_a_token_changed_on_the_way_is_refused(emulator: Emulator, town: Town) -> None:
    token = emulator.credential(emulator.operator).get_token(f"{ARM}.default").token
    head, payload, signature = token.split(".")
    other = emulator.credential(emulator.app_identity).get_token(f"{ARM}.default").token
    forged = ".".join([head, other.split(".")[1], signature])
    for bad in (forged, f"{head}.{payload}.", "x", "a.b.c"):
        assert error_code(use_token(town, bad)) == "InvalidAuthenticationToken"


def test_an_expired_token_is_refused(town: Town) -> None:
    town.steer("PATCH", "/knobs", {"token_lifetime_seconds": 0})
    token = town.emulator.credential(town.emulator.operator).get_token(f"{ARM}.default").token
    assert error_code(use_token(town, token)) == "ExpiredAuthenticationToken"
