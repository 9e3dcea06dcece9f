"""Records of clusters, as turns would have left them."""

from datetime import UTC, datetime, timedelta

from shared.model import ClusterRequest, Condition, Grant, Progress, Record, Status
from shared.roles import ACR_PULL, NETWORK_CONTRIBUTOR

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
NOW = datetime.now(UTC).replace(microsecond=0)
SUBNET = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/net-a/providers/Microsoft.Network"
    "/virtualNetworks/vnet/subnets/nodes"
)
REGISTRY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared-a/providers"
    "/Microsoft.ContainerRegistry/registries/images"
)


def cluster_id(name: str, group: str = "team") -> str:
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers"
        f"/Microsoft.ContainerService/managedClusters/{name}"
    )


def effective() -> Progress:
    """A grant that works, as a probe has shown."""
    return Progress(
        Grant("controlPlane", "principal-1", NETWORK_CONTRIBUTOR, SUBNET, "node subnet"),
        assignment_id=f"{SUBNET}/providers/Microsoft.Authorization/roleAssignments/1",
        made_by_us=True,
        written_at=NOW - timedelta(minutes=9),
        readable_at=NOW - timedelta(minutes=8),
        effective_at=NOW - timedelta(minutes=5),
        deadline=NOW + timedelta(minutes=51),
        evidence="Probe",
        reason="Probe",
    )


def pending() -> Progress:
    """A grant whose identity is not there yet."""
    return Progress(
        Grant("kubelet", "", ACR_PULL, REGISTRY, "images"),
        reason="AwaitingIdentity",
        message="the identity is not there yet",
    )


def ready(name: str, group: str = "team") -> Record:
    """A cluster that was requested and is Ready."""
    return Record(
        cluster_id(name, group),
        request=ClusterRequest("r-1", cluster_id(name, group), "default", "westus2", "digest"),
        grants=(effective(),),
        conditions=_conditions("True", "Succeeded", "True", "Probe"),
        settled=True,
    )


def creating(name: str) -> Record:
    """A cluster that is being made; the next look is soon."""
    return Record(
        cluster_id(name),
        grants=(effective(), pending()),
        conditions=_conditions("Unknown", "Creating", "False", "Creating"),
        pending=(NOW + timedelta(seconds=60),),
    )


def failed(name: str) -> Record:
    """A cluster that failed, and at which nobody will look before long."""
    return Record(
        cluster_id(name),
        conditions=_conditions("False", "ProvisioningFailed", "False", "ProvisioningFailed"),
        settled=True,
    )


def deleted(name: str) -> Record:
    """A cluster that is gone."""
    return Record(
        cluster_id(name),
        conditions=_conditions("False", "Deleted", "False", "Deleted"),
        settled=True,
    )


def needs_administrator(name: str) -> Record:
    """A cluster whose grants the app may not write."""
    return Record(
        cluster_id(name),
        conditions=_conditions("True", "Succeeded", "False", "NeedsAdministrator"),
        pending=(NOW + timedelta(hours=1),),
    )


def _conditions(
    provisioned: Status, state: str, is_ready: Status, reason: str
) -> tuple[Condition, ...]:
    return (
        Condition("ClusterProvisioned", provisioned, state, "", NOW),
        Condition("Ready", is_ready, reason, "", NOW),
    )
