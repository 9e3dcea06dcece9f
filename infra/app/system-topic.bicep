// The topic of what Azure Resource Manager does in this subscription, or in a resource group of it.
@description('Id of the subscription, or of the group.')
param source string
param token string
param functionAppId string
param workAccountId string
param eventDelivery string
param alertGroupId string
param tags object

var ofGroup = length(split(source, '/')) == 5

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: ofGroup ? 'evgst-grantkeeper-${uniqueString(toLower(source))}-${token}' : 'evgst-grantkeeper-${token}'
  location: 'global'
  tags: tags
  // It writes dead letters by it, and to the queue.
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: source
    topicType: ofGroup ? 'Microsoft.Resources.ResourceGroups' : 'Microsoft.Resources.Subscriptions'
  }
}

module events 'event-subscription.bicep' = {
  name: 'event-subscription-${uniqueString(source, token)}'
  params: {
    topicName: topic.name
    token: token
    functionAppId: functionAppId
    workAccountId: workAccountId
    eventDelivery: eventDelivery
    alertGroupId: alertGroupId
    tags: tags
  }
}
