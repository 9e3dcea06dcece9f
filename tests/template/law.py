"""What must hold of the template, whatever its parameters; each check yields what is wrong."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from grantkeeper.abac import UnknownCondition
from grantkeeper.policy_condition import verdicts
from shared import dead_letters
from shared.delegation import WRITE
from shared.policy_file import load
from shared.roles import NEVER_GRANTABLE
from tests.template.alert_law import activity_logs, unknown_assignments
from tests.template.azure_types import Types
from tests.template.deployed import Resource, at
from tests.template.event_law import events, topics
from tests.template.network_law import endpoints, zones
from tests.template.rights_law import rights
from tests.template.scope_law import groups, role_names
from tests.template.settings_law import app_settings, plan
from tests.template.variants import Variant

ROOT = Path(__file__).resolve().parents[2]

STORAGE = "Microsoft.Storage/storageAccounts"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
PUBLISHING = "Microsoft.Web/sites/basicPublishingCredentialsPolicies"

# Built-in roles that the template may assign, and below what; none but the first reaches the host's
# account (learn.microsoft.com/azure/role-based-access-control/built-in-roles).
DATA_ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": r"/storageAccounts/sthost\w+$",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": r"/storageAccounts/stwork\w+$",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": r"/storageAccounts/stwork\w+$",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": r"/stwork\w+/.*/containers/eventgrid-deadletter$",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": r"/stwork\w+/.*/queues/cluster-events$",
    "3913510d-42f4-4e42-8a64-420c390055eb": r"/Microsoft.Insights/components/[\w-]+$",
    "d5a91429-5739-47e2-a06b-3470a27159e7": r"/Microsoft.EventGrid/topics/[\w-]+$",
}
# What each type must have, so that no key, password or open door is left.
CLOSED: dict[str, dict[str, Any]] = {
    STORAGE: {
        "allowSharedKeyAccess": False,
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
    },
    "Microsoft.Insights/components": {"DisableLocalAuth": True},
    "Microsoft.OperationalInsights/workspaces": {"features.disableLocalAuth": True},
    "Microsoft.EventGrid/topics": {"disableLocalAuth": True, "minimumTlsVersionAllowed": "1.2"},
    "Microsoft.Web/sites": {
        "httpsOnly": True,
        "siteConfig.minTlsVersion": "1.2",
        "siteConfig.remoteDebuggingEnabled": False,
        "functionAppConfig.runtime.name": "python",
        "functionAppConfig.runtime.version": "3.11",
        "functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity",
    },
    PUBLISHING: {"allow": False},
}


def types(variant: Variant) -> Iterator[str]:
    """Every property is one that Azure knows, of the type and among the values that it takes."""
    read = variant.app.read | variant.events.read
    resources = [*variant.app.resources, *variant.events.resources]
    known = Types(ROOT, {each.type for each in resources} | {kind for kind, _ in read})
    for each in resources:
        yield from known.faults(each)
    for kind, path in read:
        known.check_read(kind, path)


def closed(variant: Variant) -> Iterator[str]:
    """Nothing can be opened with a key or a password, and nothing without TLS 1.2."""
    for kind, wanted in CLOSED.items():
        for each in variant.of(kind):
            for path, value in wanted.items():
                if at(each.properties, path) != value:
                    yield f"{each.origin}: {path} is not {value}"
    sites = variant.of("Microsoft.Web/sites")
    off = {each.body["name"] for each in variant.of(PUBLISHING)}
    if len(sites) != 1 or off != {"ftp", "scm"}:
        yield "publishing with a password is not off for ftp and scm"
    if len(variant.of(STORAGE)) != 2:
        yield "the host and the work do not have an account each"


def network(variant: Variant) -> Iterator[str]:
    """The accounts can be closed to the internet."""
    wanted = variant.parameters.get("storageNetworkAccess", "Enabled")
    for each in variant.of(STORAGE):
        rules = at(each.properties, "networkAcls.defaultAction")
        if each.properties.get("publicNetworkAccess") != wanted:
            yield f"{each.origin}: publicNetworkAccess is not {wanted}"
        if (rules == "Deny") != (wanted == "Disabled"):
            yield f"{each.origin}: networkAcls do not go with publicNetworkAccess"


def roles(variant: Variant) -> Iterator[str]:
    """The custom roles are those of infra/roles, assignable where they are assigned."""
    names = []
    for each in variant.of(DEFINITIONS):
        properties = each.properties
        names.append(properties["roleName"].partition(" (")[0])
        if [action for action in _actions(each) if "*" in action]:
            yield f"{each.origin}: {names[-1]} has a wildcard"
        if at(properties["permissions"][0], "dataActions") != []:
            yield f"{each.origin}: {names[-1]} has data actions"
    files = [json.loads(path.read_text()) for path in sorted((ROOT / "infra/roles").glob("*"))]
    if sorted(names) != sorted(each["roleName"] for each in files):
        yield "the custom roles deployed are not those of infra/roles"


def assignments(variant: Variant) -> Iterator[str]:
    """Each assignment gives a role that it may give, where it may, to a managed identity."""
    custom = {each.body["name"]: each for each in variant.of(DEFINITIONS)}
    grantors = []
    for each in variant.of(ASSIGNMENTS):
        role = str(each.properties.get("roleDefinitionId")).rpartition("/")[2]
        if each.properties.get("principalType") != "ServicePrincipal":
            yield f"{each.origin}: principalType is not ServicePrincipal"
        if not each.properties.get("principalId", "").endswith("principalId"):
            yield f"{each.origin}: it is not for an identity of this deployment"
        if role in DATA_ROLES:
            if not re.search(DATA_ROLES[role], each.scope):
                yield f"{each.origin}: {role} is not for {each.scope}"
        elif role not in custom:
            yield f"{each.origin}: {role} is no role that the template may assign"
        elif WRITE in _actions(custom[role]):
            grantors.append(each)
            yield from _delegation(each)
        yield from _reach(each, custom.get(role), variant)
    wanted = variant.parameters.get("grantableScopes", [])
    if variant.parameters.get("grantAnywhereManaged"):
        wanted = [f"/subscriptions/{guid}" for guid in variant.parameters["managedSubscriptions"]]
    if sorted(each.scope for each in grantors) != sorted(wanted):
        yield "the right to grant is not at exactly the scopes that are asked for"


def _delegation(assignment: Resource) -> Iterator[str]:
    """The right to write role assignments comes with the condition of policy.yaml."""
    policy = load(ROOT / "policy.yaml")
    if assignment.properties.get("conditionVersion") != "2.0":
        yield f"{assignment.origin}: conditionVersion is not 2.0"
    try:
        found = list(verdicts(assignment.properties.get("condition") or "", policy.grantable_roles))
    except UnknownCondition as error:
        yield f"{assignment.origin}: the right to grant has no condition: {error}"
        return
    for each in found:
        if not each.right:
            yield f"{assignment.origin}: its condition is wrong about {each.role}"


def _reach(assignment: Resource, custom: Resource | None, variant: Variant) -> Iterator[str]:
    """Only looking is for whole subscriptions, unless a parameter asks for more."""
    if custom is None or len(assignment.scope.split("/")) > 3:
        return
    wide = {
        "Grantkeeper grantor": "grantAnywhereManaged",
        "Grantkeeper cluster operator": "createResourceGroups",
        "Grantkeeper group creator": "createResourceGroups",
        "Grantkeeper prober": "probes",
    }
    name = custom.properties["roleName"].partition(" (")[0]
    if name != "Grantkeeper cluster reader" and not variant.parameters.get(wide.get(name, "")):
        yield f"{assignment.origin}: {name} reaches the whole of {assignment.scope}"


def _actions(definition: Resource) -> list[str]:
    return list(definition.properties["permissions"][0]["actions"])


def lifecycle(variant: Variant) -> Iterator[str]:
    """Dead letters, which have claims, are forgotten after 30 days."""
    for each in variant.of(f"{STORAGE}/managementPolicies"):
        for rule in at(each.properties, "policy.rules"):
            days = at(rule, "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan")
            names = at(rule, "definition.filters.prefixMatch")
            if rule["enabled"] and days == 30 and names == [f"{dead_letters.CONTAINER}/"]:
                return
    yield "dead letters are not forgotten after 30 days"


def names(variant: Variant) -> Iterator[str]:
    """Queues and containers are those that the code works with, in the account of the work."""
    doors = (ROOT / "function_app.py").read_text()
    queues = variant.of(f"{STORAGE}/queueServices/queues")
    if {each.body["name"] for each in queues} != set(re.findall(r'queue_name="([^"]+)"', doors)):
        yield "the queues are not those of function_app.py"
    containers = variant.of(f"{STORAGE}/blobServices/containers")
    if dead_letters.CONTAINER not in {each.body["name"] for each in containers}:
        yield "there is no container for dead letters"
    if [each.id for each in queues if "/storageAccounts/stwork" not in each.id]:
        yield "queues are not in the account of the work"


def sources(infra: Path) -> Iterator[str]:
    """No file names a role that could do everything, or asks for a key."""
    for path in [*infra.glob("*.bicep"), *infra.glob("app/*"), *infra.glob("roles/*")]:
        text = path.read_text().lower()
        for name, guid in NEVER_GRANTABLE.items():
            if guid in text:
                yield f"{path.name}: it names {name}"
        for word in ("listkeys", "accountkey", "@secure", "sharedaccess"):
            if word in text:
                yield f"{path.name}: it has to do with a secret: {word}"


LAWS: tuple[Callable[[Variant], Iterator[str]], ...] = (
    types,
    closed,
    network,
    roles,
    rights,
    assignments,
    events,
    topics,
    lifecycle,
    names,
    groups,
    role_names,
    app_settings,
    plan,
    endpoints,
    zones,
    activity_logs,
    unknown_assignments,
)
