"""What a 403 teaches: which of the cluster's identities misses which action, and where (pure but
for the role definitions it asks for).

The texts come from inside the cluster, or from Azure about it: whoever controls the cluster may
have written them. So they are believed only about the cluster's own identities, and what they lead
to is a role that policy allows at that scope anyway, or a line for an administrator.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from shared.denials import all_missing
from shared.errors import Failure
from shared.held import Definition
from shared.model import Cluster, Denial, Progress, Record
from shared.permissions import Permissions, at_least, danger, lacking
from shared.policy import Policy
from shared.resource_id import (
    ClusterId,
    InvalidId,
    Scope,
    covers,
    parse_cluster_id,
    parse_scope,
)
from shared.wanted import is_of_aks

_MOST = 10  # of one cluster; a flood of new ones pushes out none that is known
_LIFE = 2  # times the look at what is blocked; Kubernetes keeps events for an hour


def heard(
    known: tuple[Denial, ...],
    texts: Iterable[str],
    principals: Mapping[str, str],
    source: str,
    now: datetime,
) -> tuple[Denial, ...]:
    """The denials `known`, with those that `texts` tell of the cluster's own identities.

    `principals` maps an identity's name to its object id; `source` is where the texts are from.
    """
    names = {principal: identity for identity, principal in principals.items()}
    found = {_key(denial): denial for denial in known}
    for text in texts:
        for missing in all_missing(text):
            if missing.principal in names:
                new = Denial(names[missing.principal], missing.action, missing.scope, source, now)
                before = found.get(_key(new))
                if before or len(found) < _MOST:
                    found[_key(new)] = replace(new, role=before.role) if before else new
    return tuple(found.values())


def unanswered(
    denials: tuple[Denial, ...],
    record: Record,
    cluster: Cluster,
    policy: Policy,
    managed: tuple[str, ...],
    definition: Definition,
    now: datetime,
) -> tuple[Denial, ...]:
    """The denials that no grant of the record answers, each with the role that would; those not
    heard again for a while are forgotten, unless they have led to a grant."""
    kept = []
    cluster_id = parse_cluster_id(record.cluster_id)
    for denial in denials:
        scope = _scope(denial, cluster, cluster_id)
        stays = policy.propagation.learn and denial.role
        if denial.identity not in cluster.principals or scope is None:
            continue
        if not stays and now >= forgotten_at(denial, policy):
            continue
        try:
            if stays or not _is_answered(denial, scope, record.grants, definition):
                role = _least_role(denial, scope, policy, managed, definition)
                kept.append(replace(denial, role=role))
        except Failure:  # a role cannot be read now
            kept.append(denial)
    return tuple(kept)


def forgotten_at(denial: Denial, policy: Policy) -> datetime:
    """When a denial that is not heard again, and has led to no grant, is forgotten."""
    return denial.at + _LIFE * policy.looks.blocked


def _scope(denial: Denial, cluster: Cluster, cluster_id: ClusterId) -> Scope | None:
    """Where the action is missing; None where no role of ours could help: above a resource group,
    or in the node resource group, which is AKS's own."""
    try:
        scope = parse_scope(denial.scope)
    except InvalidId:
        return None
    return None if is_of_aks(scope, cluster, cluster_id) else scope


def _is_answered(
    denial: Denial, scope: Scope, grants: tuple[Progress, ...], definition: Definition
) -> bool:
    """Whether a grant that is written gives the action there: then it only has to take effect."""
    return any(
        p.written_at
        and p.grant.identity == denial.identity
        and covers(p.grant.scope, scope)
        and (found := definition(p.grant.role, scope.subscription_id))
        and not lacking(found, Permissions((denial.action,)))
        for p in grants
    )


def _least_role(
    denial: Denial,
    scope: Scope,
    policy: Policy,
    managed: tuple[str, ...],
    definition: Definition,
) -> str:
    """The GUID of the role that gives the action and least besides, of those that policy allows at
    the scope; empty when there is none."""
    found = [
        role
        for guid in policy.grantable_roles
        if not policy.refusal(guid, scope, managed)
        and (role := definition(guid, scope.subscription_id))
        and not lacking(role, Permissions((denial.action,)))
        and not danger(role, policy.data_actions(guid))
    ]
    if not found:
        return ""
    return min(
        found, key=lambda role: (sum(at_least(role, each) for each in found), role.role)
    ).role


def _key(denial: Denial) -> tuple[str, str, str]:
    return (denial.identity, denial.action.lower(), denial.scope.lower())
