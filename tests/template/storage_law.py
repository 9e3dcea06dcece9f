"""The storage accounts: who reaches them, what is in them by which name, and for how long."""

import re
from collections.abc import Iterator

from shared import dead_letters
from tests.template.deployed import at
from tests.template.variants import ROOT, Variant

STORAGE = "Microsoft.Storage/storageAccounts"


def network(variant: Variant) -> Iterator[str]:
    """The accounts can be closed to the internet."""
    wanted = variant.parameters.get("storageNetworkAccess", "Enabled")
    for each in variant.of(STORAGE):
        rules = at(each.properties, "networkAcls.defaultAction")
        if each.properties.get("publicNetworkAccess") != wanted:
            yield f"{each.origin}: publicNetworkAccess is not {wanted}"
        if (rules == "Deny") != (wanted == "Disabled"):
            yield f"{each.origin}: networkAcls do not go with publicNetworkAccess"


def names(variant: Variant) -> Iterator[str]:
    """Queues and containers are those that the code works with, in the account of the work."""
    doors = (ROOT / "function_app.py").read_text()
    queues = variant.of(f"{STORAGE}/queueServices/queues")
    if {each.body["name"] for each in queues} != set(re.findall(r'queue_name="([^"]+)"', doors)):
        yield "the queues are not those of function_app.py"
    containers = variant.of(f"{STORAGE}/blobServices/containers")
    if dead_letters.CONTAINER not in {each.body["name"] for each in containers}:
        yield "there is no container for dead letters"
    if [each.id for each in queues if "/storageAccounts/stwork" not in each.id]:
        yield "queues are not in the account of the work"


def lifecycle(variant: Variant) -> Iterator[str]:
    """Dead letters, which have claims, are forgotten after 30 days."""
    for each in variant.of(f"{STORAGE}/managementPolicies"):
        for rule in at(each.properties, "policy.rules"):
            days = at(rule, "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan")
            names = at(rule, "definition.filters.prefixMatch")
            if rule["enabled"] and days == 30 and names == [f"{dead_letters.CONTAINER}/"]:
                return
    yield "dead letters are not forgotten after 30 days"
