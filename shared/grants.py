"""RULES: which roles a cluster's identities need, at which scope, and why (pure).

Each rule reads the cluster and yields needs; add one by writing a function and naming it in
`RULES`. Sources of the rules: learn.microsoft.com/azure/aks/aks-service-permissions and
learn.microsoft.com/azure/aks/static-ip.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.model import ADDON, CONTROL_PLANE, Cluster, Grant
from shared.policy import Policy
from shared.resource_id import ClusterId, InvalidId, parse_scope
from shared.roles import NETWORK_CONTRIBUTOR, role_guid

# The namespace of our assignment names; it must never change, or every name would.
_NAMES = uuid.UUID("6b1c7a52-5f0e-4a53-9a55-0c3f5a8f2d11")


@dataclass(frozen=True, slots=True)
class Need:
    """An identity needs a role (GUID) at a scope (an id as the cluster spells it)."""

    identity: str
    role: str
    scope: str
    because: str


def node_subnets(cluster: Cluster) -> Iterator[Need]:
    """Nodes and load balancers join the subnet of their pool."""
    for pool in cluster.pools:
        if pool.vnet_subnet_id:
            yield Need(CONTROL_PLANE, NETWORK_CONTRIBUTOR, pool.vnet_subnet_id, "node subnet")


def pod_subnets(cluster: Cluster) -> Iterator[Need]:
    """With dynamic pod addresses, pods take theirs from a subnet of their own."""
    for pool in cluster.pools:
        if pool.pod_subnet_id:
            yield Need(CONTROL_PLANE, NETWORK_CONTRIBUTOR, pool.pod_subnet_id, "pod subnet")


def outbound_ips(cluster: Cluster) -> Iterator[Need]:
    """Without the right to join its own outbound IPs no LoadBalancer service works (AKS#1945)."""
    for address in cluster.outbound_ip_ids:
        yield Need(CONTROL_PLANE, NETWORK_CONTRIBUTOR, address, "outbound IP")


RULES: tuple[Callable[[Cluster], Iterator[Need]], ...] = (node_subnets, pod_subnets, outbound_ips)


def wanted(
    cluster: Cluster, cluster_id: ClusterId, policy: Policy, managed: tuple[str, ...]
) -> tuple[Grant, ...]:
    """All grants the cluster needs: inferred and declared, each once, with policy's verdict.

    Nothing is wanted in the node resource group: AKS sees to it, and may lock it
    (learn.microsoft.com/azure/aks/node-resource-group-lockdown).
    """
    found: dict[tuple[str, str, str], Grant] = {}
    for need in [*_inferred(cluster), *_declared(cluster, cluster_id, policy)]:
        grant = _judged(need, cluster, policy, managed)
        if grant is not None:
            found.setdefault((grant.identity, grant.role, grant.scope.lower()), grant)
    return tuple(found.values())


def assignment_name(grant: Grant) -> str:
    """The name of the grant's role assignment: the same for the same scope, principal and role.

    The principal is part of it, since a cluster made again under the same name has another one
    and a name cannot change its principal (RoleAssignmentUpdateNotPermitted, learn.microsoft.com/
    azure/role-based-access-control/troubleshooting).
    """
    seed = f"{grant.scope}|{grant.principal_id}|{grant.role}".lower()
    return str(uuid.uuid5(_NAMES, seed))


def _inferred(cluster: Cluster) -> Iterator[Need]:
    for rule in RULES:
        yield from rule(cluster)


def _declared(cluster: Cluster, cluster_id: ClusterId, policy: Policy) -> Iterator[Need]:
    for declared in policy.grants:
        identity = declared.identity
        if identity.startswith(ADDON):
            identity = identity.lower()
            if identity not in cluster.principals:
                continue  # the add-on is off, or has no identity
        scope = declared.scope_for(cluster_id)
        yield Need(identity, role_guid(declared.role), scope, declared.because)


def _judged(need: Need, cluster: Cluster, policy: Policy, managed: tuple[str, ...]) -> Grant | None:
    principal = cluster.principals.get(need.identity, "")
    try:
        scope = parse_scope(need.scope)
    except InvalidId:
        return Grant(need.identity, principal, need.role, need.scope, need.because, "InvalidScope")
    if scope.resource_group.lower() == cluster.node_resource_group.lower():
        return None
    refused = policy.refusal(need.role, scope, managed)
    return Grant(need.identity, principal, need.role, str(scope), need.because, refused)
