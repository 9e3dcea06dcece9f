"""`doctor` looks at a whole deployment, says what to do about it, and changes nothing."""

from datetime import timedelta

import pytest

from tests.cli.azure import Azure
from tests.cli.deployment import Deployment, Diagnosed, found
from tests.typed import Type


def test_a_whole_deployment_is_well(diagnosed: Diagnosed) -> None:
    answer = diagnosed()
    assert found(answer, "fail") == found(answer, "warn") == {}
    assert (answer["status"], answer["code"]) == ("ok", 0)
    assert all(each["remedy"] == "" for each in answer["checks"])
    assert {"settings", "policy", "queues", "timer", "identity: condition", "events"} <= found(
        answer, "ok"
    ).keys()


def test_people_read_a_line_for_each_check_and_its_remedy(typed: Type, whole: Deployment) -> None:
    whole.looked(timedelta(hours=2))
    answer = typed("doctor", "--settings", str(whole.file), "--principal", whole.azure.caller)
    assert answer.code == 2
    assert "ok   queues: 6: " in answer.out
    assert "fail timer: last looked at " in answer.out
    assert "-> is the app started" in answer.out
    assert "1 to put right, 0 to look at" in answer.out


def test_a_broken_policy_is_told_with_its_fault(diagnosed: Diagnosed, whole: Deployment) -> None:
    whole.policy.write_text("apiVersion: grantkeeper/v1\ngrantable: 3\n")
    assert "grantable" in found(diagnosed(), "fail")["policy"]


def test_what_cannot_be_read_is_a_finding_and_the_rest_is_looked_at(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    azure.refuse("roleAssignments")
    answer = diagnosed()
    assert "AuthorizationFailed" in found(answer, "warn")["identity"]
    assert "events" in found(answer, "ok")


@pytest.mark.parametrize(
    ("more", "hours", "told"), [("", 0, False), (",*", 0, True), (",*", 9, False)]
)
def test_what_the_app_discovers_is_looked_at_while_the_timer_looks_at_it(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure, more: str, hours: int, told: bool
) -> None:
    other = "99999999-9999-9999-9999-999999999999"
    whole.set(MANAGED_SUBSCRIPTIONS=f"{azure.subscription}{more}")
    whole.looked(timedelta(hours=hours), other)
    unseen = {"Azure": f"you do not see {other}"} if told else {}
    assert found(diagnosed(), "fail") == unseen


def test_nothing_is_written(diagnosed: Diagnosed, azure: Azure) -> None:
    diagnosed()
    assert azure.writes() == []
