"""Role assignments as the real authorization SDK sees them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from infra.emulator.knobs import Knobs
from infra.emulator.wire import Request, Response
from tests.emulator_access.conftest import Site, make_site


def refused(attempt: Any, *arguments: object, **keywords: object) -> tuple[int | None, str, str]:
    """Status, code and message of a call that must fail."""
    with pytest.raises(HttpResponseError) as caught:
        attempt(*arguments, **keywords)
    error = caught.value.error
    assert error is not None
    return caught.value.status_code, str(error.code), str(error.message)


def names(assignments: Any) -> set[str]:
    return {each.name for each in assignments}


def put(site: Site, scope: str, name: str, body: Any) -> Response:
    """A raw PUT by the operator, to see the status and body the SDK hides."""
    token = site.emulator.credential(site.emulator.operator).get_token(
        "https://management.azure.com/.default"
    )
    url = (
        f"https://management.azure.com{scope}/providers/Microsoft.Authorization/roleAssignments/"
        f"{name}?api-version=2022-04-01"
    )
    headers = {"Authorization": f"Bearer {token.token}", "Content-Type": "application/json"}
    return site.emulator.handle(Request.build("PUT", url, headers, json.dumps(body).encode()))


def test_a_new_assignment_is_201_and_the_same_again_200(site: Site) -> None:
    name = str(uuid.uuid4())
    first = put(site, site.registry, name, site.body())
    again = put(site, site.registry, name.upper(), site.body())
    assert (first.status, again.status) == (201, 200)
    assert first.body["properties"]["createdBy"] is None
    assert again.body["properties"]["createdBy"] == site.emulator.operator.object_id
    assert first.body["id"] == (
        f"{site.registry}/providers/Microsoft.Authorization/roleAssignments/{name}"
    )


def test_description_and_condition_may_change(site: Site) -> None:
    made = site.assign(site.registry)
    condition = "!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})"
    body = site.body(description="ours", condition=condition, conditionVersion="2.0")
    site.owner.role_assignments.create(site.registry, made.name, body)
    found = site.owner.role_assignments.get(site.registry, made.name)
    assert (found.description, found.condition) == ("ours", condition)


@pytest.mark.parametrize("change", ["principal", "role", "scope"])
def test_a_name_cannot_be_used_for_another_grant(site: Site, change: str) -> None:
    made = site.assign(site.registry)
    scope = site.network if change == "scope" else site.registry
    other = {"principalId": str(uuid.uuid4())} if change == "principal" else {}
    body = site.body("AcrPush" if change == "role" else "AcrPull", **other)
    status, code, message = refused(site.owner.role_assignments.create, scope, made.name, body)
    assert (status, code) == (400, "RoleAssignmentUpdateNotPermitted")
    assert message == (
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
    )


def test_the_same_grant_under_another_name_exists_and_is_named_without_dashes(site: Site) -> None:
    made = site.assign(site.registry)
    scope = site.registry.upper().replace("/SUBSCRIPTIONS", "/subscriptions")
    status, code, message = refused(site.assign, scope)
    assert (status, code) == (409, "RoleAssignmentExists")
    assert made.name.replace("-", "") in message
    assert site.emulator.role_assignments.at(site.registry) == (
        site.emulator.role_assignments.of_principal(site.kubelet.object_id)
    )


def test_a_grant_inherited_from_above_may_be_made_below_too(site: Site) -> None:
    site.assign(site.subscription)
    site.assign(site.registry)
    assert len(site.emulator.role_assignments.of_principal(site.kubelet.object_id)) == 2


def test_a_young_principal_needs_its_type_until_it_has_replicated(site: Site) -> None:
    status, code, message = refused(site.assign, site.registry, principalType=None)
    assert (status, code) == (400, "PrincipalNotFound")
    assert "replication delay" in message
    site.emulator.advance(30)
    assert site.assign(site.registry, principalType=None).principal_type == "ServicePrincipal"


def test_an_unknown_principal_is_taken_on_trust_with_its_type_only(site: Site) -> None:
    nobody = str(uuid.uuid4())
    site.emulator.advance(3600)
    _, code, _ = refused(site.assign, site.registry, principalType=None, principalId=nobody)
    assert code == "PrincipalNotFound"
    assert site.assign(site.registry, principalId=nobody).principal_id == nobody


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"roleDefinitionId": "7f951dda-4ed3-4680-a7ca-43fe172d538d"}, 400, "BadRequestFormat"),
        (
            {
                "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/"
                "00000000-0000-0000-0000-000000000001"
            },
            404,
            "RoleDefinitionDoesNotExist",
        ),
        ({"principalId": "kubelet"}, 400, "InvalidPrincipalId"),
        ({"principalType": "User"}, 400, "UnmatchedPrincipalType"),
        ({"principalType": "Robot"}, 400, "BadRequestFormat"),
        ({"condition": "(", "conditionVersion": "2.0"}, 400, "InvalidCondition"),
        ({"condition": "ActionMatches{'*'}"}, 400, "InvalidConditionVersion"),
    ],
)
def test_a_faulty_body_changes_nothing(
    site: Site, changes: dict[str, str], status: int, code: str
) -> None:
    before = site.emulator.role_assignments.all()
    answer = put(site, site.registry, str(uuid.uuid4()), site.body(**changes))
    assert (answer.status, answer.body["error"]["code"]) == (status, code)
    assert site.emulator.role_assignments.all() == before


def test_a_name_must_be_a_guid(site: Site) -> None:
    answer = put(site, site.registry, "mine", site.body())
    assert (answer.status, answer.body["error"]["code"]) == (400, "InvalidRoleAssignmentId")


def test_a_scope_must_exist(site: Site) -> None:
    status, _, _ = refused(site.assign, f"{site.network}/subnets/missing")
    assert status == 404
    status, _, _ = refused(site.assign, f"{site.subscription}/resourceGroups/missing")
    assert status == 404


def test_a_full_subscription_takes_no_more() -> None:
    site = make_site(Knobs(role_assignment_limit=5))
    there = len(site.emulator.role_assignments.all())
    for _ in range(5 - there):
        site.assign(site.registry, principalId=str(uuid.uuid4()))
    _, code, message = refused(site.assign, site.registry)
    assert code == "RoleAssignmentLimitExceeded"
    assert "No more role assignments can be created" in message
    site.emulator.close()


def test_a_delete_returns_what_was_there_and_then_nothing(site: Site) -> None:
    made = site.assign(site.registry)
    deleted = site.owner.role_assignments.delete(site.registry, made.name)
    assert deleted.name == made.name
    assert site.owner.role_assignments.delete(site.registry, made.name) is None
    status, code, _ = refused(site.owner.role_assignments.get, site.registry, made.name)
    assert (status, code) == (404, "RoleAssignmentNotFound")


class TestLists:
    """Which assignments a list at the network shows: above, at, below it; elsewhere never."""

    @pytest.fixture
    def made(self, site: Site) -> dict[str, str]:
        scopes = {
            "above": site.group,
            "at": site.network,
            "below": site.subnet,
            "elsewhere": site.registry,
        }
        return {
            where: site.assign(scope, "Network Contributor").name for where, scope in scopes.items()
        }

    @pytest.mark.parametrize(
        ("form", "shown"),
        [
            (None, {"above", "at", "below"}),
            ("atScope()", {"above", "at"}),
            ("principalId eq '{0}'", {"above", "at", "below"}),
            ("assignedTo('{0}')", {"above", "at", "below"}),
            ("atScope() and assignedTo('{0}')", {"above", "at"}),
        ],
    )
    def test_by_filter(
        self, site: Site, made: dict[str, str], form: str | None, shown: set[str]
    ) -> None:
        text = form.format(site.kubelet.object_id) if form else None
        found = names(site.owner.role_assignments.list_for_scope(site.network, filter=text))
        assert {where for where, name in made.items() if name in found} == shown

    def test_another_principal_has_none(self, site: Site, made: dict[str, str]) -> None:
        text = f"principalId eq '{uuid.uuid4()}'"
        assert list(site.owner.role_assignments.list_for_scope(site.network, filter=text)) == []

    def test_of_a_subscription_a_group_and_a_resource(
        self, site: Site, made: dict[str, str]
    ) -> None:
        operations = site.owner.role_assignments
        everything = set(made.values())
        assert everything <= names(operations.list_for_subscription())
        assert everything <= names(operations.list_for_resource_group("SHARED"))
        found = names(
            operations.list_for_resource(
                "shared", "Microsoft.Network", "virtualNetworks", "net", filter="atScope()"
            )
        )
        assert everything & found == {made["above"], made["at"]}

    def test_two_filters_that_do_not_go_together(self, site: Site) -> None:
        text = f"atScope() and principalId eq '{site.kubelet.object_id}'"
        listing = site.owner.role_assignments.list_for_scope(site.network, filter=text)
        assert refused(list, listing)[0] == 400


def test_an_unreadable_assignment_is_seen_by_nobody_but_refuses_its_double() -> None:
    site = make_site(Knobs(readable_seconds=(20.0, 20.0)))
    made = site.assign(site.registry)
    assert refused(site.owner.role_assignments.get, site.registry, made.name)[0] == 404
    assert made.name not in names(site.owner.role_assignments.list_for_scope(site.registry))
    assert refused(site.assign, site.registry)[1] == "RoleAssignmentExists"
    site.emulator.advance(20)
    assert site.owner.role_assignments.get(site.registry, made.name).name == made.name
    site.emulator.close()


def test_assignments_go_with_the_resource_they_are_on(site: Site) -> None:
    below = site.assign(site.subnet, "Network Contributor")
    beside = site.assign(site.registry)
    site.emulator.resources.remove(site.network)
    left = {each.name for each in site.emulator.role_assignments.all()}
    assert below.name not in left
    assert beside.name in left


def test_assignments_of_a_deleted_principal_stay(site: Site) -> None:
    made = site.assign(site.registry)
    site.emulator.world.directory.remove(site.kubelet.object_id)
    assert site.owner.role_assignments.get(site.registry, made.name).principal_id == (
        site.kubelet.object_id
    )


def test_writes_and_deletes_raise_events(site: Site) -> None:
    site.emulator.event_grid.take()
    made = site.assign(site.registry)
    site.owner.role_assignments.delete(site.registry, made.name)
    events = site.emulator.event_grid.take()
    assert [each["data"]["operationName"] for each in events] == [
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
    ]
    assert {each["subject"] for each in events} == {made.id}
