"""`orphans` lists role assignments that nobody can use any more, and deletes none."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from grantkeeper.directory import ENDPOINTS
from shared.settings import CLOUDS
from tests.cli.azure import Azure
from tests.typed import Type

GHOST = "00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def listed(typed: Type, azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The orphans of the subscription as `--json` prints them, with the rest beside."""
    monkeypatch.setenv("SUBSCRIPTION_ID", azure.subscription)

    def run() -> Any:
        answer = typed("orphans", "--json")
        assert answer.code == 0, answer.err
        found = json.loads(answer.out)
        (subscription,) = found["subscriptions"]
        return {**found, **subscription}

    return run


def ours(azure: Azure, principal: str, cluster: str, stamp: str = "grantkeeper: ") -> str:
    """An assignment as the app would have written it for a cluster; its id."""
    role = f"/subscriptions/{azure.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    body = {
        "properties": {
            "roleDefinitionId": f"{role}/4d97b98b-1d4f-4787-a291-c67834d212e7",
            "principalId": principal,
            "principalType": "ServicePrincipal",
            "description": f"{stamp}node subnet of {cluster.lower()}",
        }
    }
    path = f"{azure.subnet}/providers/Microsoft.Authorization/roleAssignments"
    answer = azure.town.ask("PUT", f"{path}/{GHOST}", body)
    assert answer.status == 201, answer.body
    found: str = answer.body["id"]
    return found


def gone(azure: Azure, path: str) -> None:
    assert azure.town.ask("DELETE", path).status == 202
    azure.emulator.advance(600)


def reasons(found: Any) -> dict[str, str]:
    return {each["assignmentId"]: each["reason"] for each in found["orphans"]}


def test_ours_of_a_cluster_that_is_gone_is_an_orphan(
    listed: Callable[[], Any], azure: Azure
) -> None:
    path = azure.cluster()
    made = ours(azure, azure.principal(path), path)
    assert reasons(listed()) == {}
    gone(azure, path)
    found = listed()
    assert reasons(found) == {made: "ClusterGone"}
    (orphan,) = found["orphans"]
    assert orphan["command"] == f"az role assignment delete --ids {made}"
    assert (orphan["clusterId"], orphan["roleName"]) == (path.lower(), "Network Contributor")
    assert orphan["identity"] == "missing"


def test_ours_that_a_living_cluster_uses_is_none(listed: Callable[[], Any], azure: Azure) -> None:
    former, living = azure.cluster("c1"), azure.cluster("c2")
    ours(azure, azure.principal(living), former)
    gone(azure, former)
    assert reasons(listed()) == {}


def test_ours_of_a_cluster_that_cannot_be_read_is_none(
    listed: Callable[[], Any], azure: Azure
) -> None:
    path = azure.cluster()
    ours(azure, azure.caller, path)
    gone(azure, path)
    assert len(reasons(listed())) == 1
    azure.refuse("managedClusters/c1$")
    assert reasons(listed()) == {}


def test_a_principal_that_is_in_no_directory_is_an_orphan_whoever_wrote_it(
    listed: Callable[[], Any], azure: Azure
) -> None:
    azure.assign(azure.subnet, GHOST, "Reader")
    azure.assign(azure.subnet, azure.caller, "Reader")
    (orphan,) = listed()["orphans"]
    assert (orphan["reason"], orphan["identity"]) == ("IdentityNotFound", "missing")
    assert (orphan["principalId"], orphan["clusterId"]) == (GHOST, None)


@pytest.mark.parametrize("kind", ["grantkeeper of", "somebody's"])
def test_another_description_is_not_ours(
    listed: Callable[[], Any], azure: Azure, kind: str
) -> None:
    path = azure.cluster()
    ours(azure, azure.caller, path, stamp=kind)
    gone(azure, path)
    assert reasons(listed()) == {}


def test_without_the_directory_only_ours_are_known_and_that_is_said(
    typed: Type, listed: Callable[[], Any], azure: Azure
) -> None:
    path = azure.cluster()
    made = ours(azure, azure.caller, path)
    gone(azure, path)
    azure.assign(azure.subnet, GHOST, "Reader")
    azure.refuse("getByIds")
    found = listed()
    assert reasons(found) == {made: "ClusterGone"}
    assert found["orphans"][0]["identity"] == "unknown"
    assert found["directory"] == "Microsoft Graph answered 403 AuthorizationFailed"
    answer = typed("orphans")
    assert answer.code == 0
    assert "only our own could be looked for" in answer.out
    assert "Directory.Read.All" in answer.out


def test_people_read_the_count_and_the_line_that_frees_each(
    typed: Type, listed: Callable[[], Any], azure: Azure
) -> None:
    azure.assign(azure.subnet, GHOST, "Reader")
    count = listed()["assignments"]
    answer = typed("orphans")
    assert f"{azure.subscription}: {count} of 4000 role assignments, 1 orphans" in answer.out
    assert "Reader  IdentityNotFound" in answer.out
    assert "az role assignment delete --ids /subscriptions/" in answer.out


def test_an_assignment_at_the_subscription_itself_counts(
    listed: Callable[[], Any], azure: Azure
) -> None:
    before = listed()["assignments"]
    azure.assign(f"/subscriptions/{azure.subscription}", azure.caller, "Reader")
    assert listed()["assignments"] == before + 1


def test_a_principal_that_was_just_made_may_not_be_in_the_directory_yet(
    listed: Callable[[], Any], azure: Azure
) -> None:
    azure.emulator.advance((datetime.now(UTC) - azure.emulator.world.clock.now()).total_seconds())
    azure.assign(azure.subnet, GHOST, "Reader")
    assert reasons(listed()) == {}


def test_nothing_is_deleted(listed: Callable[[], Any], azure: Azure) -> None:
    azure.assign(azure.subnet, GHOST, "Reader")
    listed()
    assert [each for each in azure.writes() if "getByIds" not in each] == []
    assert len(azure.emulator.role_assignments.at(azure.subnet)) == 1


def test_a_subscription_is_needed(typed: Type, azure: Azure) -> None:
    answer = typed("orphans")
    assert answer.code == 2
    assert "SUBSCRIPTION_ID" in answer.err


def test_a_subscription_that_cannot_be_read_is_an_error(
    typed: Type, listed: Callable[[], Any], azure: Azure
) -> None:
    azure.refuse("roleAssignments")
    assert typed("orphans").code == 4


def test_every_cloud_has_a_directory() -> None:
    assert ENDPOINTS.keys() == CLOUDS.keys()
