// A role of the app's identity in a whole subscription.
targetScope = 'subscription'

param principalId string
@description('GUID of the role.')
param role string
@description('The condition on it; empty: none.')
param condition string = ''

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, role)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    description: 'Grantkeeper: a right of the app itself'
    condition: empty(condition) ? null : condition
    conditionVersion: empty(condition) ? null : '2.0'
  }
}
