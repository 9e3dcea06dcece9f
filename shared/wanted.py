"""All grants a cluster needs: inferred and declared, each once, with the verdict on it (pure)."""

import shlex
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from shared import roles
from shared.declared import Verify
from shared.document import Found
from shared.grants import RULES
from shared.model import ADDON, Cluster, Denial, Grant
from shared.pointers import Related
from shared.policy import Policy
from shared.resource_id import ClusterId, InvalidId, ResourceGroupId, Scope, parse_scope

# The namespace of our assignment names; it must never change, or every name would.
_NAMES = uuid.UUID("6b1c7a52-5f0e-4a53-9a55-0c3f5a8f2d11")
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_MOST = 250  # grants of a cluster; more do not fit a table's row
_ABAC_MODE = "AbacRepositoryPermissions"
_PULL = {roles.ACR_PULL, roles.REPOSITORY_READER}

INVALID_SCOPE = "InvalidScope"


@dataclass(frozen=True, slots=True)
class _Need:
    """An identity needs a role (GUID) at a scope, as it was found."""

    identity: str
    role: str
    scope: Found
    because: str
    declared: bool = False
    rule: str = ""
    verify: Verify = "read"


def wanted(
    cluster: Cluster,
    cluster_id: ClusterId,
    profile: str,
    policy: Policy,
    managed: tuple[str, ...],
    related: Related,
    denials: tuple[Denial, ...] = (),
) -> tuple[Grant, ...]:
    """The grants that policy allows, and those it refuses, which say why.

    `profile` is the one the cluster was made from, if we made it; `related` says what is known of
    a resource, `denials` what was refused lately. Nothing is wanted without a managed identity, and
    nothing in the node resource group: AKS sees to it, and may lock it (learn.microsoft.com/azure/
    aks/node-resource-group-lockdown).
    """
    if not cluster.has_managed_identity:
        return ()
    declared = list(_declared(cluster, cluster_id, profile, policy))
    pairs = {(need.identity, need.role) for need in declared}
    found: dict[tuple[str, str, str], Grant] = {}
    needs = [*_inferred(cluster, profile, policy, related), *declared]
    for need in [*needs, *_learned(denials, profile, policy)]:
        grant = _judged(need, cluster, cluster_id, policy, managed, related)
        if grant is None:
            continue
        is_id = need.declared or need.scope.text.startswith("/")
        if grant.refused == INVALID_SCOPE and not is_id and (need.identity, need.role) in pairs:
            continue  # the cluster names no id, but the operator has declared one
        found.setdefault((grant.identity, grant.role, grant.scope.lower()), grant)
    if len(found) > _MOST:
        cluster.body.at("properties").fault(
            f"needs {len(found)} roles, of which only {_MOST} are looked after"
        )
    return tuple(found.values())[:_MOST]


def assignment_name(grant: Grant) -> str:
    """The name of the grant's role assignment: the same for the same scope, principal and role.

    The principal is part of it, since a cluster made again under the same name has another one
    and a name cannot change its principal (RoleAssignmentUpdateNotPermitted, learn.microsoft.com/
    azure/role-based-access-control/troubleshooting).
    """
    seed = f"{grant.scope}|{grant.principal_id}|{grant.role}".lower()
    return str(uuid.uuid5(_NAMES, seed))


def is_of_aks(scope: Scope, cluster: Cluster, cluster_id: ClusterId) -> bool:
    """Whether the scope is, or is in, the node resource group, which AKS itself sees to."""
    return (
        scope.subscription_id == cluster_id.subscription_id
        and scope.resource_group.lower() == cluster.node_resource_group.lower()
    )


def assignment_id(grant: Grant) -> str:
    """The id of the grant's role assignment, whether it is written yet or not."""
    scope = parse_scope(grant.scope)
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{assignment_name(grant)}"


def remedy(grant: Grant) -> str:
    """What an administrator can do about a grant that is refused, or an empty text when the
    principal is not known yet."""
    if grant.refused == INVALID_SCOPE:
        return f"{grant.source} names no scope; declare the grant in policy.yaml's `grants`"
    if not grant.principal_id:
        return ""
    return assign_line(grant.principal_id, grant.role, grant.scope)


def assign_line(principal: str, role: str, scope: str) -> str:
    """The line by which an administrator gives a role; `principal` as a shell is to read it."""
    return (
        f"az role assignment create --assignee-object-id {principal} "
        f"--assignee-principal-type ServicePrincipal --role {role} "
        f"--scope {shlex.quote(scope)}"
    )


def _inferred(cluster: Cluster, profile: str, policy: Policy, related: Related) -> Iterator[_Need]:
    for rule in RULES:
        role = policy.role_for(rule.name, rule.role)
        for scope in rule.scopes(cluster, related):
            verify = policy.verify_for(profile, rule.name)
            yield _Need(rule.identity, role, scope, rule.because, rule=rule.name, verify=verify)


def _declared(
    cluster: Cluster, cluster_id: ClusterId, profile: str, policy: Policy
) -> Iterator[_Need]:
    for declared, place in policy.declared(cluster_id, cluster.location, cluster.tags, profile):
        identity = declared.identity
        if identity.startswith(ADDON):
            identity = identity.lower()
            if identity not in cluster.principals:
                continue  # the add-on is off, or has no identity
        scope = Found(declared.scope_for(cluster_id, cluster.location), place)
        verify = policy.verify_for(profile, declared=declared.verify)
        role = roles.role_guid(declared.role)
        yield _Need(identity, role, scope, declared.because, True, verify=verify)


def _learned(denials: tuple[Denial, ...], profile: str, policy: Policy) -> Iterator[_Need]:
    """What a 403 says is missing, where policy has a role for it and lets denials teach."""
    for denial in denials if policy.propagation.learn else ():
        if denial.role:
            scope = Found(denial.scope, f"learned from {denial.source}")
            verify = policy.verify_for(profile)
            yield _Need(denial.identity, denial.role, scope, denial.action, verify=verify)


def _judged(
    need: _Need,
    cluster: Cluster,
    cluster_id: ClusterId,
    policy: Policy,
    managed: tuple[str, ...],
    related: Related,
) -> Grant | None:
    """The need as a grant; None when nothing is to be done about it, or not now."""
    principal = cluster.principals.get(need.identity, "")
    source = need.scope.path
    try:
        scope = parse_scope(need.scope.text)
    except InvalidId:
        text = ascii(need.scope.text[:200])
        return Grant(
            need.identity, principal, need.role, text, need.because, INVALID_SCOPE, source
        )  # fmt: skip
    if is_of_aks(scope, cluster, cluster_id):
        return None
    role = _honoured(need.role, scope, related)
    if role is None:
        return None  # how the registry grants cannot be read now; the next look may tell
    refused = policy.refusal(role, scope, managed)
    return Grant(
        need.identity,
        principal,
        role,
        str(scope),
        need.because,
        refused,
        source,
        need.rule,
        need.verify,
    )


def _honoured(role: str, scope: Scope, related: Related) -> str | None:
    """The role that the resource honours: to pull from it, a registry in ABAC mode ignores AcrPull,
    and one that is not ignores the other (learn.microsoft.com/azure/container-registry/
    container-registry-rbac-abac-repository-permissions). None when its mode cannot be read now."""
    if role not in _PULL or isinstance(scope, ResourceGroupId) or scope.type != _REGISTRY:
        return role
    known = related(scope)
    if known is None:
        return None
    modes = known.get("roleAssignmentMode", ())
    if not modes:
        return role  # the registry is not there, or knows no modes
    return roles.REPOSITORY_READER if _ABAC_MODE in modes else roles.ACR_PULL
