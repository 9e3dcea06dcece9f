// Two accounts: whoever may write the host's can run code as the app, so nobody else has a role there;
// requesters get theirs on one queue of the other (docs/decisions/0013-two-accounts.md).
param location string
param tags object
param token string
@allowed(['Enabled', 'Disabled'])
param networkAccess string
param principalId string

// As function_app.py has them; the host makes no queue, so those of poison are made here, too.
var queues = [
  'cluster-requests'
  'cluster-requests-poison'
  'reconcile'
  'reconcile-poison'
  'cluster-events'
  'cluster-events-poison'
]
var package = 'app-package'
var deadLetters = 'eventgrid-deadletter'
var security = {
  allowSharedKeyAccess: false
  allowBlobPublicAccess: false
  allowCrossTenantReplication: false
  defaultToOAuthAuthentication: true
  minimumTlsVersion: 'TLS1_2'
  supportsHttpsTrafficOnly: true
  publicNetworkAccess: networkAccess
  networkAcls: {
    defaultAction: networkAccess == 'Enabled' ? 'Allow' : 'Deny'
    // Event Grid writes dead letters as a trusted service, by the identity of its topic.
    bypass: 'AzureServices'
  }
}
// Built-in data roles (learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage).
var blobOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
var queueContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
var tableContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor

resource host 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'sthost${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: security
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: host
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: hostBlobs
  name: package
}

resource work 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'stwork${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: security
}

resource workQueues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: work
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [for name in queues: {
  parent: workQueues
  name: name
}]

resource workBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: work
  name: 'default'
}

resource deadLetterContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: workBlobs
  name: deadLetters
}

// Dead letters have the claims of whoever caused the event.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: work
  name: 'default'
  dependsOn: [deadLetterContainer]
  properties: {
    policy: {
      rules: [
        {
          name: 'forget-dead-letters'
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${deadLetters}/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: 30
                }
              }
            }
          }
        }
      ]
    }
  }
}

resource hostRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host.id, principalId, blobOwner)
  scope: host
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobOwner)
    description: 'Grantkeeper: the host\'s locks and the app\'s package'
  }
}

resource workRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in [queueContributor, tableContributor]: {
  name: guid(work.id, principalId, role)
  scope: work
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    description: 'Grantkeeper: its queues and tables'
  }
}]

resource deadLetterRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetterContainer.id, principalId, blobContributor)
  scope: deadLetterContainer
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
    description: 'Grantkeeper: events that were given up'
  }
}

output hostAccountId string = host.id
output workAccountId string = work.id
output hostBlobUri string = host.properties.primaryEndpoints.blob
output packageContainer string = package
output workQueueUri string = work.properties.primaryEndpoints.queue
output workTableUri string = work.properties.primaryEndpoints.table
output workBlobUri string = work.properties.primaryEndpoints.blob
