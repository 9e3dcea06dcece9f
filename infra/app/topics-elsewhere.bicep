// The topics of a subscription that the app is not in, with a group of their own. The group is a resource of
// this file, since Azure refuses a deployment to one that is not there unless the same template makes it.
targetScope = 'subscription'

param groupName string
param location string
@description('Ids of subscriptions, or of groups; those of other subscriptions are passed over.')
param sources string[]
param token string
param functionAppId string
param workAccountId string
param eventDelivery string
param alertGroupId string
param tags object

var own = toLower(subscription().subscriptionId)
var ownSources = filter(sources, source => (toLower(split(source, '/')[2]) == own))

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: tags
}

module topics 'system-topic.bicep' = [for source in ownSources: {
  name: 'grantkeeper-topic-${uniqueString(source, token)}'
  scope: group
  params: {
    source: source
    token: token
    functionAppId: functionAppId
    workAccountId: workAccountId
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: tags
  }
}]
