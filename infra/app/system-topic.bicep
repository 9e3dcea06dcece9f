// The topic of what Azure Resource Manager does in this subscription.
param tags object
param token string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'evgst-grantkeeper-${token}'
  location: 'global'
  tags: tags
  // It writes dead letters by it, and to the queue.
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: subscription().id
    topicType: 'Microsoft.Resources.Subscriptions'
  }
}

output name string = topic.name
