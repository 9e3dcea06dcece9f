// The function app, its identity and what that may do. Events are a layer of their own: events.bicep.
// The app's group is the operator's to make: `azd down` deletes the group that a deployment is made to, and
// of one made to a subscription every group that it touches (docs/decisions/0016-to-a-resource-group.md).
targetScope = 'resourceGroup'

@description('Name of the azd environment; part of the names of what is deployed.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of the app. Flex Consumption has to be offered there.')
param location string

@description('Ids of the subscriptions to look after, the default of requests first.')
@minLength(1)
param managedSubscriptions string[]

@description('Ids of the resource groups that clusters are requested in. None: clusters are looked after, not made.')
param clusterGroups string[] = []

@description('Ids of the resource groups and resources where the app may grant the roles of policy.yaml: the scopes of `grantable`, written out.')
param grantableScopes string[] = []

@description('Lets the app grant at every scope in the managed subscriptions, instead of `grantableScopes`. Azure then bounds the roles, by the condition, and policy.yaml alone bounds the scopes: whoever takes over the app can give these roles to any identity, on anything there.')
param grantAnywhereManaged bool = false

@description('Ids of what profiles name: subnets, public addresses and prefixes, disk encryption sets, identities. Whoever may assign an identity to a cluster may act as it.')
param profileLinks string[] = []

@description('For profiles with `createResourceGroup: true`: the app makes groups, and clusters in every group of the managed subscriptions.')
param createResourceGroups bool = false

@description('For `verify: probe` and `loadBalancer`: the app may run commands in the clusters of the managed subscriptions, which is the right to do anything in them.')
param probes bool = false

@description('Deploys a custom topic for lifecycle events.')
param lifecycleTopic bool = false

@description('Whether the storage accounts can be reached from everywhere (by identities with a role), or from private endpoints only. `Disabled` needs both `subnetId` and `endpointSubnetId`: without them the app reaches neither its queues nor its own code, and nothing refuses that before it runs.')
@allowed(['Enabled', 'Disabled'])
param storageNetworkAccess string = 'Enabled'

@description('Id of a subnet, delegated to Microsoft.App/environments, that the app goes out through. Empty: none.')
param subnetId string = ''

@description('Id of a subnet in the same region, another than `subnetId`, for private endpoints of the storage accounts. Empty: none are made.')
param endpointSubnetId string = ''

@description('Id of the resource group with the private DNS zones for blobs, queues and tables (`privatelink.blob.…`), where the networks of both subnets have them already: a network can be linked to one zone of a name. Empty: the zones are made, and linked to these networks.')
param privateDnsGroupId string = ''

@description('NCRONTAB of the look at all clusters.')
param fleetSchedule string = '0 */15 * * * *'

@description('The part of the request limits of Azure Resource Manager that the app uses, above 0 and up to 1.')
param armShare string = '0.8'

@description('How many instances share that part. More may run for a while; each is held back by a 429.')
@minValue(1)
param armInstances int = 4

@description('The most instances that the app may have.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Days to keep the audit for; 0 is for ever.')
param keepAuditDays int = 365

@description('Days to keep refused messages for; 0 is for ever.')
param keepRejectionsDays int = 30

@description('Days to remember clusters for that are gone, at least 8; 0 is for ever.')
param keepDeletedDays int = 90

@description('Who is told of alerts, by e-mail. Empty: alerts are only shown.')
param alertEmail string = ''

@description('Copies the activity log of each subscription where the app looks after clusters or may grant (category Administrative) to the app\'s workspace, and alerts on role assignments that its identity writes past the app. The copy costs nothing for 90 days, the alert what a log search alert rule costs. A subscription has room for five such settings; making one needs Monitoring Contributor there.')
param activityLog bool = true

@description('Tags of everything that is deployed.')
param tags object = {}

var token = toLower(uniqueString(resourceGroup().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var managed = map(managedSubscriptions, id => (toLower(id)))
var grantScopes = grantAnywhereManaged ? [] : grantableScopes
var grantAnywhere = grantAnywhereManaged ? managed : []
var groupsMade = createResourceGroups ? managed : []
var probed = probes ? managed : []
var elsewhere = concat(clusterGroups, grantScopes, profileLinks)
var grantSubscriptions = union(managed, map(grantScopes, id => (toLower(split(id, '/')[2]))))
var readSubscriptions = union(managed, map(elsewhere, id => (toLower(split(id, '/')[2]))))

// Which role the app's identity has where.
var inSubscriptions = concat(
  map(readSubscriptions, id => ({ does: 'read', role: 'clusterReader', id: id })),
  map(grantAnywhere, id => ({ does: 'grant', role: 'grantor', id: id })),
  map(groupsMade, id => ({ does: 'groups', role: 'groupCreator', id: id })),
  map(groupsMade, id => ({ does: 'operate', role: 'clusterOperator', id: id })),
  map(probed, id => ({ does: 'probe', role: 'prober', id: id }))
)
var atScopes = concat(
  map(clusterGroups, id => ({ does: 'operate', role: 'clusterOperator', id: id })),
  map(profileLinks, id => ({ does: 'link', role: 'profileLinks', id: id })),
  map(grantScopes, id => ({ does: 'grant', role: 'grantor', id: id }))
)
var grantorCondition = trim(loadTextContent('app/grantor-condition.txt'))

module identity 'app/identity.bicep' = {
  name: 'identity'
  params: {
    location: location
    tags: allTags
    token: token
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  params: {
    location: location
    tags: allTags
    token: token
    networkAccess: storageNetworkAccess
    principalId: identity.outputs.principalId
  }
}

module privateEndpoints 'app/private-endpoints.bicep' = if (!empty(endpointSubnetId)) {
  name: 'private-endpoints'
  params: {
    location: location
    tags: allTags
    token: token
    subnetId: endpointSubnetId
    appSubnetId: subnetId
    dnsGroupId: privateDnsGroupId
    hostAccountId: storage.outputs.hostAccountId
    workAccountId: storage.outputs.workAccountId
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    tags: allTags
    token: token
    alertEmail: alertEmail
    principalId: identity.outputs.principalId
    activityLog: activityLog
  }
}

module activityLogs 'app/activity-log.bicep' = [for id in activityLog ? grantSubscriptions : []: {
  name: 'grantkeeper-activity-log-${token}'
  scope: subscription(id)
  params: {
    token: token
    workspaceId: monitoring.outputs.workspaceId
  }
}]

module topic 'app/lifecycle-topic.bicep' = if (lifecycleTopic) {
  name: 'lifecycle-topic'
  params: {
    location: location
    tags: allTags
    token: token
    principalId: identity.outputs.principalId
  }
}

module app 'app/function-app.bicep' = {
  name: 'function-app'
  // It starts with a look into the host's account.
  dependsOn: [privateEndpoints]
  params: {
    location: location
    tags: allTags
    token: token
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    hostBlobUri: storage.outputs.hostBlobUri
    packageContainer: storage.outputs.packageContainer
    insightsConnection: monitoring.outputs.insightsConnection
    subnetId: subnetId
    maximumInstances: maximumInstances
    settings: union(
      {
        MANAGED_SUBSCRIPTIONS: join(managedSubscriptions, ',')
        AZURE_CLOUD: environment().name
        FLEET_SCHEDULE: fleetSchedule
        ARM_SHARE: armShare
        ARM_INSTANCES: string(armInstances)
        KEEP_AUDIT_DAYS: string(keepAuditDays)
        KEEP_REJECTIONS_DAYS: string(keepRejectionsDays)
        KEEP_DELETED_DAYS: string(keepDeletedDays)
        Work__queueServiceUri: storage.outputs.workQueueUri
        Work__tableServiceUri: storage.outputs.workTableUri
        Work__blobServiceUri: storage.outputs.workBlobUri
      },
      lifecycleTopic ? { EVENTGRID_TOPIC_ENDPOINT: topic!.outputs.endpoint } : {}
    )
  }
}

module roles 'app/roles.bicep' = {
  name: 'grantkeeper-roles-${token}'
  scope: subscription()
  params: {
    environmentName: environmentName
    token: token
    group: resourceGroup().id
    subscriptions: readSubscriptions
  }
}

module inSubscription 'app/subscription-role.bicep' = [for each in inSubscriptions: {
  name: 'grantkeeper-${each.does}-${token}'
  scope: subscription(each.id)
  params: {
    principalId: identity.outputs.principalId
    role: roles.outputs.guids[each.role]
    condition: each.role == 'grantor' ? grantorCondition : ''
  }
}]

module atScope 'app/scope-role.bicep' = [for each in atScopes: {
  name: 'grantkeeper-${each.does}-${uniqueString(each.id, token)}'
  scope: resourceGroup(split(each.id, '/')[2], split(each.id, '/')[4])
  params: {
    scope: each.id
    principalId: identity.outputs.principalId
    role: roles.outputs.guids[each.role]
    condition: each.role == 'grantor' ? grantorCondition : ''
  }
}]

// What the layer of the events, and the operator's commands, are told by azd.
output GRANTKEEPER_FUNCTION_APP_ID string = app.outputs.id
output GRANTKEEPER_WORK_ACCOUNT_ID string = storage.outputs.workAccountId
output GRANTKEEPER_ALERT_GROUP_ID string = monitoring.outputs.alertGroupId
output GRANTKEEPER_PRINCIPAL_ID string = identity.outputs.principalId
output GRANTKEEPER_MANAGED_SUBSCRIPTIONS string = join(managedSubscriptions, ',')
output Work__queueServiceUri string = storage.outputs.workQueueUri
output Work__tableServiceUri string = storage.outputs.workTableUri
