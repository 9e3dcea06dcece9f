"""`python -m infra.down` finds what `azd down` leaves, deletes that, and nothing else."""

import re

import pytest

from infra.down.leftovers import Kind
from infra.emulator.faults import Fault
from infra.emulator.world import Principal
from tests.down.remains import OTHERS_TOKEN, TOKEN, Remains
from tests.typed import Type


@pytest.fixture(autouse=True)
def planted(remains: Remains) -> None:
    """Leftovers and what is near them."""
    remains.plant_ours()
    remains.plant_others()
    remains.forget()


def test_exactly_what_the_deployment_left_is_deleted(remains: Remains, down: Type) -> None:
    others = remains.everything() - remains.ours
    answer = down("--yes")
    assert (answer.code, answer.err) == (0, "")
    assert remains.everything() == others
    assert answer.out.splitlines()[-1] == "nothing is left of dev"


def test_a_second_run_finds_nothing_left(remains: Remains, down: Type) -> None:
    down("--yes")
    remains.forget()
    for arguments in ((), ("--yes",)):
        answer = down(*arguments)
        assert answer.code == 0
        assert answer.out.splitlines()[-1] == "nothing is left of dev"
    assert remains.writes() == []


def test_a_list_has_a_line_for_each_thing_and_changes_nothing(remains: Remains, down: Type) -> None:
    before = remains.everything()
    answer = down()
    assert answer.code == 1
    assert remains.writes() == []
    assert remains.everything() == before
    lines = [line for line in answer.out.splitlines() if not line.startswith("left alone")]
    listed = {line[20:].split("  ")[0].lower() for line in lines[:-1]}
    with_their_group = {each for each in remains.ours if "/resourcegroups/rg-dev-events/" in each}
    assert listed == remains.ours - with_their_group
    assert lines[-1] == f"{len(listed)} left of dev; --yes deletes all of this"


def test_things_go_before_what_tells_of_them(remains: Remains, down: Type) -> None:
    kinds = [kind.label for kind in Kind]
    lines = [line for line in down("--yes").out.splitlines() if line.startswith("deleted")]
    went = [next(kind for kind in kinds if line[9:].startswith(kind)) for line in lines]
    assert went == sorted(went, key=kinds.index)
    assert set(went) == set(kinds) - {Kind.SYSTEM_TOPIC.label}


@pytest.mark.parametrize("arguments", [(), ("--yes",)])
def test_while_the_group_of_the_app_is_there_nothing_is_done(
    remains: Remains, down: Type, arguments: tuple[str, ...]
) -> None:
    remains.group(remains.here, "RG-of-the-app")
    remains.forget()
    answer = down(*arguments)
    assert answer.code == 2
    assert "azd down first" in answer.err
    assert f"{remains.here}/resourceGroups/RG-of-the-app" in answer.err
    assert remains.writes() == []


def test_where_the_caller_has_no_rights_it_is_said_and_the_rest_is_deleted(
    remains: Remains, down: Type, somebody: Principal
) -> None:
    answer = down("--yes")
    assert answer.code == 2
    assert f"{remains.there}/resourcegroups: AuthorizationFailed" in answer.err
    assert "docs/deploy.md" in answer.err
    roles = {each for each in remains.ours if "/roledefinitions/" in each}
    there = {each for each in remains.ours if each.startswith(f"{remains.there}/")}
    assert remains.left() == roles | there


def test_a_list_that_is_not_whole_is_a_failure(
    remains: Remains, down: Type, somebody: Principal
) -> None:
    answer = down()
    assert answer.code == 2
    assert f"{remains.there}/resourcegroups: AuthorizationFailed" in answer.err
    assert f"grantkeeper-{TOKEN}" in answer.out


def test_who_may_look_but_not_delete_in_a_subscription_is_told_of_each_thing(
    remains: Remains, down: Type, somebody: Principal
) -> None:
    remains.emulator.role_assignments.seed(remains.there, somebody.object_id, "Reader")
    answer = down("--yes")
    assert answer.code == 2
    there = {each for each in remains.ours if each.startswith(f"{remains.there}/")}
    assert there < remains.left()
    for each in there:
        kept_by_group = "/resourcegroups/rg-dev-events/" in each
        assert kept_by_group or each in answer.err.lower()


def test_what_failed_is_taken_up_by_the_next_run(remains: Remains, down: Type) -> None:
    remains.fail("DELETE", "eventSubscriptions/", 403, "AuthorizationFailed")
    first = down("--yes")
    assert first.code == 2
    assert re.search("event subscription .*AuthorizationFailed", first.err)
    assert "kept     custom role" in first.out
    assert not any("/roleassignments/" in each for each in remains.left())
    remains.emulator.faults.clear()
    assert down("--yes").code == 0
    assert remains.left() == set()


def test_a_lock_is_named_with_its_remedy(remains: Remains, down: Type) -> None:
    lock = f"{remains.here}/resourceGroups/shared/providers/Microsoft.Authorization/locks/keep"
    remains.put(lock, {"properties": {"level": "CanNotDelete"}})
    answer = down("--yes")
    assert answer.code == 2
    assert "ScopeLocked" in answer.err
    assert "remove the lock" in answer.err
    remains.delete(lock)
    assert down("--yes").code == 0


@pytest.mark.parametrize("status", [400, 409])
def test_an_assignment_that_still_counts_is_waited_for(
    remains: Remains, waiting: Type, status: int
) -> None:
    remains.fail("DELETE", "roleDefinitions/", status, "RoleDefinitionHasAssignments", 5)
    assert waiting().code == 0
    assert remains.left() == set()


def test_a_role_that_is_still_assigned_in_the_end_is_an_error_that_says_what_to_do(
    remains: Remains, waiting: Type
) -> None:
    remains.fail("DELETE", "roleDefinitions/", 409, "RoleDefinitionHasAssignments")
    answer = waiting()
    assert answer.code == 2
    assert "run this again in some minutes" in answer.err
    assert {each.split("/")[-2] for each in remains.left()} == {"roledefinitions"}


def test_the_end_of_a_groups_deletion_is_waited_for(remains: Remains, waiting: Type) -> None:
    remains.turn(group_deletion_seconds=(900.0, 900.0))
    before = remains.emulator.world.clock.now()
    assert waiting().code == 0
    assert (remains.emulator.world.clock.now() - before).total_seconds() >= 900
    assert remains.left() == set()


def test_a_deletion_that_is_accepted_and_then_fails_is_an_error(
    remains: Remains, waiting: Type
) -> None:
    remains.fail("GET", "operationresults", 409, "ResourceGroupDeletionBlocked")
    answer = waiting()
    assert answer.code == 2
    assert re.search("resource group .*/rg-dev-events: ResourceGroupDeletionBlocked", answer.err)
    assert "kept     custom role" in answer.out


def test_a_deletion_that_does_not_end_is_told_and_given_up(
    remains: Remains, down: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here nobody moves the clock."""
    monkeypatch.setattr("infra.down.arm.TELL_SECONDS", 0.01)
    monkeypatch.setattr("infra.down.arm.PATIENCE_SECONDS", 0.1)
    remains.turn(group_deletion_seconds=(900.0, 900.0))
    answer = down("--yes")
    assert answer.code == 2
    assert f"still being deleted: {remains.there}/resourceGroups/rg-dev-events" in answer.out
    assert "run this again later" in answer.err


def test_a_group_without_the_tag_is_left_alone_and_said(remains: Remains, down: Type) -> None:
    group = f"{remains.here}/resourceGroups/rg-dev-events"
    assert f"left alone  {group}: has no tag azd-env-name=dev" in down().out


def test_a_group_with_something_of_others_is_left_alone_and_what_is_ours_in_it_deleted(
    remains: Remains, down: Type
) -> None:
    group = f"{remains.there}/resourceGroups/rg-dev-events"
    foreign = f"{group}/providers/Microsoft.Network/routeTables/theirs"
    remains.put(foreign, {"location": "westus2"})
    answer = down("--yes")
    assert answer.code == 0
    assert f"left alone  {group}: holds theirs, not known to be ours" in answer.out
    assert remains.left() == {group.lower()}
    assert foreign.lower() in remains.everything()


def test_roles_of_a_namesake_of_another_subscription_are_left_alone_and_said(
    remains: Remains, down: Type
) -> None:
    told = down().out
    namesake = f"Grantkeeper grantor (dev, {OTHERS_TOKEN})"
    assert f"{namesake}: of the app in {remains.there}/resourceGroups/rg-of-the-app\n" in told
    assert f"Grantkeeper prober (dev, {OTHERS_TOKEN}): says not of which app\n" in told


def test_an_environment_that_never_was_has_left_nothing(remains: Remains, down: Type) -> None:
    answer = down("--environment", "prod")
    assert (answer.code, answer.out) == (0, "nothing is left of prod\n")


def test_the_name_of_an_environment_is_no_pattern(remains: Remains, down: Type) -> None:
    assert down("--environment", "d.v").out == "nothing is left of d.v\n"


def test_a_subscription_that_cannot_be_read_is_no_subscription_with_nothing_left(
    remains: Remains, down: Type
) -> None:
    remains.fail("GET", "roleDefinitions", 403, "AuthorizationFailed")
    answer = down()
    assert answer.code == 2
    assert "AuthorizationFailed" in answer.err


def test_a_page_in_place_of_an_answer_is_said(remains: Remains, down: Type) -> None:
    remains.emulator.faults.add(Fault("html", path="metricAlerts", status=200))
    answer = down("--yes")
    assert answer.code == 2
    assert "metricAlerts: the answer is not JSON" in answer.err
    assert {each.split("/")[-2] for each in remains.left()} == {"roledefinitions", "metricalerts"}


def test_a_provider_that_is_not_registered_has_left_nothing(remains: Remains, down: Type) -> None:
    path = f"{remains.there}/providers/Microsoft.Insights"
    remains.fail("GET", path, 409, "MissingSubscriptionRegistration")
    answer = down()
    assert (answer.code, answer.err) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--environment", ""), "--environment: name the azd environment"),
        (("--environment", "a' or 'b"), "--environment: name the azd environment"),
        (("--subscription", "mine"), "--subscription: not the id"),
        (("--cloud", "Elsewhere"), "--cloud: use one of AzureCloud"),
        (("--arm-endpoint", "http://localhost"), "--arm-endpoint: not an https:// address"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_asked(
    remains: Remains, down: Type, arguments: tuple[str, ...], said: str
) -> None:
    answer = down("--yes", *arguments)
    assert answer.code == 2
    assert said in answer.err
    assert remains.emulator.world.ledger.entries == []


def test_without_a_credential_the_way_to_sign_in_is_said(
    remains: Remains, down: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "nobody's")
    answer = down()
    assert answer.code == 2
    assert "sign in with az login" in answer.err
