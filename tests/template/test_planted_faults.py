"""Whoever breaks the template is told: each of these faults, planted in a copy, is found."""

import shutil
from pathlib import Path

import pytest

from tests.template.law import LAWS, ROOT, sources
from tests.template.scope_law import layers
from tests.template.syntax import Fault
from tests.template.variants import variants

STORAGE, APP, EVENTS = "app/storage.bicep", "app/function-app.bicep", "app/event-subscription.bicep"
TOPIC, SOURCE = "app/topic-roles.bicep", "app/system-topic.bicep"
ROLE, SCOPE, MAIN = "app/subscription-role.bicep", "app/scope-role.bicep", "main.bicep"
LOGS, MONITORING = "app/activity-log.bicep", "app/monitoring.bicep"
WAYS = "app/private-endpoints.bicep"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
QUEUE_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
SENDER = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
# The file, what is replaced there by what, and what is said of it.
PLANTED = [
    # What only a compiler, or Azure's types, would otherwise tell.
    (MAIN, "param location string", "param location string =", "no Bicep"),
    (MAIN, "token: token", "token: tokne", "`tokne` is not declared"),
    (MAIN, "    tags: allTags\n    token", "    token", "it is not given"),
    (MAIN, "    networkAccess:", "    networkAcess:", "has no parameter"),
    (MAIN, "identity.outputs.clientId", "identity.outputs.clientID", "there is no clientID"),
    (MAIN, "'app/storage.bicep'", "'app/store.bicep'", "there is no file"),
    (
        "events.bicep",
        "scope: resourceGroup(existing",
        "scope: subscription() // ",
        "is for a resourceGroup",
    ),
    (MAIN, "lifecycleTopic ? {", "!lifecycleTopic ? {", "of a module that is not deployed"),
    (STORAGE, "allowSharedKeyAccess", "allowSharedKeyAcess", "there is no such property"),
    (STORAGE, "'TLS1_2'", "'TLS12'", "is none of TLS1_0"),
    (STORAGE, "'Standard_LRS'", "'Standard_LSR'", "is none of Standard_LRS"),
    (STORAGE, "GreaterThan: 30", "GreaterThan: '30'", "is no int"),
    (STORAGE, "containers@2025-01-01", "containers@2021-01-01", "is not the version known"),
    (STORAGE, "primaryEndpoints.queue", "primaryEndpoint.queue", "has no properties.primaryE"),
    (APP, "serverFarmId: plan.id", "serverFarmId: plan", "is no string"),
    (APP, "  location: location\n", "", "location: is required"),
    (APP, "'ftp', 'scm'", "'ftp', 'scp'", "is none of those known"),
    (EVENTS, "endpointType: 'AzureFunction'", "endpointType: 'Function'", "is none of those known"),
    (EVENTS, "operatorType: 'StringIn'", "operatorType: 'StringsIn'", "is none of those known"),
    (ROLE, "principalId: principalId\n", "", "principalId: is required"),
    # What Azure would take, and we do not want.
    (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "allowSharedKeyAccess"),
    (STORAGE, "  allowSharedKeyAccess: false\n", "", "allowSharedKeyAccess is not False"),
    (STORAGE, "'TLS1_2'", "'TLS1_0'", "minimumTlsVersion is not TLS1_2"),
    (STORAGE, "NetworkAccess: networkAccess", "NetworkAccess: 'Enabled'", "is not Disabled"),
    (STORAGE, "  scope: host\n", "  scope: work\n", f"{BLOB_OWNER} is not for"),
    (STORAGE, "scope: deadLetterContainer\n", "scope: work\n", "is not for"),
    (STORAGE, f"'{BLOB_OWNER}'", f"'{NETWORK_CONTRIBUTOR}'", "is no role that the template"),
    (STORAGE, f"'{BLOB_OWNER}'", f"'{OWNER}'", "it names Owner"),
    (STORAGE, "GreaterThan: 30", "GreaterThan: 300", "not forgotten after 30 days"),
    (STORAGE, "'reconcile-poison'", "'reconcile-poisoned'", "the queues are not those"),
    (STORAGE, "'eventgrid-deadletter'", "'deadletter'", "there is no container"),
    (APP, "allow: false", "allow: true", "allow is not False"),
    (APP, "'ftp', 'scm'", "'ftp'", "publishing with a password is not off"),
    (APP, "httpsOnly: true", "httpsOnly: false", "httpsOnly is not True"),
    (
        APP,
        "minTlsVersion: '1.2'\n",
        "minTlsVersion: '1.2'\n      ftpsState: 'Disabled'\n",
        "refuses",
    ),
    (APP, "'FC1'", "'EP1'", "it is not Flex Consumption"),
    (APP, "version: '3.11'", "version: '3.13'", "runtime.version is not 3.11"),
    (MAIN, "ARM_SHARE: armShare", "ARM_SHARES: armShare", "ARM_SHARES is read by nobody"),
    (MAIN, "        FLEET_SCHEDULE: fleetSchedule\n", "", "FLEET_SCHEDULE is missing"),
    (APP, "    AZURE_CLIENT_ID: clientId\n", "", "AZURE_CLIENT_ID is missing"),
    (
        MAIN,
        "activityLog ? grantSubscriptions",
        "activityLog ? managed",
        "activity logs are not those",
    ),
    (MAIN, "activityLog ? grantSubscriptions", "!activityLog ? managed", "activity logs are not"),
    (MAIN, "if (!empty(endpointSubnetId))", "if (empty(endpointSubnetId))", "endpoints are not"),
    (MAIN, "    appSubnetId: subnetId", "    appSubnetId: ''", "is not linked to the networks"),
    (MAIN, "subnetId: endpointSubnetId", "subnetId: subnetId", "is not in the subnet"),
    (WAYS, "account: hostAccountId", "account: workAccountId", "the private endpoints are not"),
    (WAYS, "  { name: 'work-table', account: workAccountId, service: 'table' }\n", "", "are not"),
    (WAYS, "groupIds: [each.service]", "groupIds: ['blob']", "no name in the zone of its service"),
    (WAYS, "Zones/privatelink.$", "Zones/$", "has no name in the zone of its service"),
    (WAYS, "groupIds:", "groups:", "there is no such property"),
    (WAYS, "'blob', 'queue', 'table'", "'blob', 'queue'", "the DNS zones are not those"),
    ("app/private-dns-zone.bicep", "Enabled: false", "Enabled: true", "would be registered"),
    (LOGS, "'Administrative'", "'Policy'", "is not the category Administrative"),
    (LOGS, "workspaceId: workspaceId", "workspaceId: token", "does not lead to the workspace"),
    (LOGS, "'grantkeeper-${token}'", "'activity'", "does not find activity"),
    (MONITORING, "activityLog ? [", "!activityLog ? [", "there is no alert on role assignments"),
    (MONITORING, "_ID', principalId", "_ID', token", "not ask for what the app's identity did"),
    (MONITORING, "window: 'PT3H'", "window: 'PT1H'", "its times are not those of its query"),
    (MONITORING, "enabled: true\n    scopes", "enabled: false\n    scopes", "it is not asked"),
    ("app/unknown-assignments.kql", "leftanti", "inner", "not ask for what the app's identity did"),
    (MONITORING, "DisableLocalAuth: true", "DisableLocalAuth: false", "DisableLocalA"),
    ("app/lifecycle-topic.bicep", "disableLocalAuth: true", "disableLocalAuth: false", "disable"),
    (EVENTS, "    deadLetterWithResource", "    deadLettersWithResource", "no such property"),
    (EVENTS, "'Microsoft.Resources.ResourceWriteFailure'\n", "", "the event types are not"),
    (EVENTS, "managedClusters/delete'", "managedClusters/read'", "the operations are not those"),
    (EVENTS, "roleAssignments/delete'", "roleAssignments/write'", "the operations are not those"),
    (EVENTS, "functions/cluster_changed", "functions/changed", "there is no function changed"),
    (EVENTS, "topic.identity.principalId", "topic.id", "is not for an identity"),
    (SOURCE, "source: source", "source: '/subscriptions/${appSubscription}'", "its source is not"),
    (SOURCE, "source: source", "source: subscription().id", "of what nobody asked for"),
    (SOURCE, "topicType: of", "topicType: !of", "its source is of another type"),
    (SOURCE, "${uniqueString(toLower(source))}-${token}", "${token}", "deployed twice"),
    ("events.bicep", "union([], map(", "concat([], map(", "deployed twice"),
    (TOPIC, "scope: container", "scope: work", "is not for"),
    (TOPIC, "scope: queue\n", "scope: work\n", f"{SENDER} is not for"),
    (TOPIC, "scope: queue\n", "scope: queues\n", f"{SENDER} is not for"),
    (TOPIC, f"'{SENDER}'", f"'{QUEUE_CONTRIBUTOR}'", "its topic may not send to the queue"),
    (TOPIC, "if (eventDelivery == 'queue')", "if (false)", "its topic may not send to the queue"),
    (TOPIC, "if (eventDelivery == 'queue')", "if (true)", "to a queue that has no use"),
    (TOPIC, "name: 'cluster-events'", "name: 'events'", "does not lead to the queue cluster-ev"),
    (TOPIC, "name: 'cluster-events'", "name: 'reconcile'", "does not lead to the queue cluster"),
    (STORAGE, "  'cluster-events'\n", "", "does not lead to the queue cluster-events"),
    (STORAGE, "'cluster-events-poison'", "'cluster-event-poison'", "the queues are not those"),
    (EVENTS, "'StorageQueue'", "'Queue'", "is none of those known"),
    (EVENTS, "Seconds: 604800", "Seconds: 3600", "its messages do not wait for a week"),
    (EVENTS, "Seconds: 604800", "Seconds: '604800'", "is no int"),
    (EVENTS, "'SystemAssigned'", "'UserAssigned'", "not send by the topic's own identity"),
    (EVENTS, "eventDelivery == 'queue' ? null", "false ? null", "it leads to two places"),
    (EVENTS, "eventDelivery != 'queue' ? null", "false ? null", "it leads to two places"),
    (
        "events.bicep",
        "eventDelivery string = 'function'",
        "eventDelivery string = 'q'",
        "is against",
    ),
    (ROLE, "'2.0'", "'1.0'", "conditionVersion is not 2.0"),
    (ROLE, "? null : condition\n", "? null : null\n", "the right to grant has no condition"),
    (SCOPE, "{ condition: condition, conditionVersion: '2.0' }", "{}", "no condition"),
    (SCOPE, "'ServicePrincipal'", "'User'", "principalType is not ServicePrincipal"),
    (MAIN, "map(grantScopes, id => ({", "map(profileLinks, id => ({", "not at exactly the scopes"),
    (MAIN, "role == 'grantor' ? g", "role != 'grantor' ? g", "the right to grant has no condition"),
    (
        MAIN,
        "grantAnywhereManaged ? managed",
        "!grantAnywhereManaged ? managed",
        "reaches the whole",
    ),
    (MAIN, "probes ? managed", "!probes ? managed", "Grantkeeper prober reaches the whole"),
    ("app/grantor-condition.txt", NETWORK_CONTRIBUTOR, OWNER, "its condition is wrong about"),
    ("app/grantor-condition.txt", " AND ((!(ActionMatches", " OR ((!(ActionMatches", "wrong about"),
    ("app/grantor-condition.txt", "'ServicePrincipal'", "'ServicePrincipal', 'User'", "wrong"),
    ("app/role-assignment.json", '"2022-04-01"', '"2015-07-01"', "is not the version known"),
    ("app/role-assignment.json", "parameters('scope')", "parameters('where')", "not at exactly"),
    ("app/roles.bicep", "cleansUp || ", "", "grantor has other rights than"),
    ("app/roles.bicep", "actions: filter(each.actions,", "actions: filter([],", "has other rights"),
    # What `azd down` would then delete, or infra/down not find.
    (MAIN, "'resourceGroup'\n", "'subscription'\n", "would delete the groups of others"),
    (MAIN, "targetScope = 'resourceGroup'\n", "", "would delete the groups of others"),
    ("events.bicep", "'resourceGroup'\n", "'subscription'\n", "would delete the groups of"),
    (
        "events.bicep",
        "id => (id != here))\nvar g",
        "id => true)\nvar g",
        "makes a group in the subscr",
    ),
    ("events.bicep", "'rg-${env", "'${env", "looks for rg-dev-events"),
    ("events.bicep", "union(tags, { 'azd-env-name': environmentName })", "tags", "leaves groups"),
    ("app/roles.bicep", "(${environmentName}, ", "(", "does not find Grantkeeper"),
    ("app/roles.bicep", " Of the app in ${group}.", "", "does not know of which app"),
    ("roles/prober.json", "managedClusters/commandResults/read", "*/read", "has a wildcard"),
    ("roles/prober.json", '"dataActions": []', '"dataActions": ["*"]', "has data actions"),
    ("roles/prober.json", "Grantkeeper prober", "Prober", "are not those of infra/roles"),
    (
        "roles/prober.json",
        "Microsoft.ContainerService/managedClusters/commandResults/read",
        "Microsoft.Authorization/roleAssignments/write",
        "the right to grant has no condition",
    ),
]


def faults(infra: Path) -> list[str]:
    """All that is found wrong with a template."""
    try:
        found = [each for variant in variants(infra) for law in LAWS for each in law(variant)]
    except Fault as fault:
        found = [str(fault)]
    return [*found, *layers(infra), *sources(infra)]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    infra = tmp_path / "infra"
    for folder in ("app", "roles"):
        shutil.copytree(ROOT / "infra" / folder, infra / folder)
    for name in ("policy.yaml", "infra/main.bicep", "infra/events.bicep"):
        shutil.copy(ROOT / name, tmp_path / name)
    return infra


def test_an_honest_copy_has_no_fault(copy: Path) -> None:
    assert faults(copy) == []


@pytest.mark.parametrize(("file", "old", "new", "said"), PLANTED)
def test_a_planted_fault_is_found(copy: Path, file: str, old: str, new: str, said: str) -> None:
    path = copy / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    found = faults(copy)
    assert [each for each in found if said in each], found


@pytest.mark.parametrize("says", ["", "cleanup: report", "cleanup: delete"])
def test_the_right_to_delete_assignments_goes_by_policy(copy: Path, says: str) -> None:
    policy = copy.parent / "policy.yaml"
    policy.write_text(policy.read_text().replace("cleanup: delete", says))
    assert faults(copy) == []


@pytest.mark.parametrize("fault", ["action => (true", "action => (!cleansUp"])
def test_a_right_to_delete_that_policy_does_not_need_is_found(copy: Path, fault: str) -> None:
    policy, roles = copy.parent / "policy.yaml", copy / "app/roles.bicep"
    policy.write_text(policy.read_text().replace("cleanup: delete", "cleanup: report"))
    roles.write_text(roles.read_text().replace("action => (cleansUp", fault))
    assert [each for each in faults(copy) if "grantor may delete role assignments" in each]
