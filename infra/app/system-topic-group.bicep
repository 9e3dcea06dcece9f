// A system topic lies in the subscription whose events it has: in the app's group there, or in one of
// its own.
targetScope = 'subscription'

param groupName string
param makeGroup bool
param location string
param tags object
param token string
param appSubscription string
param appGroup string
param functionAppId string
param workAccount string
param eventDelivery string
param alertGroupId string

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = if (makeGroup) {
  name: groupName
  location: location
  tags: tags
}

module topic 'system-topic.bicep' = {
  name: 'system-topic'
  scope: resourceGroup(groupName)
  dependsOn: [group]
  params: {
    tags: tags
    token: token
  }
}

module events 'event-subscription.bicep' = {
  name: 'event-subscription'
  scope: resourceGroup(groupName)
  params: {
    topicName: topic.outputs.name
    token: token
    appSubscription: appSubscription
    appGroup: appGroup
    functionAppId: functionAppId
    workAccount: workAccount
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: tags
  }
}
