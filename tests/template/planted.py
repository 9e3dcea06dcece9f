"""What could be wrong with the template, by subject: faults that are planted one by one in a copy.

Each is a file, what is replaced there by what, and what is said of it.
"""

MAIN = "main.bicep"
LAYER = "events.bicep"
STORAGE = "app/storage.bicep"
APP = "app/function-app.bicep"
EVENTS = "app/event-subscription.bicep"
TOPIC_ROLES = "app/topic-roles.bicep"
TOPIC = "app/system-topic.bicep"
WIDE_ROLE = "app/subscription-role.bicep"
ROLE = "app/scope-role.bicep"
LOG = "app/activity-log.bicep"
MONITORING = "app/monitoring.bicep"
ENDPOINTS = "app/private-endpoints.bicep"
ZONE = "app/private-dns-zone.bicep"
CONDITION = "app/grantor-condition.txt"
JSON_ROLE = "app/role-assignment.json"
ROLES = "app/roles.bicep"
PROBER = "roles/prober.json"
QUERY = "app/unknown-assignments.kql"
OWN_TOPIC = "app/lifecycle-topic.bicep"
ELSEWHERE = "app/topics-elsewhere.bicep"
NOWHERE = "\n  scope: resourceGroup(privateDnsGroupId)"
RUN_COMMAND = "Microsoft.ContainerService/managedClusters/runCommand/action"
# Built-in roles.
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
QUEUE_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
QUEUE_SENDER = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"

Row = tuple[str, str, str, str]

PLANTED: dict[str, list[Row]] = {
    "what a compiler would tell": [
        (MAIN, "param location string", "param location string =", "no Bicep"),
        (MAIN, "token: token", "token: tokne", "`tokne` is not declared"),
        (MAIN, "    tags: allTags\n    token", "    token", "it is not given"),
        (MAIN, "    networkAccess:", "    networkAcess:", "has no parameter"),
        (MAIN, "identity.outputs.clientId", "identity.outputs.clientID", "there is no clientID"),
        (MAIN, "'app/storage.bicep'", "'app/store.bicep'", "there is no file"),
        (LAYER, "resourceGroup(split(id", "subscription(split(id", "is for a resourceGroup"),
        (ELSEWHERE, "scope: group\n", "scope: resourceGroup(groupName)\n", "made only then"),
        (MAIN, "if (lifecycleTopic) {", f"if (lifecycleTopic) {{{NOWHERE}", "no resource group"),
        (MAIN, "lifecycleTopic ? {", "!lifecycleTopic ? {", "of a module that is not deployed"),
        (LAYER, "eventDelivery string = 'function'", "eventDelivery string = 'q'", "is against"),
    ],
    "what Azure's types tell": [
        (STORAGE, "allowSharedKeyAccess", "allowSharedKeyAcess", "there is no such property"),
        (STORAGE, "'TLS1_2'", "'TLS12'", "is none of TLS1_0"),
        (STORAGE, "'Standard_LRS'", "'Standard_LSR'", "is none of Standard_LRS"),
        (STORAGE, "GreaterThan: 30", "GreaterThan: '30'", "is no int"),
        (STORAGE, "containers@2025-01-01", "containers@2021-01-01", "is not the version known"),
        (STORAGE, "primaryEndpoints.queue", "primaryEndpoint.queue", "has no properties.primaryE"),
        (APP, "serverFarmId: plan.id", "serverFarmId: plan", "is no string"),
        (APP, "  location: location\n", "", "location: is required"),
        (APP, "'ftp', 'scm'", "'ftp', 'scp'", "is none of those known"),
        (EVENTS, "'AzureFunction'", "'Function'", "is none of those known"),
        (EVENTS, "'StringIn'", "'StringsIn'", "is none of those known"),
        (WIDE_ROLE, "principalId: principalId\n", "", "principalId: is required"),
        (ENDPOINTS, "groupIds:", "groups:", "there is no such property"),
        (EVENTS, "deadLetterWith", "deadLettersWith", "no such property"),
        (EVENTS, "'StorageQueue'", "'Queue'", "is none of those known"),
        (EVENTS, "Seconds: 604800", "Seconds: '604800'", "is no int"),
        (JSON_ROLE, '"2022-04-01"', '"2015-07-01"', "is not the version known"),
    ],
    "storage": [
        (STORAGE, "KeyAccess: false", "KeyAccess: true", "allowSharedKeyAccess"),
        (STORAGE, "  allowSharedKeyAccess: false\n", "", "allowSharedKeyAccess is not False"),
        (STORAGE, "'TLS1_2'", "'TLS1_0'", "minimumTlsVersion is not TLS1_2"),
        (STORAGE, "NetworkAccess: networkAccess", "NetworkAccess: 'Enabled'", "is not Disabled"),
        (STORAGE, "'reconcile-poison'", "'reconcile-poisoned'", "the queues are not those"),
        (STORAGE, "'eventgrid-deadletter'", "'deadletter'", "there is no container"),
        (STORAGE, "'cluster-events-poison'", "'cluster-event-poison'", "the queues are not those"),
        (STORAGE, "GreaterThan: 30", "GreaterThan: 300", "not forgotten after 30 days"),
    ],
    "the function app": [
        (APP, "allow: false", "allow: true", "allow is not False"),
        (APP, "'ftp', 'scm'", "'ftp'", "publishing with a password is not off"),
        (APP, "httpsOnly: true", "httpsOnly: false", "httpsOnly is not True"),
        (APP, " remoteDeb", " ftpsState: 'Disabled'\n remoteDeb", "refuses"),
        (APP, "'FC1'", "'EP1'", "it is not Flex Consumption"),
        (APP, "version: '3.11'", "version: '3.13'", "runtime.version is not 3.11"),
        (MAIN, "ARM_SHARE: armShare", "ARM_SHARES: armShare", "ARM_SHARES is read by nobody"),
        (MAIN, "        FLEET_SCHEDULE: fleetSchedule\n", "", "FLEET_SCHEDULE is missing"),
        (APP, "    AZURE_CLIENT_ID: clientId\n", "", "AZURE_CLIENT_ID is missing"),
    ],
    "roles in the app's own group": [
        (STORAGE, "  scope: host\n", "  scope: work\n", f"{BLOB_OWNER} is not for"),
        (STORAGE, "scope: deadLetterContainer\n", "scope: work\n", "is not for"),
        (STORAGE, f"'{BLOB_OWNER}'", f"'{NETWORK_CONTRIBUTOR}'", "is no role that the template"),
        (STORAGE, f"'{BLOB_OWNER}'", f"'{OWNER}'", "it names Owner"),
    ],
    "custom roles": [
        (PROBER, "managedClusters/commandResults/read", "*/read", "has a wildcard"),
        (PROBER, '"dataActions": []', '"dataActions": ["*"]', "has data actions"),
        (PROBER, "Grantkeeper prober", "Prober", "are not those of infra/roles"),
        (ROLES, "cleansUp || ", "", "grantor has other rights than"),
        (ROLES, "actions: filter(each.actions,", "actions: filter([],", "has other rights"),
        (MAIN, "readSubscriptions\n", "managed\n", "is not assignable in"),
    ],
    "who gets which role where": [
        (ROLE, "'ServicePrincipal'", "'User'", "principalType is not ServicePrincipal"),
        (MAIN, "map(grantScopes, id => ({", "map(profileLinks, id => ({", "not at exactly"),
        (JSON_ROLE, "parameters('scope')", "parameters('where')", "not at exactly"),
        (MAIN, "AnywhereManaged ? m", "AnywhereManaged == false ? m", "reaches the whole"),
        (MAIN, "probes ? managed", "!probes ? managed", "Grantkeeper prober reaches the whole"),
    ],
    "the right to grant": [
        (WIDE_ROLE, "'2.0'", "'1.0'", "conditionVersion is not 2.0"),
        (WIDE_ROLE, "? null : condition\n", "? null : null\n", "to grant has no condition"),
        (ROLE, "{ condition: condition, conditionVersion: '2.0' }", "{}", "no condition"),
        (MAIN, "== 'grantor' ? g", "!= 'grantor' ? g", "right to grant has no condition"),
        (PROBER, RUN_COMMAND, "Microsoft.Authorization/roleAssignments/write", "has no condition"),
        (CONDITION, NETWORK_CONTRIBUTOR, OWNER, "its condition is wrong about"),
        (CONDITION, " AND ((!(ActionMatches", " OR ((!(ActionMatches", "wrong about"),
        (CONDITION, "'ServicePrincipal'", "'ServicePrincipal', 'User'", "wrong"),
    ],
    "topics and their events": [
        (OWN_TOPIC, "disableLocalAuth: true", "disableLocalAuth: false", "disable"),
        (TOPIC, "source: source", "source: '/subscriptions/${token}'", "source is not"),
        (TOPIC, "source: source", "source: subscription().id", "of what nobody asked for"),
        (TOPIC, "topicType: of", "topicType: !of", "its source is of another type"),
        (TOPIC, "${uniqueString(toLower(source))}-${token}", "${token}", "deployed twice"),
        (LAYER, "union([], map(", "concat([], map(", "deployed twice"),
        (LAYER, "for id in elsewhere", "for id in []", "has its event subscription"),
        (ELSEWHERE, "-01' = {", "-01' existing = {", "groups are not made in exactly"),
        (EVENTS, "'Microsoft.Resources.ResourceWriteFailure'\n", "", "event types are not"),
        (EVENTS, "Clusters/delete'", "Clusters/read'", "the operations are not those"),
        (EVENTS, "ments/delete'", "ments/write'", "the operations are not those"),
        (EVENTS, "functions/cluster_changed", "functions/changed", "is no function changed"),
        (EVENTS, "topic.identity.principalId", "topic.id", "is not for an identity"),
        (TOPIC_ROLES, "scope: container", "scope: work", "is not for"),
    ],
    "events by the queue": [
        (TOPIC_ROLES, "scope: queue\n", "scope: work\n", f"{QUEUE_SENDER} is not for"),
        (TOPIC_ROLES, "scope: queue\n", "scope: queues\n", f"{QUEUE_SENDER} is not for"),
        (TOPIC_ROLES, QUEUE_SENDER, QUEUE_CONTRIBUTOR, "its topic may not send to the queue"),
        (TOPIC_ROLES, "if (eventDelivery == 'queue')", "if (false)", "may not send to the queue"),
        (TOPIC_ROLES, "if (eventDelivery == 'queue')", "if (true)", "to a queue that has no use"),
        (TOPIC_ROLES, "'cluster-events'", "'events'", "does not lead to the queue cluster-events"),
        (TOPIC_ROLES, "'cluster-events'", "'reconcile'", "does not lead to the queue cluster"),
        (STORAGE, "  'cluster-events'\n", "", "does not lead to the queue cluster-events"),
        (EVENTS, "Seconds: 604800", "Seconds: 3600", "its messages do not wait for a week"),
        (EVENTS, "'SystemAssigned'", "'UserAssigned'", "not send by the topic's own"),
        (EVENTS, "eventDelivery == 'queue' ? null", "false ? null", "it leads to two places"),
        (EVENTS, "eventDelivery != 'queue' ? null", "false ? null", "it leads to two places"),
    ],
    "logs and alerts": [
        (MONITORING, "DisableLocalAuth: true", "DisableLocalAuth: false", "DisableLocalA"),
        (MAIN, "activityLog ? grantSubscriptions", "activityLog ? managed", "logs are not those"),
        (MAIN, "activityLog ? grantSubscriptions", "!activityLog ? managed", "logs are not"),
        (LOG, "'Administrative'", "'Policy'", "is not the category Administrative"),
        (LOG, "workspaceId: workspaceId", "workspaceId: token", "does not lead to the workspace"),
        (MONITORING, "activityLog ? [", "!activityLog ? [", "is no alert on role assignments"),
        (MONITORING, "_ID', principalId", "_ID', token", "not ask for what the app's identity did"),
        (MONITORING, "window: 'PT3H'", "window: 'PT1H'", "its times are not those of its query"),
        (MONITORING, "enabled: true\n    scopes", "enabled: false\n    scopes", "it is not asked"),
        (QUERY, "leftanti", "inner", "not ask for what the app's identity did"),
    ],
    "the network": [
        (MAIN, "(!empty(endpointSubnetId))", "(empty(endpointSubnetId))", "endpoints are not"),
        (MAIN, "    appSubnetId: subnetId", "    appSubnetId: ''", "is not linked to the networks"),
        (MAIN, "subnetId: endpointSubnetId", "subnetId: subnetId", "is not in the subnet"),
        (ENDPOINTS, "account: hostAccountId", "account: workAccountId", "endpoints are not"),
        (ENDPOINTS, "{ name: 'work-table'", "// { name: 'work-table'", "endpoints are not"),
        (ENDPOINTS, "groupIds: [each.service]", "groupIds: ['blob']", "no name in the zone of"),
        (ENDPOINTS, "Zones/privatelink.$", "Zones/$", "has no name in the zone of its service"),
        (ENDPOINTS, "'blob', 'queue', 'table'", "'blob', 'queue'", "the DNS zones are not those"),
        (ZONE, "Enabled: false", "Enabled: true", "would be registered"),
    ],
    "what azd down would delete": [
        (MAIN, "'resourceGroup'\n", "'subscription'\n", "would delete the groups of others"),
        (MAIN, "targetScope = 'resourceGroup'\n", "", "would delete the groups of others"),
        (LAYER, "'resourceGroup'\n", "'subscription'\n", "would delete the groups of"),
        (LAYER, "id => (id != here))\n\n", "id => true)\n\n", "makes a group in the subscr"),
    ],
    "what infra/down would not find": [
        (LOG, "'grantkeeper-${token}'", "'activity'", "does not find activity"),
        (LAYER, "'rg-${env", "'${env", "looks for rg-dev-events"),
        (LAYER, "union(tags, { 'azd-env-name': environmentName })", "tags", "leaves groups"),
        (ROLES, "(${environmentName}, ", "(", "does not find Grantkeeper"),
        (ROLES, " Of the app in ${group}.", "", "does not know of which app"),
    ],
}
