// What Azure tells the app: a system topic and an event subscription for each managed subscription, or for
// each of some groups. They lead to a function of the deployed app, or to its queue, so this is provisioned
// after it, to the same group.
targetScope = 'resourceGroup'

param environmentName string
param location string

@description('Id of the function app.')
param functionAppId string

@description('Id of the account with the queue and the container of dead letters.')
param workAccountId string

@description('How events come: to the function cluster_changed, or by the queue cluster-events, for an app that nothing from outside reaches (docs/decisions/0012).')
@allowed(['function', 'queue'])
param eventDelivery string = 'function'

@description('Ids of the managed subscriptions, separated by commas.')
param managedSubscriptions string

@description('Ids of resource groups in them: only what happens there is told, not in the whole subscriptions. What is removed elsewhere, the timer finds. Empty: all is told.')
param eventGroups string[] = []

@description('Ids of system topics of whole subscriptions that are there already, each with a system-assigned identity: Azure allows a subscription one. For the others one is made.')
param existingTopics string[] = []

@description('Id of the action group that is told when events are given up. Empty: none.')
param alertGroupId string = ''

param tags object = {}

var token = toLower(uniqueString(resourceGroup().id, environmentName, location))
var allTags = union(tags, { 'azd-env-name': environmentName })
var here = toLower(subscription().subscriptionId)
var withTopic = map(existingTopics, id => (toLower(split(id, '/')[2])))
var withoutTopic = filter(split(toLower(managedSubscriptions), ','), id => (!contains(withTopic, id)))
var sources = empty(eventGroups) ? map(withoutTopic, id => '/subscriptions/${id}') : eventGroups
var sourcesHere = filter(sources, source => (toLower(split(source, '/')[2]) == here))
var elsewhere = filter(union([], map(sources, id => (toLower(split(id, '/')[2])))), id => (id != here))

// A system topic lies in the subscription whose events it has: in the app's group there, or in one of its own.
module topics 'app/system-topic.bicep' = [for source in sourcesHere: {
  name: 'grantkeeper-topic-${uniqueString(source, token)}'
  params: {
    source: source
    token: token
    functionAppId: functionAppId
    workAccountId: workAccountId
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: allTags
  }
}]

module topicsElsewhere 'app/topics-elsewhere.bicep' = [for id in elsewhere: {
  name: 'grantkeeper-events-${token}'
  scope: subscription(id)
  params: {
    groupName: 'rg-${environmentName}-events'
    location: location
    sources: sources
    token: token
    functionAppId: functionAppId
    workAccountId: workAccountId
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: allTags
  }
}]

module onExistingTopics 'app/event-subscription.bicep' = [for id in existingTopics: {
  name: 'grantkeeper-events-${uniqueString(id, token)}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    topicName: split(id, '/')[8]
    token: token
    functionAppId: functionAppId
    workAccountId: workAccountId
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: allTags
  }
}]
