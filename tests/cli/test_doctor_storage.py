"""`doctor` says what is missing in the work account, and what it tells of the app."""

from contextlib import closing
from datetime import timedelta

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import (
    AccountSasPermissions,
    QueueClient,
    QueueServiceClient,
    ResourceTypes,
    generate_account_sas,
)
from msgspec.structs import replace

from grantkeeper import storage_checks
from shared import policy_file, tables
from shared.model import Condition
from shared.queues import RECONCILE
from shared.rejections import POISONED, RECORD_DAMAGED, Rejection
from shared.resource_id import parse_cluster_id
from shared.store import Store
from tests.cli import records
from tests.cli.azure import Azure
from tests.cli.deployment import Deployment, Diagnosed, found


def test_what_is_missing_in_storage_is_named(
    diagnosed: Diagnosed, whole: Deployment, storage: str
) -> None:
    with QueueServiceClient.from_connection_string(storage) as queues:
        queues.delete_queue("reconcile-poison")
    with BlobServiceClient.from_connection_string(storage) as blobs:
        blobs.delete_container("eventgrid-deadletter")
    answer = diagnosed()
    assert found(answer, "fail") == {"queues": "there is no queue reconcile-poison"}
    assert found(answer, "warn") == {"dead letters": "there is no container eventgrid-deadletter"}


def test_a_connection_that_names_no_blobs_is_told(
    diagnosed: Diagnosed, whole: Deployment, storage: str
) -> None:
    parts = dict(part.split("=", 1) for part in storage.split(";") if part)
    token = generate_account_sas(
        parts["AccountName"],
        parts["AccountKey"],
        resource_types=ResourceTypes(service=True, container=True, object=True),
        permission=AccountSasPermissions(read=True, list=True),
        expiry=records.NOW + timedelta(hours=1),
        services="qt",
    )
    ends = (f"{name}={parts[name]}" for name in ("QueueEndpoint", "TableEndpoint"))
    whole.set(Work=";".join([*ends, f"SharedAccessSignature={token}"]))
    answer = diagnosed()
    assert found(answer, "fail") == {}
    told = found(answer, "warn")
    assert told["dead letters"] == "events that were given up are not looked at"


def test_storage_that_cannot_be_reached_hides_nothing_else(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    key = "a2V5"
    whole.set(Work=f"AccountName=a;AccountKey={key};QueueEndpoint=http://127.0.0.1:9/a;"
              "TableEndpoint=http://127.0.0.1:9/a;BlobEndpoint=http://127.0.0.1:9/a")  # fmt: skip
    answer = diagnosed()
    assert {"storage", "timer", "work"} == found(answer, "fail").keys()
    assert "cannot be reached" in found(answer, "fail")["storage"]
    assert "identity: condition" in found(answer, "ok")


def test_a_timer_that_has_never_run_is_told(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    other = "99999999-9999-9999-9999-999999999999"
    whole.set(MANAGED_SUBSCRIPTIONS=f"{azure.subscription},{other}")
    assert found(diagnosed(), "fail")["timer"] == f"has never looked at {other}"


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ("*/20 * * * * *", 10),
        ("0 */15 * * * *", 45),
        ("*/30 * * * *", 90),
        ("0 0 */6 * * *", 18 * 60),
        ("0 0 3 * * *", 3 * 24 * 60),
        ("0 0 0 1 1 *", 3 * 24 * 60),
        ("", 24 * 60),
    ],
)
def test_a_timer_is_late_after_three_of_its_periods(schedule: str, minutes: int) -> None:
    assert storage_checks.patience(schedule) == timedelta(minutes=minutes)


def test_messages_that_failed_and_turns_that_do_not_come_are_told(
    diagnosed: Diagnosed, whole: Deployment, store: Store, storage: str
) -> None:
    with QueueClient.from_connection_string(storage, "reconcile-poison") as queue:
        queue.send_message("text")
    for reason in (POISONED, RECORD_DAMAGED, "InvalidId"):
        text = reason.encode()
        store.reject(Rejection(reason, "", "", records.NOW, text=text, queue=RECONCILE))
    stalled = Condition("Stalled", "True", "Poisoned", "", records.NOW)
    store.save(replace(records.ready("one"), conditions=(stalled,)), None)
    late = records.NOW - timedelta(hours=1)
    store.save(replace(records.creating("two"), pending=(late,)), None)
    answer = diagnosed()
    failed, warned = found(answer, "fail"), found(answer, "warn")
    assert failed["poison queues"] == "reconcile-poison has 1 messages"
    assert failed["stalled clusters"] == records.cluster_id("one")
    assert warned["messages that failed"] == "2 failed five times and are kept"
    assert warned["turns in time"] == records.cluster_id("two")


def test_another_policy_in_force_is_told(
    diagnosed: Diagnosed, whole: Deployment, store: Store
) -> None:
    mine = replace(records.ready("one"), policy=policy_file.load(whole.policy).digest)
    store.save(mine, None)
    assert "policy in force" in found(diagnosed(), "ok")
    loaded = store.load(parse_cluster_id(mine.cluster_id))
    assert loaded
    store.save(replace(mine, policy="another"), loaded[1])
    assert "another policy" in found(diagnosed(), "warn")["policy in force"]


def test_the_tables_are_those_that_the_app_makes(store: Store, whole: Deployment) -> None:
    with closing(tables.service(whole.work, None)) as service:
        assert {table.name for table in service.list_tables()} == set(storage_checks.TABLES)
