"""A doctor's look at the app's identity: the roles it needs, and nothing that makes it dangerous.

Judged by what its roles allow, not by their names: docs/security.md lists what is needed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from grantkeeper import abac
from grantkeeper.checkup import Check, judged
from grantkeeper.policy_condition import verdicts
from shared.arm import Arm
from shared.delegation import DELETE, WRITE, condition
from shared.model import Assignment
from shared.permissions import Permissions, RoleDefinition, lacking
from shared.policy import Policy
from shared.roles import role_name
from shared.scope_pattern import MANAGED, parse_scope_pattern

READS = (
    "Microsoft.ContainerService/managedClusters/read",
    "Microsoft.Authorization/roleAssignments/read",
    "Microsoft.Authorization/roleDefinitions/read",
    "Microsoft.Authorization/denyAssignments/read",
    "Microsoft.Authorization/locks/read",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/virtualNetworks/subnets/read",
    "Microsoft.Network/applicationGateways/read",
    "Microsoft.ContainerRegistry/registries/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
)
_CREATE = "Microsoft.ContainerService/managedClusters/write"
_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups/write"
_PROBE = "Microsoft.ContainerService/managedClusters/runCommand/action"
# Of no role that the app needs, but of the wide ones: Contributor; Owner and its like.
_ANYTHING = (
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Authorization/roleDefinitions/write",
)
_GUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SUBSCRIPTION = re.compile("/subscriptions/([^/]+)(?:/(.+))?", re.IGNORECASE)
_SECURITY = "docs/security.md has what the app's identity needs"


@dataclass(frozen=True, slots=True)
class Held:
    """A role that the app's identity has at a scope."""

    assignment: Assignment
    definition: RoleDefinition

    @property
    def scope(self) -> str:
        """Where; the tenant root is `/`."""
        return self.assignment.scope

    def allows(self, action: str) -> bool:
        """Whether the role allows this action."""
        return not lacking(self.definition, Permissions(actions=(action,)))

    def told(self) -> str:
        """For people."""
        return f"{self.definition.name} at {self.scope}"


def held(azure: Arm, principal: str, subscriptions: Iterable[str]) -> tuple[Held, ...]:
    """All roles of a principal at, above and below these subscriptions, each once; a role whose
    definition is gone gives nothing. Raises `Failure`."""
    found: dict[str, Held] = {}
    definitions: dict[str, RoleDefinition | None] = {}
    for subscription in subscriptions:
        for each in azure.assignments(subscription, principal):
            if each.role not in definitions:
                definitions[each.role] = azure.role_definition(subscription, each.role)
            if definition := definitions[each.role]:
                found[each.id.lower()] = Held(each, definition)
    return tuple(found.values())


def checks(roles: tuple[Held, ...], policy: Policy, managed: tuple[str, ...]) -> Iterator[Check]:
    """What the roles come to, beside what policy needs."""
    yield _looking(roles, managed)
    writers = [each for each in roles if each.allows(WRITE)]
    if policy.grantable:
        yield _granting(writers, policy, managed)
    if writers:
        yield _conditions(writers, policy)
        yield from _revoking(writers, policy)
    if policy.profiles:
        yield _creating(roles, policy)
    yield from _probing(roles, policy)
    wide = [each.told() for each in roles if any(map(each.allows, _ANYTHING))]
    yield judged("identity: no more", wide, f"take it away; {_SECURITY}", "nothing wide", "warn")


def reaches(scope: str, pattern: str, managed: tuple[str, ...]) -> bool:
    """Whether a role at `scope` works somewhere that the pattern (of `grantable`) names: the scope
    is above what the pattern matches, or it is that, or it lies below."""
    inside = _SUBSCRIPTION.fullmatch(scope)
    if not inside:
        return True  # a management group, or the root
    wanted = parse_scope_pattern(pattern)
    named = managed if wanted.subscription_id == MANAGED else (wanted.subscription_id,)
    if inside[1].lower() not in named:
        return False
    segments = (inside[2] or "").lower().split("/") if inside[2] else []
    return all(fnmatchcase(*pair) for pair in zip(segments, wanted.segments, strict=False))


def _looking(roles: tuple[Held, ...], managed: tuple[str, ...]) -> Check:
    faults = []
    for each in managed:
        here = [role for role in roles if _is_above(role.scope, each)]
        missing = [read for read in READS if not any(role.allows(read) for role in here)]
        if missing:
            faults.append(f"at /subscriptions/{each} it lacks {', '.join(missing)}")
    remedy = f"assign the role of infra/roles/cluster-reader.json there; {_SECURITY}"
    return judged("identity: looking", faults, remedy, f"may read {len(managed)} subscriptions")


def _granting(writers: list[Held], policy: Policy, managed: tuple[str, ...]) -> Check:
    patterns = [pattern for entry in policy.grantable for pattern in entry.scopes]
    faults = [
        f"nothing lets it grant at {pattern}"
        for pattern in dict.fromkeys(patterns)
        if not any(reaches(each.scope, pattern, managed) for each in writers)
    ]
    remedy = (
        "assign the role of infra/roles/grantor.json, with the condition that "
        "`python -m grantkeeper policy condition` prints, where grants are to be made"
    )
    where = ", ".join(each.scope for each in writers)
    return judged("identity: granting", faults, remedy, f"at {where}")


def _conditions(writers: list[Held], policy: Policy) -> Check:
    faults = [fault for each in writers for fault in _condition_faults(each, policy)]
    remedy = (
        "give the assignment the condition (version 2.0) that "
        "`python -m grantkeeper policy condition` prints"
    )
    return judged("identity: condition", faults, remedy, "lets through what policy allows, no more")


def _condition_faults(writer: Held, policy: Policy) -> Iterator[str]:
    """What a condition lets through too much or too little."""
    text, roles = writer.assignment.condition, policy.grantable_roles
    if not text:
        yield f"{writer.told()} has no condition: it may grant any role, Owner too"
        return
    if text == condition(roles):
        return
    try:
        for each in verdicts(text, roles):
            if not each.right:
                wrong = "does not let through" if each.should else "lets through"
                yield f"{writer.told()} {wrong} {role_name(each.role)} for {each.principal_type}"
        named = {guid.lower() for guid in _GUID.findall(text)} - set(roles)
        for role in sorted(named):
            request = {"RoleDefinitionId": role, "PrincipalType": "ServicePrincipal"}
            if abac.allows(text, WRITE, request=request, resource={}):
                yield f"{writer.told()} lets through {role_name(role)}, which policy does not list"
    except abac.UnknownCondition as error:
        yield f"{writer.told()} has a condition that cannot be judged: {error}"


def _revoking(writers: list[Held], policy: Policy) -> Iterator[Check]:
    """The template gives the right to delete by the policy of its day, so both can be."""
    deploy = "deploy the roles of this policy: azd provision app --no-state"
    may = [each.scope for each in writers if each.allows(DELETE)]
    may_not = [each.scope for each in writers if each.scope not in may]
    if policy.cleanup == "delete" and may_not:
        told = f"policy says cleanup: delete, and it may not delete at {', '.join(may_not)}"
        yield Check("identity: revoking", "warn", told, deploy)
    elif policy.cleanup != "delete" and may:
        told = f"it may delete role assignments at {', '.join(may)}, and policy does not need it"
        yield Check("identity: revoking", "warn", told, deploy)


def _creating(roles: tuple[Held, ...], policy: Policy) -> Check:
    faults = []
    where = [each.scope for each in roles if each.allows(_CREATE)]
    if not where:
        faults.append("it may create clusters nowhere, though policy has profiles")
    if any(each.create_resource_group for each in policy.profiles.values()) and not any(
        each.allows(_GROUPS) for each in roles
    ):
        faults.append("it may make no resource group, though a profile has createResourceGroup")
    remedy = (
        "assign the roles of infra/roles/cluster-operator.json, and group-creator.json, where "
        "clusters are requested"
    )
    return judged("identity: creating", faults, remedy, f"clusters at {', '.join(where)}", "warn")


def _probing(roles: tuple[Held, ...], policy: Policy) -> Iterator[Check]:
    may = any(each.allows(_PROBE) for each in roles)
    if probes(policy) and not may:
        yield Check(
            "identity: probing",
            "warn",
            "it may not run commands in clusters: grants wait for the end of the window",
            "assign the role of infra/roles/prober.json, or set verify: read",
        )
    elif may and not probes(policy):
        yield Check(
            "identity: probing",
            "warn",
            "it may run commands in clusters, and so anything in them, and policy does not need it",
            "take the right away",
        )


def probes(policy: Policy) -> bool:
    """Whether any grant may be verified by a command in a cluster."""
    declared = [*policy.grants, *(g for each in policy.profiles.values() for g in each.grants)]
    said = [
        policy.propagation.verify,
        *policy.propagation.verify_rules.values(),
        *(each.verify for each in policy.profiles.values()),
        *(each.verify for each in declared),
    ]
    return any(each not in (None, "read") for each in said)


def _is_above(scope: str, subscription: str) -> bool:
    inside = _SUBSCRIPTION.fullmatch(scope)
    return not inside or (inside[1].lower() == subscription and not inside[2])
