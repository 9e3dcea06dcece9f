// The custom roles of the app's identity, as infra/roles has them, assignable where they are needed. The right
// to delete role assignments is among them only where policy.yaml cleans up.
targetScope = 'subscription'

param environmentName string
param token string
@description('Id of the app\'s resource group.')
param group string
@description('Ids of the subscriptions that the roles are assigned in.')
param subscriptions string[]

var clusterReader = loadJsonContent('../roles/cluster-reader.json')
var clusterOperator = loadJsonContent('../roles/cluster-operator.json')
var profileLinks = loadJsonContent('../roles/profile-links.json')
var groupCreator = loadJsonContent('../roles/group-creator.json')
var grantor = loadJsonContent('../roles/grantor.json')
var prober = loadJsonContent('../roles/prober.json')
// What policy.yaml leaves out is the default, `report`; any(), since a compiler knows what is in the file.
var cleansUp = any(loadYamlContent('../../policy.yaml')).?cleanup == 'delete'
var deletion = 'Microsoft.Authorization/roleAssignments/delete'
// Where a role is not assignable it is not listed, and infra/down looks for it in the app's subscription.
var here = subscription().id
var definitions = [clusterReader, clusterOperator, profileLinks, groupCreator, grantor, prober]

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for each in definitions: {
  name: guid(subscription().id, token, each.roleName)
  properties: {
    // A role's name is unique in the tenant; infra/down finds ours by it, and by the group in the description
    // knows whether its app is still there.
    roleName: '${each.roleName} (${environmentName}, ${token})'
    description: '${each.description} Of the app in ${group}.'
    type: 'CustomRole'
    permissions: [
      {
        actions: filter(each.actions, action => (cleansUp || action != deletion))
        notActions: each.notActions
        dataActions: each.dataActions
        notDataActions: each.notDataActions
      }
    ]
    assignableScopes: union([here], map(subscriptions, id => '/subscriptions/${id}'))
  }
}]

output guids object = {
  clusterReader: role[0].name
  clusterOperator: role[1].name
  profileLinks: role[2].name
  groupCreator: role[3].name
  grantor: role[4].name
  prober: role[5].name
}
