"""What our identity does past the app is an alert: its parts go together."""

from collections.abc import Iterator

from tests.template.deployed import Resource
from tests.template.variants import ROOT, Variant

QUERY = ROOT / "infra/app/unknown-assignments.kql"
RULES = "Microsoft.Insights/scheduledQueryRules"
SETTINGS = "Microsoft.Insights/diagnosticSettings"
PLACEHOLDER = "GRANTKEEPER_PRINCIPAL_ID"


def query_of(rule: Resource) -> str:
    """What a rule asks."""
    return str(rule.properties["criteria"]["allOf"][0]["query"])


def activity_logs(variant: Variant) -> Iterator[str]:
    """The activity log of each subscription where the app may grant comes to the workspace."""
    workspaces = [each.id for each in variant.of("Microsoft.OperationalInsights/workspaces")]
    wanted = {f"/subscriptions/{guid}" for guid in variant.parameters["managedSubscriptions"]}
    if not variant.parameters.get("grantAnywhereManaged"):
        scopes = variant.parameters.get("grantableScopes", [])
        wanted |= {"/".join(scope.split("/")[:3]) for scope in scopes}
    found = variant.of(SETTINGS)
    if sorted(each.scope for each in found) != sorted(wanted):
        yield "the activity logs are not those of the subscriptions where the app may grant"
    for each in found:
        if each.properties.get("logs") != [{"category": "Administrative", "enabled": True}]:
            yield f"{each.origin}: it is not the category Administrative, or not alone"
        if [each.properties.get("workspaceId")] != workspaces:
            yield f"{each.origin}: it does not lead to the workspace that is asked"


def unknown_assignments(variant: Variant) -> Iterator[str]:
    """There is one rule for it, which asks about the app's identity, each time and in time."""
    (identity,) = variant.of("Microsoft.ManagedIdentity/userAssignedIdentities")
    rules = [each for each in variant.of(RULES) if "AzureActivity" in query_of(each)]
    if len(rules) != 1:
        yield "there is no alert on role assignments that the app did not announce"
    for each in rules:
        principal = f"{identity.id}:properties.principalId"
        if query_of(each) != QUERY.read_text().replace(PLACEHOLDER, principal):
            yield f"{each.origin}: it does not ask for what the app's identity did"
        if (each.properties["windowSize"], each.properties["evaluationFrequency"]) != (
            *("PT3H", "PT15M"),
        ):
            yield f"{each.origin}: its times are not those of its query"
        if each.properties["enabled"] is not True or each.properties["scopes"] != [
            one.id for one in variant.of("Microsoft.OperationalInsights/workspaces")
        ]:
            yield f"{each.origin}: it is not asked, or not of the workspace"
