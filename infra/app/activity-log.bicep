// A copy of a subscription's activity log, for the alert on what the app's identity does past the app.
targetScope = 'subscription'

param token string
param workspaceId string

resource export 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'grantkeeper-${token}'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'Administrative'
        enabled: true
      }
    ]
  }
}
