"""A doctor's look at events: whether Azure tells the app of clusters that change."""

import re
from collections.abc import Iterator

from grantkeeper.checkup import Check, judged
from grantkeeper.event_topics import EventSubscription, EventTopics, Filter, Topic
from shared.dead_letters import CONTAINER
from shared.queues import EVENTS

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
_DEPLOY = "deploy infra/events.bicep (azd provision events --no-state); docs/operations.md, Events"


def checks(azure: EventTopics, managed: tuple[str, ...], account: str) -> Iterator[Check]:
    """An event subscription of each managed subscription, or of groups in it. Without one, or where
    it is not whole, changes are found by the timer: late, but found. `account` is the name of the
    work account, empty where it is not known. Raises `Failure` and `InvalidId`."""
    faults = [
        f"{each}: {fault}"
        for each in managed
        for fault in _faults_of_subscription(azure, each, account)
    ]
    yield judged("events", faults, _DEPLOY, f"come from {len(managed)} subscriptions", "warn")


def _faults_of_subscription(azure: EventTopics, subscription: str, account: str) -> list[str]:
    source = f"/subscriptions/{subscription}"
    topics = dict[str, list[Topic]]()
    for topic in azure.topics(subscription):
        topics.setdefault(topic.properties.source.lower(), []).append(topic)
    if whole := topics.get(source):
        return _faults_of_topics(azure, whole, account)
    group = re.compile(rf"{source}/resourcegroups/([^/]+)")
    groups = {found[1]: its for each, its in topics.items() if (found := group.fullmatch(each))}
    if not groups:
        return ["there is no system topic of the subscription, nor of a group in it"]
    return [
        f"{name}: {fault}"
        for name, its in groups.items()
        for fault in _faults_of_topics(azure, its, account)
    ]


def _faults_of_topics(azure: EventTopics, topics: list[Topic], account: str) -> list[str]:
    """Of the best that there is: one whole event subscription is enough."""
    found = [each for topic in topics for each in azure.subscriptions(topic)]
    ours = [each for each in found if _leads_to_the_app(each)]
    if not ours:
        nowhere = f"no event subscription leads to the function {FUNCTION} or the queue {EVENTS}"
        queues = (f"{each.name} leads to the queue {each.queue}" for each in found if each.queue)
        return [nowhere, *queues]
    return min((list(_faults_of_one(each, account)) for each in ours), key=len)


def _faults_of_one(found: EventSubscription, account: str) -> Iterator[str]:
    """What is wrong with an event subscription that leads to the function or the queue."""
    its_account = found.leads_to.rpartition("/")[2]
    if found.queue and account and its_account.lower() != account.lower():
        yield f"{found.name} leads to the account {its_account}; the app reads {account}"
    state = found.properties.provisioning_state
    if state != "Succeeded":
        yield f"the event subscription {found.name} is {state or 'not provisioned'}"
    if missing := _not_let_through(found.properties.filter):
        yield f"{found.name} does not let through {', '.join(missing)}"
    if _lets_through(found.properties.filter, _OWN_WRITES):
        yield f"{found.name} lets through {_OWN_WRITES}: the app is told of its own writes"
    if found.container != CONTAINER:
        yield f"{found.name} does not keep what it gives up in the container {CONTAINER}"


def _leads_to_the_app(found: EventSubscription) -> bool:
    return found.queue == EVENTS or (not found.queue and FUNCTION in found.leads_to.lower())


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
