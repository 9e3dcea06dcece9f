"""Settings, connections and host.json: what is found where, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.functions_host.app_environment import shadowed_modules, time_zone
from infra.functions_host.connections import Accounts
from infra.functions_host.host_json import HostJson, read_host_json
from infra.functions_host.log_levels import LogLevels
from infra.functions_host.settings import (
    SettingsError,
    add_missing,
    look_up,
    read_local_settings,
    resolve,
)


def connection_string(account: str) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={account};AccountKey=a2V5;"
        f"QueueEndpoint=http://127.0.0.1:1/{account}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("%QUEUE%", "work"),
        ("a-%QUEUE%-%SUFFIX%", "a-work-%QUEUE%"),
        ("%Section:Name%", "nested"),
    ],
)
def test_settings_in_percent_signs_are_replaced_once(text: str, expected: str) -> None:
    environment = {"QUEUE": "work", "SUFFIX": "%QUEUE%", "Section__Name": "nested"}
    assert resolve(text, environment) == expected


@pytest.mark.parametrize("text", ["%MISSING%", "%queue%", "50%", "%EMPTY%", "%%"])
def test_a_name_without_a_value_does_not_resolve(text: str) -> None:
    with pytest.raises(SettingsError):
        resolve(text, {"QUEUE": "work", "EMPTY": ""})


def test_the_environment_wins_over_local_settings() -> None:
    environment = {"A": "shell", "EMPTY": ""}
    skipped = add_missing(environment, {"A": "file", "B": "file", "EMPTY": "file"})
    assert (environment, skipped) == ({"A": "shell", "B": "file", "EMPTY": "file"}, ["A"])


def test_connection_strings_of_the_file_get_their_section(tmp_path: Path) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text(json.dumps({"Values": {"A": "1"}, "ConnectionStrings": {"Db": "text"}}))
    settings = read_local_settings(path)
    assert settings["A"] == "1"
    assert look_up(settings, "ConnectionStrings:Db") == "text"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"IsEncrypted": true}',
        '{"Values": {"A": 1}}',
        '{"Values": ["A"]}',
        '{"ConnectionStrings": "A"}',
    ],
)
def test_unusable_local_settings_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text(text)
    with pytest.raises(SettingsError):
        read_local_settings(path)


@pytest.mark.parametrize(
    ("environment", "connection", "account"),
    [
        ({"AzureWebJobsX": "one", "X": "two"}, "X", "one"),
        ({"X": "two"}, "X", "two"),
        ({"AzureWebJobsStorage": "one"}, None, "one"),
        ({"AzureWebJobsStorage": "one"}, "", "one"),
        ({"AzureWebJobsStorage": "one"}, "Storage", "one"),
        ({"ConnectionStrings__X": "one", "X": "two"}, "X", "one"),
    ],
)
def test_a_connection_is_found_by_the_rules_of_the_sdk(
    environment: dict[str, str], connection: str | None, account: str
) -> None:
    accounts = Accounts({name: connection_string(value) for name, value in environment.items()})
    assert accounts.open(connection).account_name == account
    accounts.close()


@pytest.mark.parametrize(
    ("section", "url"),
    [
        ({"X__queueServiceUri": "https://q.example/", "X__clientId": "id"}, "https://q.example/"),
        ({"X__accountName": "acct"}, "https://acct.queue.core.windows.net/"),
        (
            {"X__accountName": "acct", "X__credential": "managedidentity"},
            "https://acct.queue.core.windows.net/",
        ),
    ],
)
def test_a_section_means_an_identity(section: dict[str, str], url: str) -> None:
    accounts = Accounts(section)
    assert accounts.open("X").url == url
    accounts.close()


@pytest.mark.parametrize(
    "environment", [{}, {"X": "no connection string"}, {"X__clientId": "only an id"}]
)
def test_a_connection_that_is_missing_or_broken_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Accounts(environment).open("X")


def test_a_broken_connection_string_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as refused:
        Accounts({"X": "AccountKey=c2VjcmV0"}).open("X")
    assert "c2VjcmV0" not in str(refused.value)


def host_json(folder: Path, document: Any, environment: dict[str, str] | None = None) -> HostJson:
    (folder / "host.json").write_text(json.dumps(document))
    return read_host_json(folder, environment or {})


def test_defaults_are_those_of_the_real_host(tmp_path: Path) -> None:
    config = read_host_json(tmp_path, {})
    assert config.queues.batch_size == 16
    assert config.queues.max_dequeue_count == 5
    assert config.queues.visibility_timeout == 0
    assert config.queues.max_polling_interval == 2
    assert config.queues.base64
    assert config.function_timeout == 1800
    assert (config.route_prefix, config.has_extension_bundle) == ("api", False)


def test_settings_override_host_json(tmp_path: Path) -> None:
    name = "AzureFunctionsJobHost__extensions__queues__batchsize"
    document = {"version": "2.0", "extensions": {"queues": {"batchSize": 4}}}
    assert host_json(tmp_path, document, {name: "1"}).queues.batch_size == 1


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"version": "1.0"},
        [],
        *(
            {"version": "2.0", "extensions": {"queues": {name: value}}}
            for name, value in [
                ("batchSize", 0),
                ("batchSize", 2.5),
                ("batchSize", 33),
                ("newBatchThreshold", -1),
                ("maxDequeueCount", 0),
                ("maxDequeueCount", "many"),
                ("maxPollingInterval", "00:00:00.05"),
                ("visibilityTimeout", "30 seconds"),
                ("messageEncoding", "utf-16"),
            ]
        ),
        {"version": "2.0", "extensions": ["queues"]},
        {"version": "2.0", "extensions": {"queues": 16}},
        {"version": "2.0", "extensions": {"http": {"routePrefix": 5}}},
        {"version": "2.0", "extensionBundle": "Microsoft.Azure.Functions.ExtensionBundle"},
        {"version": "2.0", "functions": "work"},
        {"version": "2.0", "logging": "Warning"},
        {"version": "2.0", "functionTimeout": "00:00:00"},
        {"version": "2.0", "logging": {"logLevel": {"default": "Loud"}}},
    ],
)
def test_an_unusable_host_json_stops_the_host(tmp_path: Path, document: Any) -> None:
    with pytest.raises(SettingsError):
        host_json(tmp_path, document)


def test_no_timeout_is_written_minus_one(tmp_path: Path) -> None:
    assert host_json(tmp_path, {"version": "2.0", "functionTimeout": "-1"}).function_timeout is None


@pytest.mark.parametrize(
    ("category", "level", "shown"),
    [
        ("Function.work.User", "WARNING", True),
        ("Function.work.User", "INFO", False),
        ("Function.other.User", "INFO", True),
        ("Function.other.User", "DEBUG", False),
        ("Functions", "INFO", False),
    ],
)
def test_the_longest_matching_category_decides(category: str, level: str, shown: bool) -> None:
    levels = LogLevels(
        {"default": "Error", "Function": "Information", "Function.work.User": "Warning"}
    )
    assert levels.shows(category, level) is shown


def test_modules_that_hide_the_workers_own_are_named(tmp_path: Path) -> None:
    for name in ("function_app.py", "queue.py", "json/__init__.py", "logging/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert shadowed_modules(tmp_path) == ["json", "queue"]


@pytest.mark.parametrize(
    ("environment", "name"),
    [({}, "UTC"), ({"TZ": "Europe/Berlin"}, "Europe/Berlin")],
)
def test_schedules_are_in_the_zone_of_the_process(environment: dict[str, str], name: str) -> None:
    assert str(time_zone(environment)) == name


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(SettingsError):
        time_zone({"WEBSITE_TIME_ZONE": "Nowhere/At All"})
