// Logs, and what is worth waking somebody for. The lines that are asked for are in docs/operations.md.
param location string
param tags object
param token string
param alertEmail string
param principalId string
@description('Whether the activity logs of the subscriptions where the app may grant come to the workspace.')
param activityLog bool

var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb' // Monitoring Metrics Publisher

// Role assignments that our identity wrote or deleted, and that no line of the app had announced
// (shared/audit.py): somebody else acts as our identity. The activity log comes late, by up to 20 minutes
// (learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time), so what is younger than 30 is not
// looked at yet, which also leaves the app's own line the time to arrive; and what is older is looked at for
// 90 minutes, six times, so that a record that comes later still is not missed. The line comes before the
// write, at most by the time that its tries take: lines are taken from an hour more, the whole window.
// Compared is the name, a GUID that is taken once in a tenant: how the log writes the rest of an id, and who
// calls, is not described to the letter.
var unknownAssignment = {
  name: 'unknown-assignment'
  severity: 0
  description: 'The identity of the app wrote or deleted a role assignment, and the app did not: docs/operations.md#unknown-assignments.'
  query: replace(loadTextContent('unknown-assignments.kql'), 'GRANTKEEPER_PRINCIPAL_ID', principalId)
  window: 'PT3H'
}
// `query` finds what is wrong, a row each time. One that finds nothing is no alert.
var alerts = concat(activityLog ? [unknownAssignment] : [], [
  {
    name: 'poison'
    severity: 2
    description: 'Messages failed five times. `python -m grantkeeper poison list` shows them.'
    query: 'AppRequests | where OperationName in ("request_poisoned", "reconcile_poisoned", "cluster_event_poisoned")'
    window: 'PT15M'
  }
  {
    name: 'late'
    severity: 2
    description: 'A cluster cannot do what it was granted when the propagation window is over. `grantkeeper status` says why.'
    query: 'AppTraces | where Message has "alert=AccessLate"'
    window: 'PT15M'
  }
  {
    name: 'own-rights'
    severity: 2
    description: 'The app itself is refused what it needs: compare its roles with docs/security.md.'
    query: 'AppTraces | where Message has_any ("reason=NeedsAdministrator", "reason=ConditionNotFulfilled")'
    window: 'PT15M'
  }
  {
    name: 'no-timer'
    severity: 2
    description: 'The timer has not looked at all clusters for an hour: lost events are not made good.'
    query: 'AppTraces | where Message startswith "fleet " and Message has "oldest_unready_seconds=" | summarize Passes = count() | where Passes == 0'
    window: 'PT1H'
  }
  {
    name: 'unsettled'
    severity: 3
    description: 'A cluster has waited for more than an hour to be Ready.'
    query: 'AppTraces | where Message startswith "fleet " | extend Seconds = toint(extract("oldest_unready_seconds=([0-9]+)", 1, Message)) | where Seconds > 3600'
    window: 'PT1H'
  }
  {
    name: 'assignment-limit'
    severity: 3
    description: 'A subscription has 80 percent of the role assignments it may have. `grantkeeper orphans` lists what can go.'
    query: 'AppTraces | where Message has "alert=RoleAssignmentLimit"'
    window: 'PT1H'
  }
  {
    name: 'failing'
    severity: 3
    description: 'Functions fail.'
    query: 'AppRequests | where Success == false | summarize Failures = count() | where Failures > 20'
    window: 'PT15M'
  }
])

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-grantkeeper-${token}'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 30
    features: {
      disableLocalAuth: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-grantkeeper-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource publisherRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, principalId, metricsPublisher)
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
    description: 'Grantkeeper: its logs'
  }
}

resource alertGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: 'ag-grantkeeper-${token}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'grantkeeper'
    enabled: true
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: alertEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for each in alerts: {
  name: 'grantkeeper-${each.name}-${token}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Grantkeeper: ${each.name}'
    description: each.description
    severity: each.severity
    enabled: true
    scopes: [workspace.id]
    evaluationFrequency: 'PT15M'
    windowSize: each.window
    // The tables appear with the first log line.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: each.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: empty(alertEmail) ? [] : [alertGroup.id]
    }
  }
}]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'fleet')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Grantkeeper: the fleet'
    category: 'workbook'
    sourceId: insights.id
    serializedData: loadTextContent('fleet-workbook.json')
  }
}

output workspaceId string = workspace.id
output insightsConnection string = insights.properties.ConnectionString
output alertGroupId string = empty(alertEmail) ? '' : (alertGroup.id)
