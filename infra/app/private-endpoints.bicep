// The ways to the storage accounts from a network, each by its own address and name there: one for each
// service that a setting of the app leads to. Of the host's account that is blobs alone: its locks and keys,
// and the app's package; queues are for blob triggers and Durable Functions, which are not here
// (learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity).
param location string
param tags object
param token string
param subnetId string
@description('Id of the subnet that the app goes out through; empty: none.')
param appSubnetId string
@description('Id of the resource group that has the DNS zones; empty: they are made here.')
param dnsGroupId string
param hostAccountId string
param workAccountId string

var services = ['blob', 'queue', 'table']
var endpoints = [
  { name: 'host-blob', account: hostAccountId, service: 'blob' }
  { name: 'work-blob', account: workAccountId, service: 'blob' }
  { name: 'work-queue', account: workAccountId, service: 'queue' }
  { name: 'work-table', account: workAccountId, service: 'table' }
]
var zonesAt = empty(dnsGroupId) ? resourceGroup().id : dnsGroupId
var network = split(subnetId, '/subnets/')[0]
var appNetwork = split(appSubnetId, '/subnets/')[0]
var alone = empty(appSubnetId) || toLower(network) == toLower(appNetwork)

module zones 'private-dns-zone.bicep' = [for service in empty(dnsGroupId) ? services : []: {
  name: 'private-dns-${service}'
  params: {
    tags: tags
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    networks: alone ? [network] : [network, appNetwork]
  }
}]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = [for each in endpoints: {
  name: 'pe-grantkeeper-${each.name}-${token}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: each.name
        properties: {
          privateLinkServiceId: each.account
          groupIds: [each.service]
        }
      }
    ]
  }
}]

// The name of the account in the zone, which leads to the address of the endpoint.
resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [for (each, index) in endpoints: {
  parent: endpoint[index]
  name: 'default'
  dependsOn: [zones]
  properties: {
    privateDnsZoneConfigs: [
      {
        name: each.service
        properties: {
          privateDnsZoneId: '${zonesAt}/providers/Microsoft.Network/privateDnsZones/privatelink.${each.service}.${environment().suffixes.storage}'
        }
      }
    ]
  }
}]
