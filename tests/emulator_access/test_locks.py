"""What a lock holds back, where, and that everybody sees it."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from infra.emulator.wire import Request, Response
from tests.emulator_access.conftest import Site

LOCKS = "/providers/Microsoft.Authorization/locks"


def ask(site: Site, method: str, path: str, body: bytes = b"", query: str = "") -> Response:
    """A request of the operator."""
    credential = site.emulator.credential(site.emulator.operator)
    token = credential.get_token("https://management.azure.com/.default").token
    url = f"https://management.azure.com{path}?api-version=2020-05-01{query}"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return site.emulator.handle(Request.build(method, url, headers, body))


def lock(site: Site, scope: str, level: str = "ReadOnly", name: str = "keep") -> str:
    body = b'{"properties": {"level": "%s", "notes": "why"}}' % level.encode()
    path = f"{scope}{LOCKS}/{name}"
    assert ask(site, "PUT", path, body).status == 201
    return path


def names(answer: Response) -> list[str]:
    body: Any = answer.body
    return sorted(each["name"] for each in body["value"])


def test_a_read_only_lock_refuses_changes_at_and_below_its_scope(site: Site) -> None:
    lock(site, site.group)
    with pytest.raises(HttpResponseError, match="ScopeLocked") as refused:
        site.assign(site.registry)
    assert refused.value.status_code == 409
    assert f"are locked: '{site.group}'" in str(refused.value)
    assert ask(site, "GET", site.registry).status == 200
    assert ask(site, "DELETE", site.registry).status == 409


def test_a_lock_against_deletion_refuses_only_that(site: Site) -> None:
    lock(site, site.registry, "CanNotDelete")
    made = site.assign(site.registry)
    with pytest.raises(HttpResponseError, match="ScopeLocked"):
        site.owner.role_assignments.delete(site.registry, made.name)
    assert ask(site, "DELETE", site.network).status == 200


def test_a_lock_that_is_removed_holds_back_nothing(site: Site) -> None:
    path = lock(site, site.registry)
    assert ask(site, "GET", path).status == 200
    assert ask(site, "DELETE", path).status == 200
    assert ask(site, "GET", path).status == 404
    assert ask(site, "DELETE", path).status == 204
    site.assign(site.registry)


def test_a_list_at_a_scope_shows_what_holds_there_and_else_what_is_below(site: Site) -> None:
    lock(site, site.group, name="above")
    lock(site, site.network, name="at")
    lock(site, site.subnet, name="below")
    lock(site, site.registry, name="beside")
    at_scope = ask(site, "GET", f"{site.network}{LOCKS}", query="&$filter=atScope()")
    assert names(at_scope) == ["above", "at"]
    assert names(ask(site, "GET", f"{site.network}{LOCKS}")) == ["above", "at", "below"]


@pytest.mark.parametrize("body", [b"{}", b'{"properties": {"level": "Often"}}'])
def test_a_lock_without_a_known_level_is_refused(site: Site, body: bytes) -> None:
    assert ask(site, "PUT", f"{site.registry}{LOCKS}/keep", body).status == 400
