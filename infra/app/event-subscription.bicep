// The events that docs/operations.md names, to the function cluster_changed or the queue cluster-events.
param topicName string
param token string
param functionAppId string
param workAccountId string
@allowed(['function', 'queue'])
param eventDelivery string
param alertGroupId string
param tags object

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

module writable 'topic-roles.bicep' = {
  name: 'grantkeeper-topic-roles-${uniqueString(topic.id, token)}'
  scope: resourceGroup(split(workAccountId, '/')[2], split(workAccountId, '/')[4])
  params: {
    principalId: topic.identity.principalId
    workAccount: split(workAccountId, '/')[8]
    eventDelivery: eventDelivery
  }
}

resource events 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'grantkeeper-${token}'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: eventDelivery == 'queue' ? null : {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${functionAppId}/functions/cluster_changed'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    deliveryWithResourceIdentity: eventDelivery != 'queue' ? null : {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: writable.outputs.accountId
          queueName: writable.outputs.queueName
          queueMessageTimeToLiveInSeconds: 604800
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: writable.outputs.accountId
          blobContainerName: writable.outputs.containerName
        }
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Resources.ResourceWriteSuccess'
        'Microsoft.Resources.ResourceWriteFailure'
        'Microsoft.Resources.ResourceWriteCancel'
        'Microsoft.Resources.ResourceDeleteSuccess'
      ]
      advancedFilters: [
        {
          operatorType: 'StringIn'
          key: 'data.operationName'
          values: [
            'Microsoft.ContainerService/managedClusters/write'
            'Microsoft.ContainerService/managedClusters/delete'
            'Microsoft.ContainerService/managedClusters/agentPools/write'
            'Microsoft.ContainerService/managedClusters/agentPools/delete'
            'Microsoft.Authorization/roleAssignments/delete'
          ]
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
  }
}

resource givenUp 'Microsoft.Insights/metricAlerts@2018-03-01' = [for metric in ['DeadLetteredCount', 'DroppedEventCount']: {
  name: 'grantkeeper-${metric}-${uniqueString(topicName)}-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid has given up delivering events to Grantkeeper; the timer finds what they were about.'
    severity: 3
    enabled: true
    scopes: [topic.id]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: metric
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: metric
          dimensions: [
            {
              name: 'EventSubscriptionName'
              operator: 'Include'
              values: ['grantkeeper-${token}']
            }
          ]
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: empty(alertGroupId) ? [] : [
      {
        actionGroupId: alertGroupId
      }
    ]
  }
}]
