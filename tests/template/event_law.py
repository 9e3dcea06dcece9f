"""The events that docs/operations.md names come to the app, and none is lost unseen."""

import re
from collections.abc import Iterator

from shared import dead_letters, queues
from tests.template.deployed import Resource, at
from tests.template.rights_law import ASSIGNMENTS, role_of
from tests.template.storage_law import STORAGE
from tests.template.variants import ROOT, Variant

TOPICS = "Microsoft.EventGrid/systemTopics"
EVENTS = f"{TOPICS}/eventSubscriptions"
_SENDER = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"  # Storage Queue Data Message Sender
_WEEK = 7 * 24 * 3600  # seconds


def events(variant: Variant) -> Iterator[str]:
    """Each managed subscription, or each of the groups, has an event subscription, with filter,
    retries, dead letters."""
    page = (
        (ROOT / "docs/operations.md").read_text().partition("## Events\n")[2].partition("\n## ")[0]
    )
    operations = set(re.findall(r"^ {4}(Microsoft\S+)$", page, re.MULTILINE))
    kinds = {
        f"Microsoft.Resources.Resource{each}"
        for each in re.findall(r"(?:Resource|…)((?:Write|Delete)\w+)`", page)
    }
    found = variant.of(EVENTS)
    if len(found) != len(variant.sources):
        yield "not each managed subscription has its event subscription"
    for each in found:
        properties = each.properties
        rules = at(properties, "filter.advancedFilters") or [{}]
        if set(at(properties, "filter.includedEventTypes") or ()) != kinds:
            yield f"{each.origin}: the event types are not those of docs/operations.md"
        if len(rules) != 1 or rules[0].get("operatorType") != "StringIn":
            yield f"{each.origin}: not one filter of operations"
        elif rules[0]["key"] != "data.operationName" or set(rules[0]["values"]) != operations:
            yield f"{each.origin}: the operations are not those of docs/operations.md"
        if not at(properties, "retryPolicy.maxDeliveryAttempts"):
            yield f"{each.origin}: there is no retry policy"
        ways = {"function": _to_function, "queue": _to_queue}
        yield from ways[variant.delivery](each, variant)
        yield from _dead_letters(each, variant)


def topics(variant: Variant) -> Iterator[str]:
    """A system topic has events of the subscription that it lies in, and there is one for each of
    what is to be heard of."""
    found = variant.of(TOPICS)
    for topic in found:
        source, own = topic.properties["source"], "/".join(topic.scope.split("/")[:3])
        if f"{source}/".partition("/resourceGroups/")[0].rstrip("/") != own:
            yield f"{topic.origin}: its source is not its own subscription"
        kind = "ResourceGroups" if "/resourceGroups/" in source else "Subscriptions"
        if topic.properties["topicType"] != f"Microsoft.Resources.{kind}":
            yield f"{topic.origin}: its source is of another type"
    if not {topic.properties["source"] for topic in found} <= variant.sources:
        yield "a topic is of what nobody asked for"


def _to_function(events: Resource, variant: Variant) -> Iterator[str]:
    resource = at(events.properties, "destination.properties.resourceId")
    function = str(resource).rpartition("/")[2]
    if f"def {function}(event:" not in (ROOT / "function_app.py").read_text():
        yield f"{events.origin}: there is no function {function} for events"
    if events.properties.get("deliveryWithResourceIdentity"):
        yield f"{events.origin}: it leads to two places"
    if [each for each in variant.of(ASSIGNMENTS) if role_of(each) == _SENDER]:
        yield f"{events.origin}: somebody may send to a queue that has no use"


def _to_queue(events: Resource, variant: Variant) -> Iterator[str]:
    if events.properties.get("destination"):
        yield f"{events.origin}: it leads to two places"
    way = events.properties.get("deliveryWithResourceIdentity")
    to = at(way, "destination.properties")
    queue = f"{at(to, 'resourceId')}/queueServices/default/queues/{at(to, 'queueName')}"
    there = {each.id: each.body["name"] for each in variant.of(f"{STORAGE}/queueServices/queues")}
    if there.get(queue) != queues.EVENTS:
        yield f"{events.origin}: it does not lead to the queue {queues.EVENTS}"
    if at(to, "queueMessageTimeToLiveInSeconds") != _WEEK:
        yield f"{events.origin}: its messages do not wait for a week"
    # A storage account that is closed lets in no user-assigned one (event-grid/
    # handler-storage-queues).
    if at(way, "identity.type") != "SystemAssigned":
        yield f"{events.origin}: it does not send by the topic's own identity"
    if not _may(events, queue, variant, _SENDER):
        yield f"{events.origin}: its topic may not send to the queue"


def _dead_letters(events: Resource, variant: Variant) -> Iterator[str]:
    letter = at(
        events.properties, "deadLetterWithResourceIdentity.deadLetterDestination.properties"
    )
    name = at(letter, "blobContainerName")
    container = f"{at(letter, 'resourceId')}/blobServices/default/containers/{name}"
    there = {each.id for each in variant.of(f"{STORAGE}/blobServices/containers")}
    if container not in there or name != dead_letters.CONTAINER:
        yield f"{events.origin}: dead letters go nowhere"
    if not _may(events, container, variant):
        yield f"{events.origin}: its topic may not write dead letters"


def _may(events: Resource, scope: str, variant: Variant, role: str = "") -> bool:
    """Whether the topic has a role exactly there: this one, or any."""
    topic = events.id.rpartition("/eventSubscriptions/")[0]
    return any(
        each.scope == scope
        and each.properties["principalId"] == f"{topic}:identity.principalId"
        and role in ("", role_of(each))
        for each in variant.of(ASSIGNMENTS)
    )
