"""What ARM checks before any resource provider, and what it notes."""

from __future__ import annotations

import uuid

import pytest

from infra.emulator import Emulator, EmulatorTransport, Knobs, ManualClock
from infra.emulator.wire import Request

from .town import ORIGIN, Town, cluster_body, error_code


def test_an_api_version_is_required_but_any_will_do(town: Town) -> None:
    assert error_code(town.ask("GET", town.group, query="")) == "MissingApiVersionParameter"
    assert error_code(town.ask("GET", town.group, query="api-version=x")) == (
        "InvalidApiVersionParameter"
    )
    assert town.ask("GET", town.group, query="api-version=2031-01-01-preview").status == 200


@pytest.mark.parametrize("part", ["..", ".", "%2e%2e", "a%0ab", "%00"])
def test_a_path_that_no_client_should_send_is_refused(town: Town, part: str) -> None:
    answer = town.ask("PUT", f"{town.group}/{part}/x", {"location": "westus2"})
    assert (answer.status, error_code(answer)) == (400, "InvalidRequestUri")


def test_an_unknown_subscription_is_not_found(town: Town) -> None:
    path = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups"
    assert error_code(town.ask("GET", path)) == "SubscriptionNotFound"


def test_no_token_no_answer(emulator: Emulator) -> None:
    url = f"{ORIGIN}/subscriptions?api-version=2022-12-01"
    answer = emulator.handle(Request.build("GET", url))
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_nobody_acts_without_a_role(emulator: Emulator, town: Town) -> None:
    stranger = emulator.world.directory.create("stranger")
    answer = town.ask("GET", town.group, caller=stranger)
    assert (answer.status, error_code(answer)) == (403, "AuthorizationFailed")
    assert (
        "Microsoft.Resources/subscriptions/resourceGroups/read" in answer.body["error"]["message"]
    )
    assert town.ask("GET", "/subscriptions", caller=stranger).status == 200


def test_the_app_may_write_clusters_and_assignments_unless_a_knob_says_otherwise(
    town: Town,
) -> None:
    app = town.emulator.app_identity
    path = town.id("Microsoft.ContainerService/managedClusters", "c1")
    assert town.ask("PUT", path, cluster_body(), caller=app).status == 201
    bare = Town(Emulator(Knobs(app_roles=("Reader",)), ManualClock()))
    path = bare.id("Microsoft.ContainerService/managedClusters", "c1")
    answer = bare.ask("PUT", path, cluster_body(), caller=bare.emulator.app_identity)
    assert error_code(answer) == "AuthorizationFailed"
    bare.emulator.close()


def test_an_unregistered_provider_refuses_until_it_is_registered(town: Town) -> None:
    namespace = "Microsoft.ContainerService"
    town.steer("PATCH", "/knobs", {"unregistered_providers": [namespace]})
    path = town.id(f"{namespace}/managedClusters", "c1")
    answer = town.ask("PUT", path, cluster_body())
    assert (answer.status, error_code(answer)) == (409, "MissingSubscriptionRegistration")
    subscription = f"/subscriptions/{town.emulator.subscription_id}"
    about = town.ask("GET", f"{subscription}/providers/{namespace}")
    assert about.body["registrationState"] == "NotRegistered"
    assert town.ask("POST", f"{subscription}/providers/{namespace}/register").status == 200
    assert town.ask("PUT", path, cluster_body()).status == 201


def test_the_ledger_has_every_request_with_caller_and_status(
    emulator: Emulator, town: Town
) -> None:
    town.ask("GET", town.group)
    town.ask("GET", f"{town.group}x")
    entries = emulator.world.ledger.entries
    assert [(e.method, e.status, e.caller_name) for e in entries] == [
        ("GET", 200, "operator"),
        ("GET", 404, "operator"),
    ]
    assert emulator.world.ledger.count(method="GET", path_contains="RESOURCEGROUPS/RGX") == 1


def test_the_ledger_keeps_what_a_write_said_and_its_correlation_id(
    emulator: Emulator, town: Town
) -> None:
    town.ask("GET", town.group)
    made = town.ask("PUT", town.group, {"location": "westus2"})
    refused = town.ask("PUT", town.group, {"location": "nowhere"}, caller=emulator.app_identity)
    town.ask("DELETE", f"{town.group}x")
    writes = emulator.world.ledger.writes()
    assert [entry.method for entry in writes] == ["PUT", "PUT", "DELETE"]
    assert [entry.document for entry in writes] == [
        {"location": "westus2"},
        {"location": "nowhere"},
        None,
    ]
    ids = [answer.headers["x-ms-correlation-request-id"] for answer in (made, refused)]
    assert [entry.correlation_id for entry in writes[:2]] == ids
    assert [entry.status for entry in emulator.world.ledger.writes("grantkeeper")] == [
        refused.status
    ]


def test_every_answer_names_its_request_and_its_correlation(emulator: Emulator, town: Town) -> None:
    nobody = emulator.world.directory.create("nobody")
    cluster = town.id("Microsoft.ContainerService/managedClusters", "c1")
    answers = [
        town.ask("GET", town.group),
        town.ask("PUT", cluster, cluster_body()),
        town.ask("GET", f"{town.group}x"),
        town.ask("GET", town.group, caller=nobody),
        town.ask("GET", town.group, headers={"Authorization": "Bearer x"}),
        town.ask("GET", town.group, query=""),
    ]
    town.steer("POST", "/faults", {"kind": "status", "status": 429})
    answers.append(town.ask("GET", town.group))
    assert [answer.status for answer in answers] == [200, 201, 404, 403, 401, 400, 429]
    for name in ("x-ms-request-id", "x-ms-correlation-request-id"):
        ids = {str(uuid.UUID(answer.headers[name])) for answer in answers}
        assert len(ids) == len(answers)
    sent = {"x-ms-correlation-request-id": str(uuid.UUID(int=7))}
    echoed = town.ask("GET", town.group, headers=sent)
    assert echoed.headers["x-ms-correlation-request-id"] == str(uuid.UUID(int=7))


def test_the_poll_url_must_come_back_as_it_was_given(emulator: Emulator, town: Town) -> None:
    path = town.id("Microsoft.ContainerService/managedClusters", "c1")
    url = town.ask("PUT", path, cluster_body()).headers["Azure-AsyncOperation"]
    where, _, query = url.removeprefix(ORIGIN).partition("?")
    answer = town.ask("GET", where, query=query)
    assert (answer.status, answer.body["status"]) == (200, "InProgress")
    assert answer.body["name"] not in url
    assert town.ask("GET", where).status == 400
    emulator.advance(400)
    assert town.ask("GET", where, query=query).body["status"] == "Succeeded"


def test_the_end_of_an_operation_is_forgotten_after_a_day(emulator: Emulator, town: Town) -> None:
    path = town.id("Microsoft.ContainerService/managedClusters", "c1")
    url = town.ask("PUT", path, cluster_body()).headers["Azure-AsyncOperation"]
    where, _, query = url.removeprefix(ORIGIN).partition("?")
    emulator.advance(86_000)
    assert town.ask("GET", where, query=query).status == 200
    emulator.advance(1_000)
    assert town.ask("GET", where, query=query).status == 404


def test_the_same_seed_makes_the_same_world() -> None:
    def ids(seed: int) -> tuple[str, str]:
        emulator = Emulator(Knobs(seed=seed), ManualClock())
        emulator.close()
        return emulator.subscription_id, emulator.app_identity.object_id

    assert ids(3) == ids(3)
    assert ids(3) != ids(4)


def test_a_clients_own_sleep_moves_a_clock_moved_by_hand(emulator: Emulator) -> None:
    before = emulator.world.clock.now()
    EmulatorTransport(emulator).sleep(30)
    assert (emulator.world.clock.now() - before).total_seconds() == 30
