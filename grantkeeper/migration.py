"""From a service principal to managed identity: the order, and the grants needed on the way (pure).

Sources: learn.microsoft.com/azure/aks/ use-managed-identity, system-assigned-managed-identity
(update-cluster considerations, limitations), managed-identity-overview, update-credentials and
node-images. The control plane changes at once and its grants must work by then, so it gets an
identity that is granted before; a node keeps the service principal until its image is upgraded, so
the kubelet's grants have time.
"""

import shlex
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from grantkeeper.explanation import Explained, Step
from shared.model import ADDON, CONTROL_PLANE, Cluster
from shared.resource_id import ClusterId
from shared.wanted import INVALID_SCOPE, assign_line


def as_managed(cluster: Cluster) -> Cluster:
    """The cluster as it would be with managed identity; the identities of its control plane and
    kubelet are not there yet."""
    added = {name: who for name, who in cluster.principals.items() if name.startswith(ADDON)}
    return replace(cluster, identity_type="UserAssigned", service_principal="msi", principals=added)


def expiry_line(client_id: str) -> str:
    """How to find out when a service principal's credentials end."""
    return f'az ad app credential list --id {shlex.quote(client_id)} --query "[].endDateTime"'


def steps(cluster: Cluster, where: ClusterId, grants: Iterable[Explained]) -> tuple[Step, ...]:
    """The order, for a `cluster` that is on a service principal and would need the `grants`."""
    return tuple(_steps(cluster, where, list(grants)))


def _steps(cluster: Cluster, where: ClusterId, grants: list[Explained]) -> Iterator[Step]:
    names = f"-g {shlex.quote(where.resource_group)} -n {shlex.quote(where.name)}"
    names += f" --subscription {where.subscription_id}"
    control_plane = [each for each in grants if each.identity == CONTROL_PLANE]
    others = [each for each in grants if each.identity != CONTROL_PLANE]
    yield Step(
        "See how long there is: when the service principal's credentials end",
        (expiry_line(cluster.service_principal),),
    )
    yield Step(
        "Make an identity for the control plane, and grant it what it needs before it is used",
        (
            f"identity=$(az identity create -g {shlex.quote(where.resource_group)} "
            f"-n {shlex.quote(where.name)} --subscription {where.subscription_id} "
            "--query id -o tsv)",
            'principal=$(az identity show --ids "$identity" --query principalId -o tsv)',
            *map(_line, control_plane),
        ),
    )
    yield Step("Wait until these work: 60 minutes at most", ())
    yield Step(
        "Switch the cluster; there is no way back to a service principal. The control plane may "
        "use the old one for hours yet, so leave its roles alone",
        (f'az aks update {names} --enable-managed-identity --assign-identity "$identity"',),
    )
    yield Step(_follow(others), (f"python -m grantkeeper watch {shlex.quote(str(where))}",))
    yield Step(
        "Move the nodes: the kubelet of each uses the service principal until its image is "
        "upgraded, which needs a newer image to be there (Linux: weekly)",
        tuple(
            f"az aks nodepool upgrade -g {shlex.quote(where.resource_group)} "
            f"--cluster-name {shlex.quote(where.name)} --subscription {where.subscription_id} "
            f"-n {shlex.quote(pool)} --node-image-only"
            for pool in _pools(cluster)
        ),
    )
    yield Step(
        "See that all holds, and what the service principal still has; a day later it can go",
        (
            f"python -m grantkeeper verify {shlex.quote(str(where))}",
            f"az role assignment list --all --assignee {shlex.quote(cluster.service_principal)}",
        ),
    )


def _follow(grants: list[Explained]) -> str:
    text = "The app grants the kubelet and the add-ons when their identities appear; wait for Ready"
    if not grants:
        return text
    listed = "; ".join(
        f"{each.identity}: {each.role_name} at {each.scope}"
        f"{f' (refused: {each.reason})' if each.reason else ''}"
        for each in grants
    )
    return f"{text} ({listed})"


def _line(grant: Explained) -> str:
    if grant.reason == INVALID_SCOPE:
        return f"# {grant.because}: {grant.source} names no scope"
    return assign_line('"$principal"', grant.role, grant.scope)


def _pools(cluster: Cluster) -> list[str]:
    pools = cluster.body.at("properties", "agentPoolProfiles").each()
    return [name for pool in pools if (name := pool.text("name"))]
