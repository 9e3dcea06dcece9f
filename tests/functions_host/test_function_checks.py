"""What the host refuses about one function while the others go on running."""

from typing import Any

import pytest

from infra.functions_host.connections import Accounts
from infra.functions_host.function_checks import HostFunction, check_functions
from infra.functions_host.host_json import HostJson, QueueOptions
from infra.functions_host.log_levels import LogLevels
from infra.functions_host.wire import FunctionMetadata

ENVIRONMENT = {
    "AzureWebJobsStorage": "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
    "QueueEndpoint=http://127.0.0.1:1/a",
    "QUEUE": "Work-Items",
    "CRON": "0 */5 * * * *",
}


def host(bundle: bool = True, only: frozenset[str] | None = None) -> HostJson:
    options = QueueOptions(16, 8, 5, 0.0, 2.0, base64=True)
    return HostJson(options, 1800.0, "api", bundle, only, LogLevels({}))


def queue(**changes: Any) -> dict[str, Any]:
    binding = {"direction": "IN", "type": "queueTrigger", "name": "msg", "queueName": "work"}
    return binding | changes


def timer(schedule: str) -> dict[str, Any]:
    return {"direction": "IN", "type": "timerTrigger", "name": "tick", "schedule": schedule}


def http(route: str, *methods: str) -> dict[str, Any]:
    return {"type": "httpTrigger", "name": "req", "route": route, "methods": list(methods)}


def check(
    *bindings: dict[str, Any], name: str = "work", config: HostJson | None = None
) -> HostFunction:
    accounts = Accounts(ENVIRONMENT)
    functions = check_functions(
        [FunctionMetadata(name, list(bindings))], config or host(), ENVIRONMENT, accounts
    )
    accounts.close()
    return functions[0]


@pytest.mark.parametrize(
    ("bindings", "text"),
    [
        ([queue(name="queue_msg")], "binding name queue_msg is invalid"),
        ([queue(name="1st")], "binding name 1st is invalid"),
        ([queue(name="m" * 129)], "is invalid"),
        ([queue(), queue(type="queue", name="MSG")], "must be unique"),
        ([queue(type="queue")], "exactly one"),
        ([queue(), timer("0 * * * * *") | {"name": "t"}], "exactly one"),
        ([queue(queueName="%MISSING%")], "'%MISSING%' does not resolve to a value."),
        ([queue(queueName="a")], "queue name"),
        ([queue(queueName="a--b")], "queue name"),
        ([queue(queueName="-ab")], "queue name"),
        ([queue(queueName="under_score")], "queue name"),
        ([queue(queueName="q" * 64)], "queue name"),
        ([queue(connection="Nowhere")], "'AzureWebJobsNowhere' does not exist"),
        ([timer("every minute")], "was not recognized"),
        ([timer("0 0 0 * * 7")], "weekday"),
        ([http("admin/x")], "conflicts"),
        ([http("Administration")], "conflicts"),
        ([http("/runtime")], "conflicts"),
        ([http("items/{id}/{id}")], "'items/{id}/{id}' is not a route: 'id' is there twice"),
        ([queue(type="blobTrigger")], "not imitated"),
    ],
)
def test_a_refused_function_says_why(bindings: list[dict[str, Any]], text: str) -> None:
    assert text in "\n".join(check(*bindings).errors)


@pytest.mark.parametrize("name", ["host", "Host", "1st", "with space", "f" * 129])
def test_a_bad_function_name_is_refused(name: str) -> None:
    assert check(queue(), name=name).errors


@pytest.mark.parametrize(
    "bindings",
    [
        [queue()],
        [queue(connection="Storage"), queue(type="queue", name="$return")],
        [timer("%CRON%")],
        [timer("00:05:00")],
        [http("items/{id:int}")],
        [{"type": "eventGridTrigger", "name": "event"}],
    ],
)
def test_a_sound_function_is_accepted(bindings: list[dict[str, Any]]) -> None:
    assert check(*bindings).errors == ()


def test_queue_names_are_resolved_and_then_lower_cased() -> None:
    assert check(queue(queueName="%QUEUE%")).trigger["queueName"] == "work-items"


@pytest.mark.parametrize("kind", ["queueTrigger", "eventGridTrigger"])
def test_without_the_extension_bundle_only_built_in_triggers_are_known(kind: str) -> None:
    assert "not registered" in check(queue(type=kind), config=host(bundle=False)).errors[0]
    assert not check(timer("0 * * * * *"), config=host(bundle=False)).errors


def test_two_functions_cannot_share_a_route_and_a_method() -> None:
    accounts = Accounts(ENVIRONMENT)
    functions = check_functions(
        [
            FunctionMetadata("one", [http("items", "GET", "POST")]),
            FunctionMetadata("two", [http("Items", "POST")]),
            FunctionMetadata("three", [http("items", "DELETE")]),
        ],
        host(),
        ENVIRONMENT,
        accounts,
    )
    accounts.close()
    assert [bool(function.errors) for function in functions] == [False, True, False]


@pytest.mark.parametrize("setting", ["AzureWebJobs.work.Disabled", "AzureWebJobs_work_Disabled"])
def test_a_setting_disables_a_function(setting: str) -> None:
    environment = ENVIRONMENT | {setting: "True"}
    accounts = Accounts(environment)
    metadata = FunctionMetadata("work", [queue()])
    assert check_functions([metadata], host(), environment, accounts)[0].disabled
    accounts.close()


def test_host_json_may_list_the_only_functions_to_run() -> None:
    assert check(queue(), config=host(only=frozenset({"other"}))).disabled
    assert not check(queue(), config=host(only=frozenset({"work"}))).disabled
