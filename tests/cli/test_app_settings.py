"""`doctor` reads the app's settings from a file, or from what options and environment say."""

import json

import pytest

from tests.cli.azure import Azure
from tests.cli.deployment import Deployment, Diagnosed, found
from tests.typed import Type


def test_no_secret_is_printed(typed: Type, whole: Deployment) -> None:
    whole.set(Work="AccountName=a;AccountKey=hidden;QueueEndpoint=https://a.invalid")
    answer = typed("doctor", "--settings", str(whole.file), "--json")
    assert "hidden" not in answer.out + answer.err
    assert answer.code == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"FLEET_SCHEDULE": ""}, "FLEET_SCHEDULE: missing"),
        ({"AzureWebJobsStorage": ""}, "AzureWebJobsStorage: missing"),
        ({"ARM_SHARE": "2"}, "ARM_SHARE: not a number above 0 and up to 1"),
    ],
)
def test_a_wrong_setting_is_named(
    diagnosed: Diagnosed, whole: Deployment, changes: dict[str, str], message: str
) -> None:
    whole.set(**changes)
    answer = diagnosed()
    assert message in found(answer, "fail")["settings"]
    assert answer["code"] == 2


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"Values": 3}', "FLEET_SCHEDULE=1"])
def test_a_file_that_is_not_settings_is_wrong_input(
    typed: Type, whole: Deployment, text: str
) -> None:
    whole.file.write_text(text)
    answer = typed("doctor", "--settings", str(whole.file))
    assert (answer.code, answer.out) == (2, "")
    assert "az functionapp config appsettings list" in answer.err


def test_a_reference_to_a_key_vault_is_not_taken_for_its_value(
    typed: Type, whole: Deployment
) -> None:
    whole.set(Work="@Microsoft.KeyVault(SecretUri=https://v.invalid/secrets/work)")
    answer = typed("doctor", "--settings", str(whole.file))
    assert (answer.code, "Work: a reference" in answer.err) == (2, True)


def test_without_a_file_the_options_say_where_everything_is(
    typed: Type, whole: Deployment, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORK_STORAGE", whole.storage)
    arguments = ("--subscription", azure.subscription, "--principal", azure.caller)
    answer = typed("doctor", "--json", *arguments)
    told = json.loads(answer.out)
    assert found(told, "fail") == {}
    assert found(told, "warn").keys() == {"settings of the app"}
    assert answer.code == 1
