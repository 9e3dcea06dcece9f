// The events that docs/operations.md names, to the function cluster_changed.
param topicName string
param token string
param appSubscription string
param appGroup string
param functionAppId string
param workAccount string
param alertGroupId string
param tags object

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

module deadLetters 'dead-letter-role.bicep' = {
  name: 'grantkeeper-dead-letters-${uniqueString(topic.id, token)}'
  scope: resourceGroup(appSubscription, appGroup)
  params: {
    principalId: topic.identity.principalId
    workAccount: workAccount
  }
}

resource events 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'grantkeeper-${token}'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${functionAppId}/functions/cluster_changed'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: deadLetters.outputs.accountId
          blobContainerName: deadLetters.outputs.containerName
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
  name: 'grantkeeper-${metric}-${token}'
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
