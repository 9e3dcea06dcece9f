"""A doctor's look at events: whether Azure tells the app of clusters that change."""

from collections.abc import Iterator

from grantkeeper.checkup import Check, judged
from grantkeeper.event_topics import EventSubscription, EventTopics, Filter
from shared.dead_letters import CONTAINER

TYPES = tuple(
    f"Microsoft.Resources.Resource{end}"
    for end in ("WriteSuccess", "WriteFailure", "WriteCancel", "DeleteSuccess")
)
OPERATIONS = (
    "Microsoft.ContainerService/managedClusters/write",
    "Microsoft.ContainerService/managedClusters/delete",
    "Microsoft.ContainerService/managedClusters/agentPools/write",
    "Microsoft.ContainerService/managedClusters/agentPools/delete",
    "Microsoft.Authorization/roleAssignments/delete",
)
FUNCTION = "cluster_changed"
_OPERATION = "data.operationname"
_OWN_WRITES = "Microsoft.Authorization/roleAssignments/write"
_DEPLOY = "deploy infra/events.bicep (azd provision events); docs/operations.md, Events"


def checks(azure: EventTopics, managed: tuple[str, ...]) -> Iterator[Check]:
    """An event subscription of each managed subscription. Without one, or where it is not whole,
    changes are found by the timer: late, but found. Raises `Failure` and `InvalidId`."""
    faults = [f"{each}: {fault}" for each in managed for fault in _faults(azure, each)]
    yield judged("events", faults, _DEPLOY, f"come from {len(managed)} subscriptions", "warn")


def faults_of(found: EventSubscription) -> Iterator[str]:
    """What is wrong with an event subscription."""
    state = found.properties.provisioning_state
    if state != "Succeeded":
        yield f"the event subscription {found.name} is {state or 'not provisioned'}"
    if missing := _not_let_through(found.properties.filter):
        yield f"{found.name} does not let through {', '.join(missing)}"
    if _lets_through(found.properties.filter, _OWN_WRITES):
        yield f"{found.name} lets through {_OWN_WRITES}: the app is told of its own writes"
    if found.container != CONTAINER:
        yield f"{found.name} does not keep what it gives up in the container {CONTAINER}"


def _faults(azure: EventTopics, subscription: str) -> list[str]:
    """Of the best that there is: one whole event subscription is enough."""
    source = f"/subscriptions/{subscription}"
    topics = [
        each for each in azure.topics(subscription) if each.properties.source.lower() == source
    ]
    if not topics:
        return ["there is no system topic of the subscription"]
    ours = [
        each
        for topic in topics
        for each in azure.subscriptions(topic)
        if FUNCTION in each.leads_to.lower()
    ]
    if not ours:
        return [f"no event subscription leads to the function {FUNCTION}"]
    return min((list(faults_of(each)) for each in ours), key=len)


def _not_let_through(filters: Filter) -> list[str]:
    types = {each.lower() for each in filters.included_event_types or TYPES}
    missing = [each for each in TYPES if each.lower() not in types]
    if filters.subject_begins_with:
        missing.append(f"what is not below {filters.subject_begins_with}")
    return missing + [each for each in OPERATIONS if not _lets_through(filters, each)]


def _lets_through(filters: Filter, operation: str) -> bool:
    """By the tests of the operation's name; other tests are not judged."""
    tests = [each for each in filters.advanced_filters or () if each.key.lower() == _OPERATION]
    return all(
        each.operator_type.lower() != "stringin"
        or operation.lower() in {value.lower() for value in each.values}
        for each in tests
    )
