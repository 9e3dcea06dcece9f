// What Azure tells the app: a system topic and an event subscription for each managed subscription, or for
// each of some groups. They lead to a function of the deployed app, or to its queue, so this is provisioned
// after it, to the same group.
targetScope = 'resourceGroup'

param environmentName string
param location string

@description('Id of the function app.')
param functionAppId string

@description('Name of the account with the queue and the container of dead letters.')
param workAccount string

@description('How events come: to the function cluster_changed, or by the queue cluster-events, for an app that nothing from outside reaches (docs/decisions/0012).')
@allowed(['function', 'queue'])
param eventDelivery string = 'function'

@description('Ids of the managed subscriptions, separated by commas.')
param managedSubscriptions string

@description('Ids of resource groups in them: only what happens there is told, not in the whole subscriptions. What is removed elsewhere, the timer finds. Empty: all is told.')
param eventGroups string[] = []

@description('Name of the system topic of this subscription that is there already, with a system-assigned identity: Azure allows one of each. Empty: one is made.')
param existingTopic string = ''

@description('The resource group of that topic.')
param existingTopicGroup string = ''

@description('Id of the action group that is told when events are given up. Empty: none.')
param alertGroupId string = ''

param tags object = {}

var token = toLower(uniqueString(resourceGroup().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var here = toLower(subscription().subscriptionId)
var subscriptions = split(toLower(managedSubscriptions), ',')
var withOwnTopic = empty(existingTopic) ? subscriptions : filter(subscriptions, id => (id != here))
var sources = empty(eventGroups) ? map(withOwnTopic, id => '/subscriptions/${id}') : eventGroups
var elsewhere = filter(union([], map(sources, id => (toLower(split(id, '/')[2])))), id => (id != here))
var groupElsewhere = 'rg-${environmentName}-events'

// A system topic lies in the subscription whose events it has: in the app's group there, or in one of its own.
module groups 'app/events-group.bicep' = [for id in elsewhere: {
  name: 'grantkeeper-events-group-${token}'
  scope: subscription(id)
  params: {
    name: groupElsewhere
    location: location
    tags: allTags
  }
}]

module topics 'app/system-topic.bicep' = [for source in sources: {
  name: 'grantkeeper-topic-${uniqueString(source, token)}'
  scope: resourceGroup(split(source, '/')[2], toLower(split(source, '/')[2]) == here ? resourceGroup().name : groupElsewhere)
  dependsOn: [groups]
  params: {
    source: source
    token: token
    appSubscription: here
    appGroup: resourceGroup().name
    functionAppId: functionAppId
    workAccount: workAccount
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: allTags
  }
}]

module onExistingTopic 'app/event-subscription.bicep' = if (!empty(existingTopic)) {
  name: 'grantkeeper-events-${token}'
  scope: resourceGroup(existingTopicGroup)
  params: {
    topicName: existingTopic
    token: token
    appSubscription: here
    appGroup: resourceGroup().name
    functionAppId: functionAppId
    workAccount: workAccount
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: allTags
  }
}
