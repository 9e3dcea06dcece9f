"""The rights: custom roles as in infra/roles, with no more than policy has a use for, and roles of
any kind only where they may be, for identities of the deployment."""

import json
import re
from collections.abc import Iterator

from grantkeeper.abac import UnknownCondition
from grantkeeper.policy_condition import verdicts
from shared.delegation import DELETE, WRITE
from shared.policy_file import load
from tests.template.deployed import Resource, at
from tests.template.variants import ROOT, Variant

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
DEFINITIONS = "Microsoft.Authorization/roleDefinitions"

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
# The parameter that asks for a role in whole subscriptions; looking is always for them.
LOOKING = "Grantkeeper cluster reader"
WIDE = {
    "Grantkeeper grantor": "grantAnywhereManaged",
    "Grantkeeper cluster operator": "createResourceGroups",
    "Grantkeeper group creator": "createResourceGroups",
    "Grantkeeper prober": "probes",
}


def roles(variant: Variant) -> Iterator[str]:
    """The custom roles are those of infra/roles, and have single actions."""
    deployed = variant.of(DEFINITIONS)
    for each in deployed:
        if [action for action in _actions(each) if "*" in action]:
            yield f"{each.origin}: {_name(each)} has a wildcard"
        if at(each.properties["permissions"][0], "dataActions") != []:
            yield f"{each.origin}: {_name(each)} has data actions"
    if sorted(map(_name, deployed)) != sorted(_files()):
        yield "the custom roles deployed are not those of infra/roles"


def rights(variant: Variant) -> Iterator[str]:
    """A role has the actions of its file; the one to delete role assignments only where policy
    says `cleanup: delete`."""
    wanted = _files()
    needless = set() if load(variant.policy).cleanup == "delete" else {DELETE}
    for each in variant.of(DEFINITIONS):
        name, found = _name(each), _actions(each)
        if found & needless:
            yield f"{each.origin}: {name} may delete role assignments, and policy does not clean up"
        if found != wanted.get(name, found) - needless:
            yield f"{each.origin}: {name} has other rights than infra/roles and policy give it"


def assignments(variant: Variant) -> Iterator[str]:
    """Each assignment gives a role that it may give, where it may, to a managed identity."""
    custom = {each.body["name"]: each for each in variant.of(DEFINITIONS)}
    for each in variant.of(ASSIGNMENTS):
        role = role_of(each)
        if each.properties.get("principalType") != "ServicePrincipal":
            yield f"{each.origin}: principalType is not ServicePrincipal"
        if not each.properties.get("principalId", "").endswith("principalId"):
            yield f"{each.origin}: it is not for an identity of this deployment"
        if role in custom:
            yield from _reach(each, custom[role], variant)
        elif role not in DATA_ROLES:
            yield f"{each.origin}: {role} is no role that the template may assign"
        elif not re.search(DATA_ROLES[role], each.scope):
            yield f"{each.origin}: {role} is not for {each.scope}"


def delegation(variant: Variant) -> Iterator[str]:
    """The right to write role assignments is where it is asked for, with the condition of
    policy.yaml."""
    mighty = {each.body["name"] for each in variant.of(DEFINITIONS) if WRITE in _actions(each)}
    found = [each for each in variant.of(ASSIGNMENTS) if role_of(each) in mighty]
    policy = load(variant.policy)
    for each in found:
        if each.properties.get("conditionVersion") != "2.0":
            yield f"{each.origin}: conditionVersion is not 2.0"
        condition = each.properties.get("condition") or ""
        try:
            wrong = [one for one in verdicts(condition, policy.grantable_roles) if not one.right]
        except UnknownCondition as error:
            yield f"{each.origin}: the right to grant has no condition: {error}"
            continue
        yield from (f"{each.origin}: its condition is wrong about {one.role}" for one in wrong)
    wanted = variant.parameters.get("grantableScopes", [])
    if variant.parameters.get("grantAnywhereManaged"):
        wanted = [f"/subscriptions/{guid}" for guid in variant.parameters["managedSubscriptions"]]
    if sorted(each.scope for each in found) != sorted(wanted):
        yield "the right to grant is not at exactly the scopes that are asked for"


def role_of(assignment: Resource) -> str:
    """The GUID of the role that is assigned."""
    return str(assignment.properties.get("roleDefinitionId")).rpartition("/")[2]


def _reach(assignment: Resource, custom: Resource, variant: Variant) -> Iterator[str]:
    """A custom role is assignable there; in a whole subscription is only that of looking, unless a
    parameter asks for more."""
    name, subscription = _name(custom), "/".join(assignment.scope.split("/")[:3])
    if subscription not in custom.properties["assignableScopes"]:
        yield f"{assignment.origin}: {name} is not assignable in {subscription}"
    asked = name == LOOKING or variant.parameters.get(WIDE.get(name, ""))
    if assignment.scope == subscription and not asked:
        yield f"{assignment.origin}: {name} reaches the whole of {subscription}"


def _files() -> dict[str, set[str]]:
    """The actions of each role of infra/roles, by the role's name."""
    files = (json.loads(path.read_text()) for path in (ROOT / "infra/roles").glob("*.json"))
    return {each["roleName"]: set(each["actions"]) for each in files}


def _name(definition: Resource) -> str:
    """A role's name without that of the environment."""
    return str(definition.properties["roleName"]).partition(" (")[0]


def _actions(definition: Resource) -> set[str]:
    return set(definition.properties["permissions"][0]["actions"])
