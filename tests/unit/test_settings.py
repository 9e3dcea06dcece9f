"""The environment is read once; all its faults are told at once, with the remedy."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.settings import CLOUDS, Keep, SettingsError, read
from tests.unit.nouns import OTHER_SUB, SUB

POLICY = str(Path(__file__).resolve().parents[2] / "policy.yaml")
FINE = {"MANAGED_SUBSCRIPTIONS": SUB, "Work": "UseDevelopmentStorage=true"}


def faults_of(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read({**FINE, **environment})
    return caught.value.faults


def test_little_is_needed() -> None:
    settings = read(FINE)
    assert settings.managed_subscriptions == (SUB,)
    assert settings.work.connection_string == "UseDevelopmentStorage=true"
    assert settings.policy_file == Path(POLICY)
    assert settings.arm_endpoint == settings.audience == "https://management.azure.com"
    assert (settings.client_id, settings.topic_endpoint, settings.topic_key) == ("", "", "")


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read(
            {
                "AZURE_CLOUD": "Moon",
                "POLICY_FILE": "/nowhere/policy.yaml",
                "ARM_ENDPOINT": "http://x",
                "AZURE_CLIENT_ID": "me",
                "EVENTGRID_TOPIC_ENDPOINT": "x",
            }
        )
    named = {fault.partition(":")[0] for fault in caught.value.faults}
    assert named == {
        "AZURE_CLOUD",
        "POLICY_FILE",
        "ARM_ENDPOINT",
        "AZURE_CLIENT_ID",
        "EVENTGRID_TOPIC_ENDPOINT",
        "MANAGED_SUBSCRIPTIONS",
        "Work",
    }
    assert all(name in str(caught.value) for name in named)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{SUB},{OTHER_SUB}", (SUB, OTHER_SUB)),
        (f" {OTHER_SUB} , {SUB.upper()} ", (OTHER_SUB, SUB)),
        (f"{SUB}\n{OTHER_SUB}", (SUB, OTHER_SUB)),
        (f"{SUB},{SUB},", (SUB,)),
    ],
)
def test_managed_subscriptions_keep_their_order(text: str, expected: tuple[str, ...]) -> None:
    assert read({**FINE, "MANAGED_SUBSCRIPTIONS": text}).managed_subscriptions == expected


@pytest.mark.parametrize(
    ("text", "discovers"), [(SUB, False), (f"{SUB},*", True), (f"* {SUB}", True)]
)
def test_a_star_adds_what_is_seen_to_what_is_named(text: str, discovers: bool) -> None:
    found = read({**FINE, "MANAGED_SUBSCRIPTIONS": text})
    assert found.discover_subscriptions is discovers
    assert found.managed_subscriptions == (SUB,)


@pytest.mark.parametrize("text", ["", " ", ",", " , ", "*"])
def test_no_subscription_at_all_is_a_fault(text: str) -> None:
    with pytest.raises(SettingsError, match="MANAGED_SUBSCRIPTIONS: missing"):
        read({**FINE, "MANAGED_SUBSCRIPTIONS": text})


@pytest.mark.parametrize("text", ["x", f"{SUB},y", f"/subscriptions/{SUB}"])
def test_a_wrong_subscription_is_named_by_its_place_and_not_repeated(text: str) -> None:
    (fault,) = faults_of(MANAGED_SUBSCRIPTIONS=text)
    assert fault.startswith("MANAGED_SUBSCRIPTIONS: entry ")
    assert text not in fault


@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_a_cloud_sets_endpoint_and_audience(cloud: str) -> None:
    settings = read({**FINE, "AZURE_CLOUD": cloud})
    assert settings.arm_endpoint == CLOUDS[cloud].arm_endpoint
    assert settings.audience == CLOUDS[cloud].audience


def test_the_endpoint_may_be_another_and_the_audience_stays() -> None:
    settings = read({**FINE, "ARM_ENDPOINT": "https://localhost:8443/"})
    assert settings.arm_endpoint == "https://localhost:8443"
    assert settings.audience == "https://management.azure.com"


@pytest.mark.parametrize(
    "address",
    [
        *("http://x", "x", "https://", "https://x?y", "https://x#y", "ftp://x"),
        *("https://[", "https://x:port", "https://x y", "https://user:word@x"),
    ],
)
def test_an_address_is_https(address: str) -> None:
    (fault,) = faults_of(ARM_ENDPOINT=address)
    assert fault.startswith("ARM_ENDPOINT: ")


def test_rows_are_kept_for_a_year_a_month_and_three_months() -> None:
    assert read(FINE).keep == Keep(*(timedelta(days=days) for days in (365, 30, 90)))


def test_rows_are_kept_as_long_as_is_said_or_for_ever() -> None:
    days = {"KEEP_AUDIT_DAYS": "0", "KEEP_REJECTIONS_DAYS": "7", "KEEP_DELETED_DAYS": "8"}
    kept = read({**FINE, **days}).keep
    assert kept == Keep(None, timedelta(days=7), timedelta(days=8))


@pytest.mark.parametrize("days", ["-1", "1.5", "a year", "36501", "1e3", "\u0663"])
@pytest.mark.parametrize("name", ["KEEP_AUDIT_DAYS", "KEEP_REJECTIONS_DAYS", "KEEP_DELETED_DAYS"])
def test_days_are_a_number(name: str, days: str) -> None:
    (fault,) = faults_of(**{name: days})
    assert fault.startswith(f"{name}: not a number of days")


def test_a_gone_cluster_is_remembered_longer_than_a_message_lives() -> None:
    (fault,) = faults_of(KEEP_DELETED_DAYS="7")
    assert "from 8 to" in fault


def test_storage_by_identity() -> None:
    work = read(
        {
            "MANAGED_SUBSCRIPTIONS": SUB,
            "Work__queueServiceUri": "https://a.queue.core.windows.net/",
            "Work__tableServiceUri": "https://a.table.core.windows.net",
            "Work__blobServiceUri": "https://a.blob.core.windows.net/",
            "Work__clientId": OTHER_SUB.upper(),
        }
    ).work
    assert work.queue_service_uri == "https://a.queue.core.windows.net"
    assert work.table_service_uri == "https://a.table.core.windows.net"
    assert work.blob_service_uri == "https://a.blob.core.windows.net"
    assert (work.client_id, work.connection_string) == (OTHER_SUB, "")


@pytest.mark.parametrize(
    "lacking", [{"Work__queueServiceUri": "https://a"}, {"Work__tableServiceUri": "https://a"}, {}]
)
def test_half_a_storage_is_none(lacking: dict[str, str]) -> None:
    (fault,) = faults_of(Work="", **lacking)
    assert fault.startswith("Work: ")
    assert "Work__queueServiceUri" in fault


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "UseDevelopmentStorage",
        "AccountName=a",
        "AccountKey=k",
        "QueueEndpoint=https://q",
    ],
)
def test_a_connection_string_names_an_account_and_a_key(text: str) -> None:
    (fault,) = faults_of(Work=text)
    assert fault.startswith("Work: not a storage connection string")


@pytest.mark.parametrize(
    "text",
    [
        "usedevelopmentstorage=true",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net",
        "AccountName=a;SharedAccessSignature=sv=1&sig=x",
        "QueueEndpoint=https://q;TableEndpoint=https://t;SharedAccessSignature=sv=1&sig=x;",
    ],
)
def test_each_form_of_a_connection_string_is_taken_as_it_is(text: str) -> None:
    assert read({**FINE, "Work": text}).work.connection_string == text


def test_a_setting_left_empty_is_not_set() -> None:
    optional = ("AZURE_CLOUD", "ARM_ENDPOINT", "AZURE_CLIENT_ID", "POLICY_FILE")
    assert read({**FINE, **dict.fromkeys(optional, "")}) == read(FINE)


def test_secrets_never_show_in_faults() -> None:
    faults = faults_of(Work="AccountKey=secret", EVENTGRID_TOPIC_KEY="secret", ARM_ENDPOINT="x")
    assert not any("secret" in fault for fault in faults)
