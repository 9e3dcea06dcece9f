// A private DNS zone, and the networks that ask it.
param tags object
param name string
@description('Ids of the networks. Azure lets each be linked to one zone of a name.')
param networks string[]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: name
  location: 'global'
  tags: tags
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for id in networks: {
  parent: zone
  name: 'grantkeeper-${uniqueString(id)}'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: id
    }
  }
}]
