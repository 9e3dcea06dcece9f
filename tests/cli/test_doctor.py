"""`doctor` says what is wrong with a deployment, and what to do about it."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient
from msgspec.structs import replace

from grantkeeper import event_checks, identity_checks, storage_checks
from grantkeeper.connection import account_name
from shared import policy_file, tables
from shared.delegation import DELETE, WRITE, condition
from shared.ledger import Ledger
from shared.model import Condition
from shared.passes import Passes
from shared.queues import RECONCILE
from shared.rejections import POISONED, Rejection
from shared.resource_id import parse_cluster_id
from shared.settings import WorkStorage
from shared.store import Store
from tests.cli import records
from tests.cli.azure import Azure
from tests.cli.conftest import Type
from tests.test_architecture import ROOT

GRANTOR = "00000000-0000-4000-8000-00000000000a"
ASSIGNMENT = "00000000-0000-4000-8000-00000000000b"
TOPIC = "providers/Microsoft.EventGrid/systemTopics/topic"
Diagnosed = Callable[..., dict[str, Any]]


def actions(role: str) -> list[str]:
    """What a role of the template allows."""
    found: list[str] = json.loads((ROOT / "infra/roles" / f"{role}.json").read_text())["actions"]
    return found


class Deployment:
    """A deployment that is whole: what the template makes, and the app's first hour."""

    def __init__(self, azure: Azure, storage: str, place: Path) -> None:
        self.azure, self.storage = azure, storage
        self.work = WorkStorage(connection_string=storage)
        self.file = place / "settings.json"
        self.policy = place / "policy.yaml"
        with QueueServiceClient.from_connection_string(storage) as queues:
            for name in storage_checks.QUEUES:
                queues.create_queue(name).close()
        with BlobServiceClient.from_connection_string(storage) as blobs:
            blobs.create_container("eventgrid-deadletter").close()
        with closing(Ledger.connect(self.work, None)) as ledger:
            ledger.ensure()
        with closing(Passes.connect(self.work, None)) as passes:
            passes.ensure()
        self.looked(timedelta(0))
        self.set()
        azure.define(GRANTOR, "grantor", WRITE)  # its policy does not clean up
        self.granting(self.condition())
        self.events()

    def set(self, **changes: str) -> None:
        """The app's settings, as `az functionapp config appsettings list` prints them."""
        values = {
            "AzureWebJobsStorage": self.storage,
            "Work": self.storage,
            "FLEET_SCHEDULE": "0 */15 * * * *",
            "MANAGED_SUBSCRIPTIONS": self.azure.subscription,
            "ARM_ENDPOINT": self.azure.environment["ARM_ENDPOINT"],
            "AZURE_CLIENT_ID": self.azure.emulator.app_identity.client_id,
            **changes,
        }
        listed = [{"name": n, "value": v, "slotSetting": False} for n, v in values.items() if v]
        self.file.write_text(json.dumps(listed))

    def looked(self, ago: timedelta) -> None:
        """The timer's last pass."""
        with closing(Passes.connect(self.work, None)) as passes:
            passes.look(self.azure.subscription, records.NOW - ago)

    def condition(self) -> str:
        return condition(policy_file.load(self.policy).grantable_roles)

    def granting(self, text: str) -> None:
        """The right to grant in the network's group, under a condition."""
        self.granting_at(self.azure.group, text)

    def granting_at(self, scope: str, text: str) -> None:
        definitions = f"/subscriptions/{self.azure.subscription}/providers"
        properties = {
            "roleDefinitionId": f"{definitions}/Microsoft.Authorization/roleDefinitions/{GRANTOR}",
            "principalId": self.azure.caller,
            "principalType": "ServicePrincipal",
            **({"condition": text, "conditionVersion": "2.0"} if text else {}),
        }
        self.not_granting()
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}"
        answer = self.azure.town.ask("PUT", path, {"properties": properties})
        assert answer.status < 300, answer.body

    def not_granting(self) -> None:
        for scope in (self.azure.group, f"/subscriptions/{self.azure.subscription}"):
            path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{ASSIGNMENT}"
            self.azure.town.ask("DELETE", path)

    def events(self, **changes: Any) -> None:
        """A system topic and its event subscription."""
        self.events_of(f"/subscriptions/{self.azure.subscription}", **changes)

    def events_of(self, source: str, **changes: Any) -> None:
        topic = f"{self.azure.group}/{TOPIC}"
        about = {"source": source, "topicType": "Microsoft.Resources.Subscriptions"}
        self.azure.emulator.resources.put(topic, {"location": "global", "properties": about})
        tests = {
            "operatorType": "StringIn",
            "key": "data.operationName",
            "values": list(event_checks.OPERATIONS),
        }
        container = {"blobContainerName": "eventgrid-deadletter"}
        properties = {
            "provisioningState": "Succeeded",
            "destination": {
                "endpointType": "AzureFunction",
                "properties": {"resourceId": "/…/sites/app/functions/cluster_changed"},
            },
            "deadLetterWithResourceIdentity": {
                "deadLetterDestination": {"endpointType": "StorageBlob", "properties": container}
            },
            "filter": {
                "includedEventTypes": list(event_checks.TYPES),
                "advancedFilters": [tests],
            },
            **changes,
        }
        path = f"{topic}/eventSubscriptions/clusters"
        self.azure.emulator.plant(path, {"id": path, "name": "clusters", "properties": properties})


@pytest.fixture
def whole(azure: Azure, storage: str, store: Store, place: Path) -> Deployment:
    return Deployment(azure, storage, place)


@pytest.fixture
def diagnosed(typed: Type, whole: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Type the command; what it prints, with the exit code."""
    monkeypatch.setenv("GRAPH_ENDPOINT", whole.azure.environment["ARM_ENDPOINT"])

    def run(*arguments: str) -> dict[str, Any]:
        answer = typed("doctor", "--settings", str(whole.file), "--json", *arguments)
        assert answer.out, answer.err
        return {**json.loads(answer.out), "code": answer.code}

    yield run


def found(answer: dict[str, Any], status: str) -> dict[str, str]:
    """The messages of the checks with this status, by name."""
    return {each["name"]: each["message"] for each in answer["checks"] if each["status"] == status}


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


def test_a_broken_policy_is_told_with_its_fault(diagnosed: Diagnosed, whole: Deployment) -> None:
    whole.policy.write_text("apiVersion: grantkeeper/v1\ngrantable: 3\n")
    assert "grantable" in found(diagnosed(), "fail")["policy"]


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


def test_messages_that_failed_and_turns_that_do_not_come_are_told(
    diagnosed: Diagnosed, whole: Deployment, store: Store, storage: str
) -> None:
    with QueueClient.from_connection_string(storage, "reconcile-poison") as queue:
        queue.send_message("text")
    store.reject(Rejection(POISONED, "", "", records.NOW, text=b"text", queue=RECONCILE))
    stalled = Condition("Stalled", "True", "Poisoned", "", records.NOW)
    store.save(replace(records.ready("one"), conditions=(stalled,)), None)
    late = records.NOW - timedelta(hours=1)
    store.save(replace(records.creating("two"), pending=(late,)), None)
    answer = diagnosed()
    failed, warned = found(answer, "fail"), found(answer, "warn")
    assert failed["poison queues"] == "reconcile-poison has 1 messages"
    assert failed["stalled clusters"] == records.cluster_id("one")
    assert warned["messages that failed"] == "1 failed five times and are kept"
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


def test_a_right_to_grant_without_a_condition_is_told(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    whole.granting("")
    assert "it may grant any role, Owner too" in found(diagnosed(), "fail")["identity: condition"]


@pytest.mark.parametrize(
    ("role", "with_it", "message"),
    [
        ("f1a07417-d97a-45cb-824c-7a7467783830", True, "which policy does not list"),
        ("7f951dda-4ed3-4680-a7ca-43fe172d538d", False, "does not let through AcrPull"),
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", True, "lets through Owner"),
    ],
)
def test_a_condition_for_other_roles_is_told(
    diagnosed: Diagnosed, whole: Deployment, role: str, with_it: bool, message: str
) -> None:
    usual = set(policy_file.load(whole.policy).grantable_roles)
    whole.granting(condition(usual | {role} if with_it else usual - {role}))
    assert message in found(diagnosed(), "fail")["identity: condition"]


def test_another_text_of_the_same_effect_will_do(diagnosed: Diagnosed, whole: Deployment) -> None:
    whole.granting(whole.condition().replace(" AND ((", " && (("))
    assert "identity: condition" in found(diagnosed(), "ok")


def test_a_missing_right_to_grant_is_told_with_the_scope(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    whole.not_granting()
    scope = "/subscriptions/*/resourceGroups/net-*"
    told = found(diagnosed(), "fail")["identity: granting"]
    assert told == f"nothing lets it grant at {scope}"


def test_a_missing_right_to_look_is_told_by_its_actions(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    """Of another principal, that has no role at all."""
    answer = diagnosed("--principal", "00000000-0000-4000-8000-0000000000ff")
    told = found(answer, "fail")["identity: looking"]
    assert "it lacks Microsoft.ContainerService/managedClusters/read" in told


def test_a_wide_role_is_told(diagnosed: Diagnosed, whole: Deployment, azure: Azure) -> None:
    azure.assign(azure.group, azure.caller, "Contributor")
    assert found(diagnosed(), "warn")["identity: no more"] == f"Contributor at {azure.group}"


def test_an_identity_that_is_not_known_is_asked_for(
    diagnosed: Diagnosed, whole: Deployment
) -> None:
    whole.set(AZURE_CLIENT_ID="")
    answer = diagnosed()
    assert found(answer, "warn") == {"identity": "not looked at: it is not known which"}
    assert answer["code"] == 1


def test_without_events_the_timer_is_all_there_is(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    assert azure.town.ask("DELETE", f"{azure.group}/{TOPIC}").status < 300
    told = found(diagnosed(), "warn")
    nothing = "there is no system topic of the subscription, nor of a group in it"
    assert told == {"events": f"{azure.subscription}: {nothing}"}


def test_events_of_groups_are_looked_at_group_by_group(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    whole.events_of(azure.group)
    assert "events" in found(diagnosed(), "ok")
    whole.events_of(azure.group, provisioningState="Failed")
    name = azure.group.rpartition("/")[2]
    assert (
        f"{name}: the event subscription clusters is Failed" in found(diagnosed(), "warn")["events"]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"provisioningState": "Failed"}, "is Failed"),
        ({"deadLetterWithResourceIdentity": None}, "does not keep what it gives up"),
        (
            {"destination": None},
            "no event subscription leads to the function cluster_changed or the queue "
            "cluster-events",
        ),
        (
            {"filter": {"includedEventTypes": ["Microsoft.Resources.ResourceWriteSuccess"]}},
            "does not let through Microsoft.Resources.ResourceWriteFailure",
        ),
        ({"filter": {}}, "the app is told of its own writes"),
        ({"filter": {"subjectBeginsWith": "/a"}}, "does not let through what is not below /a"),
    ],
)
def test_an_event_subscription_that_is_not_whole_is_told(
    diagnosed: Diagnosed, whole: Deployment, changes: dict[str, Any], message: str
) -> None:
    whole.events(**changes)
    assert message in found(diagnosed(), "warn")["events"]


def by_queue(account: str, queue: str = "cluster-events") -> dict[str, Any]:
    """What makes an event subscription lead to a queue, as the template has it."""
    resource = f"/…/providers/Microsoft.Storage/storageAccounts/{account}"
    properties = {"resourceId": resource, "queueName": queue}
    destination = {"endpointType": "StorageQueue", "properties": properties}
    identity = {"type": "SystemAssigned"}
    return {
        "destination": None,
        "deliveryWithResourceIdentity": {"identity": identity, "destination": destination},
    }


def test_events_that_come_by_the_queue_are_well(diagnosed: Diagnosed, whole: Deployment) -> None:
    whole.events(**by_queue(account_name(whole.work).upper()))
    assert "events" in found(diagnosed(), "ok")


@pytest.mark.parametrize(
    ("account", "queue", "message"),
    [
        ("another", "cluster-events", "clusters leads to the account another; the app reads "),
        ("another", "events", "clusters leads to the queue events"),
        ("another", "events", "no event subscription leads to the function cluster_changed or"),
    ],
)
def test_events_that_go_to_another_queue_are_told(
    diagnosed: Diagnosed, whole: Deployment, account: str, queue: str, message: str
) -> None:
    whole.events(**by_queue(account, queue))
    assert message in found(diagnosed(), "warn")["events"]


@pytest.mark.parametrize(
    ("storage", "name"),
    [
        (WorkStorage(connection_string="AccountName=one;AccountKey=a2V5"), "one"),
        (WorkStorage(queue_service_uri="https://two.queue.core.windows.net"), "two"),
        (WorkStorage(queue_service_uri="https://127.0.0.1:10001/three"), ""),
        (WorkStorage(queue_service_uri="https://four.z01.queue.storage.azure.net"), ""),
    ],
)
def test_an_account_is_known_by_its_address(storage: WorkStorage, name: str) -> None:
    assert account_name(storage) == name


def test_what_cannot_be_read_is_a_finding_and_the_rest_is_looked_at(
    diagnosed: Diagnosed, whole: Deployment, azure: Azure
) -> None:
    azure.refuse("roleAssignments")
    answer = diagnosed()
    assert "AuthorizationFailed" in found(answer, "warn")["identity"]
    assert "events" in found(answer, "ok")


def test_nothing_is_written(diagnosed: Diagnosed, azure: Azure) -> None:
    diagnosed()
    assert azure.writes() == []


@pytest.mark.parametrize(
    ("rights", "cleanup", "told"),
    [
        ([WRITE], "report", ""),
        ([WRITE, DELETE], "delete", ""),
        ([WRITE], "delete", "policy says cleanup: delete, and it may not delete at"),
        ([WRITE, DELETE], "report", "may delete role assignments at"),
    ],
)
def test_the_right_to_delete_assignments_goes_with_policy(
    diagnosed: Diagnosed, whole: Deployment, rights: list[str], cleanup: str, told: str
) -> None:
    whole.azure.define(GRANTOR, "grantor", *rights)
    with whole.policy.open("a") as policy:
        policy.write(f"\ncleanup: {cleanup}\n")
    message = found(diagnosed(), "warn").get("identity: revoking", "")
    assert told in message if told else not message


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


def test_the_reads_are_those_of_the_template() -> None:
    assert set(identity_checks.READS) == set(actions("cluster-reader"))


def test_the_tables_are_those_that_the_app_makes(store: Store, whole: Deployment) -> None:
    with closing(tables.service(whole.work, None)) as service:
        assert {table.name for table in service.list_tables()} == set(storage_checks.TABLES)


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


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        ("/", True),
        ("/providers/Microsoft.Management/managementGroups/g", True),
        (f"/subscriptions/{records.SUBSCRIPTION}", True),
        (f"/subscriptions/{records.SUBSCRIPTION}/resourceGroups/net-a", True),
        (f"/subscriptions/{records.SUBSCRIPTION}/resourcegroups/NET-A", True),
        (records.SUBNET, True),
        (f"/subscriptions/{records.SUBSCRIPTION}/resourceGroups/other", False),
        ("/subscriptions/99999999-9999-9999-9999-999999999999", False),
    ],
)
def test_a_right_reaches_what_lies_above_or_below(scope: str, reached: bool) -> None:
    pattern = "/subscriptions/*/resourceGroups/net-*"
    assert identity_checks.reaches(scope, pattern, (records.SUBSCRIPTION,)) == reached
