// What a topic may write, and nothing else: dead letters, and events onto the queue where they come by it.
param principalId string
param workAccount string
@allowed(['function', 'queue'])
param eventDelivery string

var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
var messageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a' // Storage Queue Data Message Sender

resource work 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: workAccount
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: work
  name: 'default'
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  parent: blobs
  name: 'eventgrid-deadletter'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' existing = {
  parent: work
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = {
  parent: queues
  name: 'cluster-events'
}

resource deadLetterRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(container.id, principalId, blobContributor)
  scope: container
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
    description: 'Grantkeeper: events that were given up'
  }
}

resource senderRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (eventDelivery == 'queue') {
  name: guid(queue.id, principalId, messageSender)
  scope: queue
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', messageSender)
    description: 'Grantkeeper: events of clusters'
  }
}

output accountId string = work.id
output containerName string = container.name
output queueName string = queue.name
