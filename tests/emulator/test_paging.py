"""Long lists come in pages, and the pages together are the list."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.emulator import Emulator, Knobs, ManualClock

from .town import Town, cluster_body, error_code

CLUSTERS = "providers/Microsoft.ContainerService/managedClusters"
ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"


@pytest.fixture
def town() -> Town:
    """Five clusters, and two items a page."""
    town = Town(Emulator(Knobs(page_size=2), ManualClock()))
    for number in range(5):
        town.ask("PUT", town.id("Microsoft.ContainerService/managedClusters", f"c{number}"),
                 cluster_body())  # fmt: skip
    return town


def pages(town: Town, kind: str, query: str = "api-version=2026-08-01") -> list[Any]:
    """All pages of a list of the subscription, as documents."""
    path, found = f"/subscriptions/{town.emulator.subscription_id}/{kind}", []
    while query:
        found.append(json.loads(town.ask("GET", path, query=query).content()))
        query = urlsplit(found[-1].get("nextLink", "")).query
    return found


def test_a_list_comes_in_pages_that_miss_and_repeat_nothing(town: Town) -> None:
    found = pages(town, CLUSTERS)
    names = [each["name"] for page in found for each in page["value"]]
    assert [len(page["value"]) for page in found] == [2, 2, 1]
    assert names == [f"c{number}" for number in range(5)]


def test_assignments_come_in_pages_and_the_filter_goes_along(town: Town) -> None:
    app = town.emulator.app_identity.object_id
    everything = [each.id for each in town.emulator.role_assignments.all()]
    listed = [each["id"] for page in pages(town, ASSIGNMENTS) for each in page["value"]]
    assert listed == everything
    query = f"api-version=2022-04-01&$filter=principalId eq '{app}'"
    own = pages(town, ASSIGNMENTS, query)
    principals = {e["properties"]["principalId"] for page in own for e in page["value"]}
    assert principals == {app}


def test_what_is_planted_is_on_one_page_only(town: Town) -> None:
    odd = town.id("Microsoft.ContainerService/managedClusters", "odd")
    town.emulator.plant(odd, {"id": odd})
    listed = [each["id"] for page in pages(town, CLUSTERS) for each in page["value"]]
    assert sorted(listed) == sorted({*listed}) and odd in listed and len(listed) == 6


def test_a_token_of_nobody_is_refused(town: Town) -> None:
    path = f"/subscriptions/{town.emulator.subscription_id}/{CLUSTERS}"
    answer = town.ask("GET", path, query="api-version=2026-08-01&$skiptoken=x")
    assert (answer.status, error_code(answer)) == (400, "InvalidSkipToken")
