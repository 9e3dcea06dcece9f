// A role of the app's identity at this resource group, or at a resource in it, of whatever type: Bicep
// names a scope by a symbol of a known type only, a template in JSON by its id.
@description('Id of this resource group, or of a resource in it.')
param scope string
param principalId string
@description('GUID of the role.')
param role string
@description('The condition on it; empty: none.')
param condition string = ''

var isGroup = length(split(scope, '/')) == 5
var name = guid(scope, principalId, role)
var properties = union(
  {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    description: 'Grantkeeper: a right of the app itself'
  },
  empty(condition) ? {} : { condition: condition, conditionVersion: '2.0' }
)

resource atGroup 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (isGroup) {
  name: name
  properties: properties
}

module atResource 'role-assignment.json' = if (!isGroup) {
  name: 'grantkeeper-role-${name}'
  params: {
    scope: scope
    name: name
    properties: properties
  }
}
